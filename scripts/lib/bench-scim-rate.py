"""bench-scim-rate.py FIGURES REQUESTS USERS: requests in a second, and what one costs the client."""

import sys

users = int(sys.argv[3])
with open(sys.argv[1], encoding="utf-8") as lines:
    figures = {line.split("\t")[0]: [float(x) for x in line.split("\t")[1:]] for line in lines}
with open(sys.argv[2], encoding="utf-8") as lines:
    counts = {name: int(count) for name, count in (line.split("\t") for line in lines)}

print(f"{'':44} {'requests':>9} {'per s':>8} {'CPU µs each':>12} {'users per s':>12}")
for name, count in counts.items():
    wall, cpu = figures[name][:2]
    print(
        f"{name:44} {count:9d} {count / wall:8.0f} {cpu / count * 1e6:12.0f} {users / wall:12.0f}"
    )
