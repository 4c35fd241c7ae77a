#!/usr/bin/env python3
"""Plays the part of Microsoft Graph that Bellhop uses, and of its token services, on loopback.

Written from the published v1.0 schema: assignments, assignment requests, access packages, users,
delta, batches, resume; tokens for secrets, assertions and managed identities. What it holds and how
it misbehaves is one JSON object, which a test replaces in parts with `POST /control` and reads with
`GET /control`; `GET /control/log` gives the requests it has seen. Prints its port when it listens.
"""

import argparse
import base64
import json
import re
import socket
import ssl
import sys
import threading
import time
import uuid
from datetime import datetime, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import odata

EM = "/v1.0/identityGovernance/entitlementManagement"
JSON_TYPE = ("application/json;odata.metadata=minimal;odata.streaming=true;"
             "IEEE754Compatible=false;charset=utf-8")

DEFAULTS = {
    "assignments": [], "accessPackages": [], "assignmentRequests": [], "users": [],
    "tenant": "contoso", "clientID": "bellhop", "clientSecret": "open sesame",
    "tokenLifetime": 3600,
    # A token is refused after this many requests; 0 is never.
    "tokenUses": 0,
    "claims": None,
    "pageSize": 100,
    # Every second page is empty.
    "emptyPages": False,
    # The absolute URL put before the next link of a page: {"3": "https://elsewhere.example"}.
    "linkHosts": {},
    # A page whose next link leads back to the first page.
    "loopAfterPage": 0,
    # Added to @odata.count.
    "countLie": 0,
    "refusesCount": False,
    # An unfiltered list is refused, as for an application with a role on a catalog only.
    "needsPackageFilter": False,
    "refusesUsers": False,
    # After this page one row is inserted at the front, or the first row goes.
    "insertAfterPage": 0, "removeAfterPage": 0,
    # What happens instead of an answer: [{"path": "assignments", "after": 1, "times": 2,
    # "status": 503, "headers": {}, "code": "…"}], or "drop", "cut" or "hang" for the status.
    "faults": [],
    # Everything is refused with this status while it is not 0.
    "down": 0,
    # How far this clock is ahead.
    "clockSkew": 0,
    "resumeStatus": 204,
    "resumeDelay": 0,
    "pageDelay": 0,
    "deltaTokenIsStale": False,
}


class World:
    def __init__(self, text):
        self.lock = threading.RLock()
        self.data = dict(DEFAULTS)
        self.log = []
        self.tokens = {}
        self.changes = []
        self.update(json.loads(text) if text else {})

    def update(self, parts):
        with self.lock:
            before = {user["id"]: user for user in self.data["users"]}
            self.data.update(parts)
            if "users" in parts:
                after = {user["id"]: user for user in parts["users"]}
                self.changes += [key for key in after if before.get(key) != after[key]]
                self.changes += [key for key in before if key not in after]
            for fault in self.data["faults"]:
                fault.setdefault("seen", 0)


