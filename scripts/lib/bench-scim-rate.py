"""bench-scim-rate.py FILE USERS GROUPS: requests in a second, and what one costs the client."""

import sys

users, groups = int(sys.argv[2]), int(sys.argv[3])
with open(sys.argv[1], encoding="utf-8") as lines:
    figures = {line.split("\t")[0]: [float(x) for x in line.split("\t")[1:]] for line in lines}


def parts(count, size):
    return -(-count // size)


pages = parts(users, 100) + parts(groups, 100)
# Discovery, the empty lists, and a reading, a PATCH and a reading of each group for every hundred of
# its members.
rest = 5 + 2 * groups + groups * parts(users // groups, 100)
counts = {
    "curl, creating the same": users + groups,
    "curl, reading the pages": pages,
    "bellhop apply, one by one": users + groups + rest,
    # Besides, one user is looked at in each request.
    "bellhop apply, in bulk": 2 * parts(users, 50) + parts(groups, 50) + rest,
    "bellhop plan, nothing to change": pages,
}
print(f"{'':44} {'requests':>9} {'per s':>8} {'CPU µs each':>12} {'users per s':>12}")
for name, count in counts.items():
    wall, cpu = figures[name][:2]
    print(
        f"{name:44} {count:9d} {count / wall:8.0f} {cpu / count * 1e6:12.0f} {users / wall:12.0f}"
    )
