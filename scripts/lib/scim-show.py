"""scim-show.py URL

Prints the users and groups of a SCIM service provider, one line for each. The bearer token comes
from $WIKI_SCIM_TOKEN.
"""

import json
import os
import sys
import urllib.request


def resources(kind):
    request = urllib.request.Request(
        f"{sys.argv[1]}/{kind}",
        headers={"Authorization": f"Bearer {os.environ['WIKI_SCIM_TOKEN']}"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as response:
        answer = json.load(response)
    found = answer.get("Resources", [])
    if answer["totalResults"] != len(found):
        sys.exit(f"{kind}: {len(found)} of {answer['totalResults']} in one answer")
    return found


users = {user["id"]: user for user in resources("Users")}
for user in sorted(users.values(), key=lambda user: user["userName"]):
    state = "active" if user.get("active") else "inactive"
    print(f"user   {user['userName']:38} {state:9} externalId {user.get('externalId')}")
for group in sorted(resources("Groups"), key=lambda group: group["displayName"]):
    print(f"group  {group['displayName']}")
    members = [users[member["value"]]["userName"] for member in group.get("members") or []]
    for name in sorted(members):
        print(f"         {name}")
