"""bench-scim-world.py USERS GROUPS URL TOKEN

Writes a world for Bellhop into the working folder (bellhop.yaml with SCIM_URL and BULK in it, people.csv,
mappings) and prints a configuration for curl that creates the same users and groups at URL;
another, `pages`, reads them.
"""

import json
import os
import sys

users, groups = int(sys.argv[1]), int(sys.argv[2])
url, token = sys.argv[3:5]

os.makedirs("mappings", exist_ok=True)
with open("people.csv", "w", encoding="utf-8") as out:
    print(
        "assignmentId,accessPackage,accessPackageId,catalog,state,startDateTime,endDateTime,"
        "objectId,displayName,email,principalName,connectedOrganization,expirationType",
        file=out,
    )
    for number in range(users):
        package = number % groups
        print(
            f"a{number},Package {package},p{package},c,delivered,2026-01-01T00:00:00Z,,"
            f"s{number},Guest {number},guest{number}@example.org,guest{number},,noExpiration",
            file=out,
        )
with open("mappings/wiki.yaml", "w", encoding="utf-8") as out:
    print("version: 1\npackages:", file=out)
    for package in range(groups):
        print(
            f"  - accessPackage: Package {package}\n    entitlements:\n"
            f"      - {{ target: wiki, group: Group {package} }}",
            file=out,
        )
    print(
        "accounts:\n  - target: wiki\n    attributes:\n      userName: '[email]'\n"
        "      displayName: '[displayName]'\n      emails.work: '[email]'",
        file=out,
    )
with open("bellhop.yaml", "w", encoding="utf-8") as out:
    print(
        "version: 1\nstate: state\nmappings: mappings\nsources:\n"
        "  people: { kind: file, path: people.csv }\ntargets:\n  wiki:\n    kind: scim\n"
        "    url: SCIM_URL\n    auth: { bearer: { env: token } }\n    createGroups: true\n    dialect: { bulk: BULK }",
        file=out,
    )


def request(path, body=None):
    lines = [f'url = "{url}{path}"', f'header = "Authorization: Bearer {token}"', 'output = "/dev/null"']
    if body is not None:
        text = json.dumps(body, separators=(",", ":")).replace("\\", "\\\\").replace('"', '\\"')
        lines += ['header = "Content-Type: application/scim+json"', f'data = "{text}"']
    return "\n".join(lines)


core = "urn:ietf:params:scim:schemas:core:2.0"
requests = [
    request(
        "/Users",
        {
            "schemas": [f"{core}:User"],
            "externalId": f"s{number}",
            "userName": f"guest{number}@example.org",
            "displayName": f"Guest {number}",
            "emails": [{"type": "work", "value": f"guest{number}@example.org", "primary": True}],
            "active": True,
        },
    )
    for number in range(users)
] + [
    request(
        "/Groups", {"schemas": [f"{core}:Group"], "displayName": f"Group {number}", "members": []}
    )
    for number in range(groups)
]
print("\nnext\n".join(requests))
with open("pages", "w", encoding="utf-8") as out:
    pages = [f"/Users?startIndex={start}&count=100" for start in range(1, users + 1, 100)]
    pages += [f"/Groups?startIndex={start}&count=100" for start in range(1, groups + 1, 100)]
    print("\nnext\n".join(request(page) for page in pages), file=out)
