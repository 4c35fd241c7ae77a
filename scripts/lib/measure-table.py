"""measure-table.py FILE BASE

Prints the measurements of measure.py as a table, with the wall time of each as a multiple of that
of BASE. Of several measurements of one name it takes the median.
"""

import statistics
import sys

file, base = sys.argv[1:]
measured = {}
with open(file, encoding="utf-8") as lines:
    for line in lines:
        name, *figures = line.rstrip("\n").split("\t")
        measured.setdefault(name, []).append([float(figure) for figure in figures])
table = {
    name: [statistics.median(column) for column in zip(*runs)] for name, runs in measured.items()
}
unit = table[base][0]
print(f"{'':44} {'wall s':>9} {'ratio':>7} {'CPU s':>8} {'peak MiB':>9}  runs")
for name, (wall, cpu, peak) in table.items():
    ratio = wall / unit
    print(f"{name:44} {wall:9.2f} {ratio:6.1f}x {cpu:8.2f} {peak:9.0f}  {len(measured[name]):4}")
