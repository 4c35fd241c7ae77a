"""A directory, a SCIM service and an installation of Bellhop that can be put back to one moment."""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request

SUFFIX = "dc=example,dc=org"
# Long enough for a disturbed run and those after it, also where every request is tried again and
# again; short enough to wait for once.
DELETE_AFTER = 45
RESERVE = 16 << 20
SERVICE = f"cn=bellhop,ou=services,{SUFFIX}"
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """What did not hold, for people."""


def free_port():
    """Below those that Linux gives to connections by itself: the server is stopped and started."""
    while True:
        port = random.randrange(10240, 32768)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def copy_sparse(file, copy):
    """A database is a GiB of holes; a copy without them takes longer than a run of bellhop."""
    subprocess.run(["cp", "--sparse=always", file, copy], check=True)


class World:
    def __init__(self, folder, bellhop, venv):
        self.folder, self.bellhop = pathlib.Path(folder), bellhop
        self.state = self.folder / "state"
        self.ldap_port, self.scim_port = free_port(), free_port()
        self.slapd = None
        self.environment = {
            "PATH": "/usr/bin:/bin", "NO_COLOR": "1", "WIKI_TOKEN": "crash-token",
            "BELLHOP_CONFIG": str(self.folder / "bellhop.yaml")}
        self.scim = subprocess.Popen(
            [f"{venv}/bin/python", str(pathlib.Path(__file__).with_name("scim_world.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=open(self.folder / "scim.log", "w"),
            env={**os.environ, "SCIM_TOKEN": "crash-token"})
        if self.scim.stdout.readline() != "ready\n":
            raise Failure(f"the SCIM service does not start; see {self.folder}/scim.log")

    def close(self):
        self.stop_slapd()
        self.scim.stdin.close()
        self.scim.wait(10)

    # -- the servers

    def scim_command(self, line):
        self.scim.stdin.write(line + "\n")
        self.scim.stdin.flush()
        if self.scim.stdout.readline() != "ok\n":
            raise Failure(f"the SCIM service does not '{line}'")

    def make_directory(self):
        script = (f'. "{REPOSITORY}/scripts/lib/base.sh"; . "$library/processes.sh"; '
                  f'. "$library/slapd.sh"; make_directory "$1/ldap" "$1/corp.secret" '
                  f'"{REPOSITORY}/fixtures/ldif/base.ldif" "$1/groups.ldif"')
        subprocess.run(["bash", "-c", script, "world", str(self.folder)], check=True)
        # The disk's speed is not what is measured here, and slapd is never killed.
        config = self.folder / "ldap/config/cn=config/olcDatabase={1}mdb.ldif"
        text = config.read_text().replace(
            "olcDbDirectory:", "olcDbEnvFlags: nosync\nolcDbEnvFlags: nometasync\nolcDbDirectory:")
        config.write_text("\n".join(
            line.replace("1073741824", "16777216") for line in text.split("\n")))

    def start_slapd(self):
        self.slapd = subprocess.Popen(
            ["/usr/sbin/slapd", "-F", str(self.folder / "ldap/config"), "-d", "0",
             "-h", f"ldap://127.0.0.1:{self.ldap_port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "slapd.log", "w"))
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ldap_port)) == 0:
                    return
            time.sleep(0.01)
        raise Failure(f"slapd does not start; see {self.folder}/slapd.log")

    def stop_slapd(self):
        if self.slapd:
            self.slapd.send_signal(signal.SIGTERM)
            self.slapd.wait(30)
            self.slapd = None

    # -- the installation

    def configure(self):
        (self.folder / "corp.secret").write_text("secret-of-the-service")
        (self.folder / "corp.secret").chmod(0o600)
        (self.folder / "mappings").mkdir()
        (self.folder / "groups.ldif").write_text("\n".join(
            f"dn: cn={group},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\n"
            f"member: cn=nobody,{SUFFIX}\n" + "".join(
                f"member: {dn}\n" for dn in members)
            for group, members in {
                "lab": [f"cn=robot,{SUFFIX}"], "archive": [], "gate": [f"cn=robot,{SUFFIX}"],
                "studio": []}.items()))
        (self.folder / "bellhop.yaml").write_text(f"""version: 1
state: {self.state}
mappings: mappings
sources:
  desk: {{ kind: file, path: desk.json }}
targets:
  corp:
    kind: ldap
    url: "ldap://127.0.0.1:{self.ldap_port}"
    bind: {{ dn: "{SERVICE}", password: {{ file: {self.folder}/corp.secret }} }}
    accounts: {{ base: "ou=guests,{SUFFIX}", objectClasses: [inetOrgPerson], rdn: uid, anchor: employeeNumber }}
    groups: {{ base: "ou=groups,{SUFFIX}", objectClass: groupOfNames, emptyGroup: {{ placeholder: "cn=nobody,{SUFFIX}" }} }}
  wiki:
    kind: scim
    url: "http://127.0.0.1:{self.scim_port}/v2"
    auth: {{ bearer: {{ env: WIKI_TOKEN }} }}
    createGroups: true
""")

    def map(self, archive_in_directory):
        def package(name, group, wiki):
            lines = [f"  - accessPackage: {name}", "    entitlements:"]
            if group:
                lines.append(f'      - {{ target: corp, group: "cn={group},ou=groups,{SUFFIX}" }}')
            if wiki:
                lines.append(f"      - {{ target: wiki, group: {name} }}")
            return "\n".join(lines)
        packages = "\n".join([
            package("Lab", "lab", True),
            package("Archive", "archive" if archive_in_directory else None, True),
            package("Gate", "gate", False), package("Studio", "studio", True)])
        (self.folder / "mappings/guests.yaml").write_text(f"""version: 1
packages:
{packages}
accounts:
  - target: corp
    attributes:
      uid: '[login]'
      cn: '[displayName]'
      sn: '[displayName]'
      mail: '[email]'
      employeeType: {{ constant: guest }}
    onLastAssignmentEnded: {{ disable: {{ set: {{ employeeType: gone }} }}, deleteAfter: PT{DELETE_AFTER}S }}
  - target: wiki
    attributes: {{ userName: '[email]', displayName: '[displayName]' }}
    onLastAssignmentEnded: {{ disable: true, deleteAfter: PT{DELETE_AFTER}S }}
""")

    def write(self, records):
        """records: (login, package, end or None, state, name)"""
        def record(login, package, end=None, state="delivered", name=None):
            expiration = ({"type": "afterDateTime", "endDateTime": instant(end)} if end
                          else {"type": "noExpiration", "endDateTime": None})
            return {
                "id": f"{login}-{package.lower()}", "state": state,
                "schedule": {"startDateTime": "2026-01-05T08:00:00Z", "expiration": expiration},
                "target": {"objectId": f"guest-{login}", "displayName": name or login.title(),
                           "email": f"{login}@guests.example", "login": login},
                "accessPackage": {"displayName": package}}
        draft = self.folder / "desk.json.new"
        draft.write_text(json.dumps({"value": [record(*row) for row in records]}))
        draft.rename(self.folder / "desk.json")

    def run(self, *arguments, shim=None, timeout=60):
        return subprocess.run(
            [self.bellhop, *arguments], cwd=self.folder, env={**self.environment, **(shim or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=timeout)

    def must(self, *arguments, exits=0):
        answer = self.run(*arguments)
        if answer.returncode != exits:
            raise Failure(f"bellhop {' '.join(arguments)} exits {answer.returncode}, not {exits}:\n"
                          f"{answer.stdout}{answer.stderr}")
        return answer

    # -- the story

    def prepare(self):
        """Brings the world to the moment before the run that is disturbed."""
        self.configure()
        self.make_directory()
        self.start_slapd()
        self.scim_command(f"serve {self.scim_port}")
        robot = self.scim_request("POST", "Users", {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "robot"})
        end = int(time.time()) + DELETE_AFTER - 5
        self.map(archive_in_directory=True)
        before = [
            ("amy", "Lab", end), ("amy", "Gate", end), ("bea", "Lab"), ("bea", "Archive"),
            ("cal", "Gate"), ("cal", "Lab"), ("dee", "Lab"), ("eli", "Archive"), ("fay", "Lab"),
            ("kim", "Gate")]
        self.write(before)
        self.must("apply")
        lab = next(group for group in self.scim_list("Groups") if group["displayName"] == "Lab")
        self.scim_request("PATCH", f"Groups/{lab['id']}", {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "members", "value": [{"value": robot["id"]}]}]})
        # Dee is over and disabled, so that the disturbed run deletes her accounts.
        self.write([row if row[0] != "dee" else ("dee", "Lab", None, "expired") for row in before])
        self.must("apply")
        if time.time() > end:
            raise Failure("this machine is too slow: the runs before the disturbed one took too long")
        time.sleep(max(end - time.time(), DELETE_AFTER) + 0.1)
        self.map(archive_in_directory=False)
        self.write([
            ("amy", "Lab", end), ("amy", "Gate", end), ("bea", "Lab", None, "expired"),
            ("bea", "Archive", None, "expired"), ("cal", "Gate", None, "delivered", "Cal Newname"),
            ("cal", "Lab", None, "delivered", "Cal Newname"), ("dee", "Lab", None, "expired"),
            ("eli", "Archive"), ("fay", "Lab", None, "expired"), ("kim", "Gate"), ("gil", "Lab"), ("gil", "Studio"), ("hal", "Lab"),
            ("hal", "Studio"), ("ida", "Studio"), ("joe", "Studio"), ("joe", "Gate")])
        self.scim_command("mark")
        self.stop_slapd()
        shutil.copytree(self.state, self.folder / "marked-state")
        copy_sparse(self.folder / "ldap/db/data.mdb", self.folder / "marked.mdb")

    def again(self):
        """Puts everything back to the marked moment."""
        self.stop_slapd()
        for file in self.state.iterdir():
            file.unlink()
        for file in (self.folder / "marked-state").iterdir():
            if file.name != "reserve":
                shutil.copy(file, self.state)
        if (self.folder / "marked-state/reserve").exists():
            with open(self.state / "reserve", "wb") as reserve:
                os.posix_fallocate(reserve.fileno(), 0, RESERVE)
        for name in ("lock.mdb", "data.mdb"):
            (self.folder / "ldap/db" / name).unlink(missing_ok=True)
        copy_sparse(self.folder / "marked.mdb", self.folder / "ldap/db/data.mdb")
        self.start_slapd()
        self.scim_command(f"again {self.scim_port}")

    # -- what there is in the end, by names alone

    def outcome(self):
        return {"directory": self.directory(), "wiki": self.wiki(), "ledger": self.ledger()}

    def directory(self):
        found = subprocess.run(
            ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-D", SERVICE, "-y",
             str(self.folder / "corp.secret"), "-H", f"ldap://127.0.0.1:{self.ldap_port}",
             "-b", SUFFIX, "(objectClass=*)"],
            stdout=subprocess.PIPE, text=True, check=True, env={"LDAPNOINIT": "1"})
        return {entry.split("\n")[0]: sorted(entry.split("\n")[1:])
                for entry in found.stdout.strip().split("\n\n")}

    def scim_request(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.scim_port}/v2/{path}", method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": "Bearer crash-token",
                     "Content-Type": "application/scim+json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            data = answer.read()
        return json.loads(data) if data else None

    def scim_list(self, kind):
        return self.scim_request("GET", f"{kind}?count=1000")["Resources"]

    def wiki(self):
        users, groups = self.scim_list("Users"), self.scim_list("Groups")
        names = {user["id"]: user["userName"] for user in users}
        return {
            "users": sorted(
                [user["userName"], user.get("externalId"), user.get("displayName"),
                 user.get("active")] for user in users),
            "groups": sorted(
                [group["displayName"],
                 sorted(names.get(member["value"], "?") for member in group.get("members", []))]
                for group in groups)}

    def ledger(self):
        with sqlite3.connect(f"file:{self.state}/ledger.sqlite?mode=ro", uri=True) as db:
            def rows(sql):
                return sorted(map(list, db.execute(sql).fetchall()))
            because = """(SELECT group_concat(assignment) FROM (SELECT assignment
                FROM json_each(because) JOIN reference ON reference.id = value
                ORDER BY assignment))"""
            return {
                "memberships": rows(f"""SELECT target.name, entitlement.name, subject.name, origin,
                    {because} FROM membership JOIN target ON target.id = target
                    JOIN subject ON subject.id = subject
                    JOIN entitlement ON entitlement.id = entitlement"""),
                "accounts": rows(f"""SELECT target.name, subject.name, origin, {because},
                    disabled_at IS NOT NULL, iif(target.name = 'corp', key, '')
                    FROM account JOIN target ON target.id = target
                    JOIN subject ON subject.id = subject"""),
                "groups": rows("""SELECT target.name, entitlement.name, origin FROM seen_group
                    JOIN target ON target.id = target
                    JOIN entitlement ON entitlement.id = entitlement""")}


def check_end(world, expected=None):
    """Runs bellhop until it has nothing to do, and gives the number of runs."""
    for runs in range(1, 4):
        answer = world.run("apply")
        if answer.returncode == 0:
            break
        if answer.returncode not in (4, 69):
            raise Failure(f"run {runs} afterwards exits {answer.returncode}:\n"
                          f"{answer.stdout}{answer.stderr}")
    else:
        raise Failure(f"three runs afterwards do not converge:\n{answer.stdout}{answer.stderr}")
    world.must("plan")
    world.must("verify")
    if expected:
        difference = compare(expected, world.outcome())
        if difference:
            raise Failure("not as after the undisturbed run:\n" + "\n".join(difference))
    return runs


def compare(expected, found, path=""):
    if expected == found:
        return []
    if isinstance(expected, dict) and isinstance(found, dict):
        return [line for key in sorted({*expected, *found})
                for line in compare(expected.get(key), found.get(key), f"{path} {key}")]
    if isinstance(expected, list) and isinstance(found, list):
        return ([f"{path}: missing {item}" for item in expected if item not in found]
                + [f"{path}: surplus {item}" for item in found if item not in expected]
                or [f"{path}: doubled or in another order"])
    return [f"{path}: expected {expected}, found {found}"]
