"""graph-world.py COUNT|FILE: a Graph on loopback that lists COUNT assignments of as many subjects, or those
of FILE as scripts/bench-world makes it, in pages of 1,000, and nothing else, as fast as Python can; every
page is made beforehand. Prints its port."""

import json
import sys
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

records = None
if sys.argv[1].isdigit():
    count = int(sys.argv[1])
else:
    with open(sys.argv[1], encoding="utf-8") as file:
        records = json.load(file)["value"]
    count = len(records)
size = 1000


def assignment(number):
    if records:
        return records[number - 1]
    identifier = str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)))
    name = f"Guest {number}"
    return {
        "id": identifier, "state": "delivered", "status": "Delivered", "expiredDateTime": None,
        "schedule": {"startDateTime": "2026-01-12T20:08:52.8211234Z", "recurrence": None, "expiration": {
            "endDateTime": "2036-01-12T20:08:52.8211234Z", "duration": None, "type": "afterDateTime"}},
        "customExtensionCalloutInstances": [],
        "target": {
            "id": "5" + identifier[1:], "objectId": "4" + identifier[1:], "displayName": name,
            "principalName": f"guest{number}_fabrikam.example#EXT#@contoso.example",
            "email": f"guest{number}@fabrikam.example", "onPremisesSecurityIdentifier": None,
            "subjectType": "user", "subjectLifecycle": "governed"},
        "accessPackage": {
            "id": f"a914b616-0000-4000-8000-{number % 2000:012}", "displayName": f"Package {number % 2000}",
            "description": "A named bundle of access", "isHidden": False,
            "createdDateTime": "2025-11-02T09:10:00Z", "modifiedDateTime": "2025-11-02T09:10:00.5Z"},
        "assignmentPolicy": {"id": "2264b93e-0000-4000-8000-000000000001", "displayName": "1 year"}}


def user(number):
    return {"id": assignment(number)["target"]["objectId"], "accountEnabled": True}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b'{"token_type":"Bearer","expires_in":3599,"access_token":"bench"}')

    def do_GET(self):
        parts = urlsplit(self.path)
        page = int(parse_qs(parts.query).get("$skiptoken", ["0"])[0])
        kind = "users" if "/users" in parts.path else "assignments"
        base = f"http://{self.headers['Host']}{parts.path}"
        last = page + 1 == len(pages[kind])
        if kind == "users" and last:
            link = f',"@odata.deltaLink":"{base}?$deltatoken=1"'
        else:
            link = "" if last else f',"@odata.nextLink":"{base}?$skiptoken={page + 1}"'
        total = f'"@odata.count":{count},' if page == 0 else ""
        self.answer(b"{" + total.encode() + b'"value":' + pages[kind][page] + link.encode() + b"}")

    def answer(self, body):
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def cut(make):
    return [json.dumps([make(number) for number in range(first, min(first + size, count + 1))]).encode()
            for first in range(1, count + 1, size)]


pages = {"assignments": cut(assignment), "users": cut(user)}
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
