"""check-scim-bodies.py FILE: what a SCIM client sent, one JSON object a line, read by scim2-models.

Each line has method, path and body. Prints what the models refuse and ends with 1; else prints how
many of each kind they took.
"""

import collections
import json
import sys

from scim2_models import BulkRequest, Context, EnterpriseUser, Group, PatchOp, User

FullUser = User[EnterpriseUser]
CONTEXTS = {
    "POST": Context.RESOURCE_CREATION_REQUEST,
    "PUT": Context.RESOURCE_REPLACEMENT_REQUEST,
    "PATCH": Context.RESOURCE_PATCH_REQUEST,
}


def read(method, path, body):
    kind = {"Users": FullUser, "Groups": Group}[path.strip("/").split("/")[0]]
    model = PatchOp[kind] if method == "PATCH" else kind
    model.model_validate(body, scim_ctx=CONTEXTS[method])


def main(file):
    counts = collections.Counter()
    faults = []
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            sent = json.loads(line)
            method, path, body = sent["method"], sent["path"].removeprefix("/v2"), sent["body"]
            counts[f"{method} {path.strip('/').split('/')[0]}"] += 1
            try:
                if path == "/Bulk":
                    BulkRequest[FullUser | Group].model_validate(body)
                    for each in body["Operations"]:
                        read(each["method"], each["path"], each["data"])
                else:
                    read(method, path, body)
            except ValueError as error:
                faults.append(f"{method} {path}: {error}\n{json.dumps(body)}")
    print("\n".join(faults) or dict(sorted(counts.items())))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1])
