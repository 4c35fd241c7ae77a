"""ldap-world.py ACCOUNTS GROUPS MEMBERS SUFFIX

Prints the directory of `scripts/bench ldap` as LDIF: accounts u0000000 and so on in ou=guests; in
ou=shared groups g-00000 and so on with MEMBERS each, in ou=spread as many with nobody but the
placeholder; in ou=large one group with every account and an empty one.
"""

import sys

accounts, groups, members = (int(word) for word in sys.argv[1:4])
suffix = sys.argv[4]
write = sys.stdout.write
write(f"dn: {suffix}\nobjectClass: dcObject\nobjectClass: organization\no: Example\n\n")
for unit in ["guests", "groups", "services", "shared", "spread", "large"]:
    write(f"dn: ou={unit},{suffix}\nobjectClass: organizationalUnit\n\n")
write(f"dn: cn=nobody,{suffix}\nobjectClass: organizationalRole\n\n")
for number in range(accounts):
    uid = f"u{number:07}"
    write(f"dn: uid={uid},ou=guests,{suffix}\nobjectClass: inetOrgPerson\nuid: {uid}\n"
          f"employeeNumber: {number:08}-0000-4000-8000-000000000000\ncn: Guest {number}\n"
          f"sn: Number {number}\nmail: {uid}@example.org\nemployeeType: guest\n\n")


def group(name, unit, numbers):
    write(f"dn: cn={name},ou={unit},{suffix}\nobjectClass: groupOfNames\n"
          f"member: cn=nobody,{suffix}\n")
    for number in numbers:
        write(f"member: uid=u{number:07},ou=guests,{suffix}\n")
    write("\n")


for number in range(groups):
    group(f"g-{number:05}", "shared",
          sorted({(number * 97 + place * 13) % accounts for place in range(members)}))
    group(f"g-{number:05}", "spread", [])
group("large", "large", range(accounts))
group("empty", "large", [])
