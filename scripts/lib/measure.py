"""measure.py FILE CODE NAME COMMAND…

Runs COMMAND, which must end with exit code CODE, and appends to FILE one line: NAME, seconds of
wall time, seconds of processor time, MiB of memory at the peak, separated by tabs.
"""

import os
import sys
import time

file, expected, name, *command = sys.argv[1:]
start = time.monotonic()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.monotonic() - start
code = os.waitstatus_to_exitcode(status)
if code != int(expected):
    sys.exit(f"{command[0]} ended with exit code {code} where {expected} is due: {name}")
with open(file, "a", encoding="utf-8") as out:
    out.write(f"{name}\t{wall}\t{usage.ru_utime + usage.ru_stime}\t{usage.ru_maxrss / 1024}\n")