class Refused(Exception):
    def __init__(self, status, code, message, headers=None):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.handle_request()

    def do_POST(self):
        self.handle_request()

    @property
    def world(self):
        return self.server.world

    def handle_request(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if path.startswith("/control"):
            return self.control(path, body)
        with self.world.lock:
            self.world.log.append({
                "method": self.command, "path": path, "query": query, "raw": self.path,
                "host": self.headers.get("Host"), "at": time.time(),
                "hasToken": "Authorization" in self.headers,
                "body": body.decode("utf-8", "replace") if not path.endswith("/token") else ""})
        try:
            if self.misbehaves(path):
                return None
            status, answer, headers = self.route(path, query, body)
        except Refused as refusal:
            status, headers = refusal.status, refusal.headers
            answer = self.error(refusal)
        return self.answer(status, answer, headers)

    def error(self, refusal):
        return {"error": {"code": refusal.code, "message": refusal.message, "innerError": {
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": str(uuid.uuid4()), "client-request-id": str(uuid.uuid4())}}}

    def answer(self, status, answer, headers=None, cut=False):
        data = b"" if answer is None else (
            answer if isinstance(answer, bytes) else json.dumps(answer).encode())
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + self.world.data["clockSkew"], usegmt=True))
        if data:
            self.send_header("Content-Type", JSON_TYPE)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("request-id", str(uuid.uuid4()))
        for name, value in (headers or {}).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data[:len(data) // 2] if cut else data)
        self.wfile.flush()
        if cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def control(self, path, body):
        if self.command == "POST":
            self.world.update(json.loads(body))
            return self.answer(200, {})
        with self.world.lock:
            return self.answer(
                200, {"requests": self.world.log} if path.endswith("/log") else self.world.data)

    # Faults

    def misbehaves(self, path):
        with self.world.lock:
            if self.world.data["down"]:
                raise Refused(self.world.data["down"], "serviceNotAvailable", "Down for a test.")
            fault = next((fault for fault in self.world.data["faults"] if self.applies(fault, path)), None)
        if fault is None:
            return False
        status = fault["status"]
        if status == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif status == "hang":
            time.sleep(fault.get("seconds", 120))
            self.close_connection = True
        elif status == "cut":
            self.answer(200, {"value": [], "padding": "x" * 1000}, cut=True)
        elif status == "text":
            self.answer(200, fault["body"].encode())
        else:
            raise Refused(status, fault.get("code", "TooManyRequests" if status == 429 else "generalException"),
                          fault.get("message", "As a test asked."), fault.get("headers"))
        return True

    @staticmethod
    def applies(fault, path):
        """Counts the requests of a path, and picks `times` of them after the first `after`."""
        if fault["path"] not in path:
            return False
        fault["seen"] += 1
        first = fault.get("after", 0)
        return first < fault["seen"] <= first + fault.get("times", 1)

    # Routes

    def route(self, path, query, body):
        data = self.world.data
        if path.lower() == f"/{data['tenant']}/oauth2/v2.0/token":
            return self.client_credentials(dict(parse_qsl(body.decode())))
        if path in ("/metadata/identity/oauth2/token", "/msi/token"):
            return self.managed_identity(path, query)
        self.check_token()
        low = path.lower()
        em = EM.lower()
        if low == f"{em}/assignments":
            return self.list("assignments", "assignments", query)
        if match := re.fullmatch(f"{em}/assignments/([^/]+)", low):
            return 200, self.one("assignments", match[1], query), {}
        if low == f"{em}/assignmentrequests":
            return self.list("assignmentRequests", "assignmentRequests", query)
        if match := re.fullmatch(f"{em}/assignmentrequests/([^/]+)", low):
            return 200, self.one("assignmentRequests", match[1], query), {}
        if match := re.fullmatch(f"{em}/assignmentrequests/([^/]+)/resume", low):
            return self.resume(match[1], json.loads(body))
        if low == f"{em}/accesspackages":
            return self.list("accessPackages", "accessPackages", query)
        if low in ("/v1.0/users/delta", "/v1.0/users/delta()"):
            return self.delta(query)
        if low == "/v1.0/users":
            return self.list("users", "users", query)
        if match := re.fullmatch("/v1.0/users/([^/]+)", low):
            return 200, self.user(match[1], query), {}
        if low == "/v1.0/$batch":
            return self.batch(json.loads(body))
        raise Refused(404, "ResourceNotFound", f"Resource not found for the segment '{path.split('/')[-1]}'.")

    def base(self):
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        return f"{scheme}://{self.headers['Host']}"

    # Tokens

    def grant(self, as_text=False):
        token = f"token-{uuid.uuid4()}"
        lifetime = self.world.data["tokenLifetime"]
        with self.world.lock:
            self.world.tokens[token] = [time.time() + lifetime, 0]
        number = str(lifetime) if as_text else lifetime
        return 200, {"token_type": "Bearer", "expires_in": number, "ext_expires_in": number,
                     "access_token": token}, {"Cache-Control": "no-store"}

    def client_credentials(self, form):
        data = self.world.data
        def refuse(code, words):
            return 401, {"error": "invalid_client", "error_description": f"AADSTS{code}: {words}",
                         "error_codes": [code], "timestamp": "2026-01-01 00:00:00Z",
                         "trace_id": str(uuid.uuid4()), "correlation_id": str(uuid.uuid4())}, {}
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return 400, {"error": "invalid_request", "error_description": "AADSTS900144"}, {}
        if form.get("client_id") != data["clientID"]:
            return refuse(700016, "Application was not found in the directory.")
        if "client_assertion" in form:
            fault = self.assertion_fault(form)
            if fault:
                return refuse(700027, fault)
        elif form.get("client_secret") != data["clientSecret"]:
            return refuse(7000215, "Invalid client secret provided.")
        if data["claims"] and json.loads(form.get("claims", "null")) == data["claims"]:
            self.world.update({"claims": None})
        return self.grant()

    def assertion_fault(self, form):
        """What is wrong with the JWT, its signature aside."""
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return "client_assertion_type"
        if form["client_assertion"] == self.world.data.get("federatedToken"):
            return None
        try:
            header, claims, _ = (
                part if index == 2 else json.loads(base64.urlsafe_b64decode(part + "=="))
                for index, part in enumerate(form["client_assertion"].split(".")))
        except ValueError:
            return "not a JWT"
        thumbprint = {"PS256": "x5t#S256", "RS256": "x5t"}.get(header.get("alg"))
        if thumbprint is None or not header.get(thumbprint):
            return "header"
        if claims.get("iss") != claims.get("sub") or claims.get("iss") != form["client_id"]:
            return "issuer"
        if claims.get("aud") != f"{self.base()}/{self.world.data['tenant']}/oauth2/v2.0/token":
            return "audience"
        return None if claims["nbf"] <= time.time() + 5 < claims["exp"] <= claims["nbf"] + 600 else "times"

    def managed_identity(self, path, query):
        if path == "/msi/token":
            proven = self.headers.get("X-IDENTITY-HEADER") == self.world.data.get("identityHeader")
            version = "2019-08-01"
        else:
            proven, version = self.headers.get("Metadata") == "true", "2018-02-01"
        if not proven or query.get("api-version") != version or not query.get("resource", "").endswith("/") \
                or ".default" in query["resource"]:
            return 400, {"error": "invalid_request"}, {}
        return self.grant(as_text=True)

    def check_token(self):
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        data = self.world.data
        with self.world.lock:
            held = self.world.tokens.get(token)
            if kind != "Bearer" or held is None:
                raise Refused(401, "InvalidAuthenticationToken", "Access token is empty or unknown.")
            held[1] += 1
            lapsed = time.time() > held[0] or (data["tokenUses"] and held[1] > data["tokenUses"])
        if data["claims"]:
            claims = base64.b64encode(json.dumps(data["claims"]).encode()).decode()
            raise Refused(401, "InvalidAuthenticationToken", "Continuous access evaluation.", {
                "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.example/authorize", '
                                    f'error="insufficient_claims", claims="{claims}"'})
        if lapsed:
            raise Refused(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")

    # Lists

    def list(self, kind, name, query):
        data = self.world.data
        if kind == "users" and data["refusesUsers"]:
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        condition = query.get("$filter")
        if kind == "assignments":
            time.sleep(data["pageDelay"])
        if kind == "assignments" and data["needsPackageFilter"] and "accesspackage/id eq" not in (condition or "").lower():
            raise Refused(403, "AccessDenied", "The caller needs a filter on accessPackage/id.")
        if "$count" in query and data["refusesCount"] and kind == "assignments":
            raise Refused(400, "BadRequest", "The query option '$count' is not allowed.")
        with self.world.lock:
            rows = data[kind]
            if condition:
                try:
                    matches = odata.compile_filter(condition)
                except ValueError as fault:
                    raise Refused(400, "BadRequest", f"Invalid filter clause: {fault}") from fault
                rows = [row for row in rows if matches(row)]
            return self.page(kind, name, rows, query)

    def page(self, kind, name, rows, query):
        data = self.world.data
        number, start = map(int, base64.urlsafe_b64decode(query.get("$skiptoken", "MSAw")).split())
        size = min(int(query.get("$top", data["pageSize"])), data["pageSize"])
        is_gap = data["emptyPages"] and number % 2 == 0
        part = [] if is_gap else rows[start:start + size]
        end = start + len(part)
        answer = {"@odata.context": f"{self.base()}/v1.0/$metadata#{name}"}
        if query.get("$count", "").lower() == "true" and number == 1:
            answer["@odata.count"] = len(rows) + data["countLie"]
        answer["value"] = [odata.project(row, kind, query) for row in part]
        if end < len(rows) or is_gap:
            following = dict(query)
            following["$skiptoken"] = base64.urlsafe_b64encode(f"{number + 1} {end}".encode()).decode()
            if data["loopAfterPage"] == number:
                following.pop("$skiptoken")
            host = data["linkHosts"].get(str(number), self.base())
            path = urlsplit(self.path).path
            answer["@odata.nextLink"] = f"{host}{path}?" + "&".join(
                f"{key}={quote(value, safe='(),/')}" for key, value in following.items())
        if kind == "assignments":
            if data["insertAfterPage"] == number:
                data["assignments"] = [odata.clone(data["assignments"][0])] + data["assignments"]
            elif data["removeAfterPage"] == number:
                data["assignments"] = data["assignments"][1:]
        return 200, answer, {}

    def one(self, kind, key, query):
        with self.world.lock:
            for row in self.world.data[kind]:
                if row["id"].lower() == key:
                    return odata.project(row, kind, query)
        raise Refused(404, "ResourceNotFound", f"There is no {kind} '{key}'.")

    # Users

    def user(self, key, query):
        if self.world.data["refusesUsers"]:
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        with self.world.lock:
            for row in self.world.data["users"]:
                if key in (row["id"].lower(), row.get("userPrincipalName", "").lower()):
                    return odata.project(row, "users", query)
        raise Refused(404, "Request_ResourceNotFound",
                      f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.")

    def delta(self, query):
        """Rounds are told apart by how many changes were known when they began."""
        data = self.world.data
        if data["refusesUsers"]:
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        with self.world.lock:
            users = {user["id"]: user for user in data["users"]}
            if "$deltatoken" in query:
                if data["deltaTokenIsStale"]:
                    raise Refused(410, "syncStateNotFound", "The sync state is gone.")
                changed = sorted(set(self.world.changes[int(query["$deltatoken"]):]))
                rows = [users.get(key, {"id": key, "@removed": {"reason": "changed"}}) for key in changed]
                end, start = len(self.world.changes), 0
            else:
                rows = list(users.values())
                start, end = map(int, query.get("$skiptoken", f"0,{len(self.world.changes)}").split(","))
            part = rows[start:start + data["pageSize"]]
            select = query.get("$select", "")
            answer = {"value": [row if "@removed" in row else odata.project(row, "users", query) for row in part]}
            following = start + len(part)
            link = f"{self.base()}/v1.0/users/delta()?$select={select}&"
            if following < len(rows) and "$deltatoken" not in query:
                answer["@odata.nextLink"] = f"{link}$skiptoken={following},{end}"
            else:
                answer["value"] = [row if "@removed" in row else odata.project(row, "users", query)
                                   for row in (rows if "$deltatoken" in query else part)]
                answer["@odata.deltaLink"] = f"{link}$deltatoken={end}"
            return 200, answer, {}

    def batch(self, body):
        requests = body.get("requests", [])
        ids = [request["id"] for request in requests]
        if len(requests) > 20 or len(set(ids)) != len(ids):
            raise Refused(400, "BadRequest", "A batch holds 20 requests with ids of their own.")
        responses = []
        for request in reversed(requests):
            url = request["url"].removeprefix(self.base() + "/v1.0")
            parts = urlsplit("/v1.0" + (url if url.startswith("/") else "/" + url))
            path, query = unquote(parts.path), dict(parse_qsl(parts.query))
            headers = {"Content-Type": "application/json"}
            try:
                with self.world.lock:
                    fault = next((fault for fault in self.world.data["faults"]
                                  if fault["path"].startswith("batch:") and self.applies(
                                      dict(fault, path=fault["path"][6:]) if False else fault,
                                      "batch:" + path)), None)
                if fault:
                    raise Refused(fault["status"], fault.get("code", "TooManyRequests"), "In a batch.",
                                  fault.get("headers"))
                status, answer, _ = self.route(path, query, b"")
            except Refused as refusal:
                status, answer = refusal.status, self.error(refusal)
                headers.update(refusal.headers)
            responses.append({"id": request["id"], "status": status, "headers": headers, "body": answer})
        return 200, {"responses": responses}, {}

    # Callbacks

    def resume(self, key, body):
        data = self.world.data
        if data["resumeStatus"] != 204:
            raise Refused(data["resumeStatus"], "InvalidRequest", "As a test asked.")
        with self.world.lock:
            request = next((row for row in data["assignmentRequests"] if row["id"].lower() == key), None)
            if request is None:
                raise Refused(404, "ResourceNotFound", f"There is no request '{key}'.")
            details = body.get("data", {})
            waiting = next(
                (instance for instance in request["customExtensionCalloutInstances"]
                 if instance["id"] == details.get("customExtensionStageInstanceId")
                 and instance["status"].lower() == "waitingforcallback"), None)
            if waiting is None or not body.get("source") or not body.get("type", "").endswith("." + details.get("stage", "?")):
                raise Refused(400, "InvalidRequest", "No stage of this request waits for this callback.")
            waiting["status"] = "callbackReceived"
            waiting["detail"] = details.get("customExtensionStageInstanceDetail")
            request["status"] = "Delivered"
            request["state"] = "delivered"
            identifier = (request.get("assignment") or {}).get("id")
            for row in data["assignments"]:
                if row["id"] == identifier and row["state"] == "delivering":
                    row["state"] = "delivered"
                elif row["id"] == identifier and "emov" in details.get("stage", ""):
                    row["state"] = "expired"
        time.sleep(data["resumeDelay"])
        return 204, None, {}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--world", help="a JSON file with what it holds at first")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--certificate", help="PEM with certificate and key: serve https")
    arguments = options.parse_args()
    text = open(arguments.world, encoding="utf-8").read() if arguments.world else ""
    server = Server(("127.0.0.1", arguments.port), Handler)
    server.world = World(text)
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
