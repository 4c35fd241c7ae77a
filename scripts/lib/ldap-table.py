"""ldap-table.py FILE

Prints what `scripts/bench ldap` measured: NAME, wall seconds, processor seconds, peak MiB, operations
by line, the names being `C: …`, `C looking: …`, `Bellhop: …` or anything else. Of several lines of one name
it takes the median. The ratios are those of the wall time to C's for the same thing, and to C's where that
reads the members before and after.
"""

import statistics
import sys

measured = {}
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        name, *figures = line.rstrip("\n").split("\t")
        measured.setdefault(name, []).append([float(figure or "nan") for figure in figures])
table = {
    name: [statistics.median(column) for column in zip(*runs)] for name, runs in measured.items()
}
print(f"  {'':48} {'wall s':>8} {'to C':>7} {'looking':>8} {'CPU s':>7} {'peak MiB':>9} {'operations':>11}")
for name, figures in table.items():
    side, _, thing = name.partition(": ")
    ratio, looking = (
        f"{figures[0] / base[0]:.2f}x" if base and side == "Bellhop" else ""
        for base in (table.get(f"C: {thing}"), table.get(f"C looking: {thing}")))
    count = f"{figures[3]:11,.0f}" if len(figures) > 3 else ""
    print(f"  {name:48} {figures[0]:8.3f} {ratio:>7} {looking:>8} {figures[1]:7.3f} {figures[2]:9.0f} {count}")
