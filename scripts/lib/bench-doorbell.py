"""bench-doorbell.py FOLDER URL SERVICE SECRET SUFFIX GROUPS COUNT

Beside the accounts of `scripts/bench ldap`, `bellhop apply` makes 1,000 guests with 20 groups each, of
GROUPS groups that have members of their own. Then `bellhop run`, which by itself would look again in an
hour: COUNT times one of them is taken out of a group by hand. Prints, separated by tabs, the time of the
slowest repair in seconds, from the end of ldapmodify until ldapsearch finds the member again; the
processor time and the peak of memory in MiB of `bellhop run`; and COUNT. The median and the 99th of a
hundred go to standard error.
"""

import csv
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

GUESTS, EACH = 1_000, 20
folder, url, service, secret, suffix, groups, count = sys.argv[1:]
folder, GROUPS = pathlib.Path(folder), int(groups)
BIND = ["-x", "-H", url, "-D", service, "-y", secret]


def groups_of(guest):
    return sorted({(guest * 7 + number * 5) % GROUPS for number in range(EACH)})


def group_dn(group):
    return f"cn=g-{group:05},ou=shared,{suffix}"


def guest_dn(guest):
    return f"uid=guest{guest},ou=guests,{suffix}"


def write_world():
    (folder / "mappings").mkdir(parents=True)
    with (folder / "assignments.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["assignmentId", "accessPackage", "state", "startDateTime", "endDateTime",
                       "objectId", "displayName", "email"])
        for guest in range(GUESTS):
            for group in groups_of(guest):
                rows.writerow([f"{guest}-{group}", f"Package {group}", "delivered",
                               "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z", f"id-{guest}", f"Guest {guest}",
                               f"guest{guest}@example.org"])
    packages = "".join(
        f'  - accessPackage: Package {group}\n    entitlements: [{{ target: corp, group: "{group_dn(group)}" }}]\n'
        for group in range(GROUPS))
    (folder / "mappings/bench.yaml").write_text(f"""version: 1
packages:
{packages}accounts:
  - target: corp
    attributes:
      uid: 'Replace([email], "@example.org", , , "", , )'
      cn: '[displayName]'
      sn: '[displayName]'
      employeeType: {{ constant: guest }}
    onLastAssignmentEnded: {{ disable: {{ set: {{ employeeType: disabled-guest }} }} }}
""")
    (folder / "bellhop.yaml").write_text(f"""version: 1
state: state
mappings: mappings
run: {{ interval: PT1H }}
sources:
  desk: {{ kind: file, path: assignments.csv }}
targets:
  corp:
    kind: ldap
    url: "{url}"
    bind: {{ dn: "{service}", password: {{ file: {json.dumps(secret)} }} }}
    accounts: {{ base: "ou=guests,{suffix}", objectClasses: [inetOrgPerson], rdn: uid, anchor: employeeNumber }}
    groups: {{ base: "ou=shared,{suffix}", objectClass: groupOfNames, emptyGroup: {{ placeholder: "cn=nobody,{suffix}" }} }}
""")


def is_member(guest, group):
    found = subprocess.run(
        ["ldapsearch", "-LLL", *BIND, "-s", "base", "-b", group_dn(group),
         f"(member={guest_dn(guest)})", "1.1"], capture_output=True, check=True)
    return bool(found.stdout.strip())


def repair(guest, group):
    """Seconds until what was taken out by hand is in again."""
    subprocess.run(
        ["ldapmodify", *BIND], check=True, capture_output=True,
        input=f"dn: {group_dn(group)}\nchangetype: modify\ndelete: member\n"
              f"member: {guest_dn(guest)}\n".encode())
    edited = time.monotonic()
    while not is_member(guest, group):
        if time.monotonic() - edited > 120:
            sys.exit(f"guest {guest} was not put back into {group_dn(group)} in 2 minutes")
        time.sleep(0.005)
    return time.monotonic() - edited


def processor_time(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def main():
    write_world()
    subprocess.run(["bellhop", "apply"], cwd=folder, check=True, stdout=sys.stderr)
    log = (folder / "run.log").open("w")
    loop = subprocess.Popen(["bellhop", "run"], cwd=folder, stdout=log, stderr=log)
    try:
        # Its own first round, and what it rings for.
        time.sleep(15)
        start, took = processor_time(loop.pid), []
        for number in range(int(count)):
            guest = number * 37 % GUESTS
            took.append(repair(guest, groups_of(guest)[0]))
            time.sleep(1)
        used, memory = processor_time(loop.pid) - start, peak(loop.pid)
    finally:
        loop.send_signal(signal.SIGTERM)
        loop.wait()
    took.sort()
    print(f"{took[-1]:.4f}\t{used:.4f}\t{memory:.1f}\t{len(took)}")
    print(f"median {statistics.median(took):.3f} s, 99th of a hundred "
          f"{took[int(len(took) * 0.99) - 1]:.3f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
