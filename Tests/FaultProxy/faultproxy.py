#!/usr/bin/env python3
"""A TCP proxy that breaks one thing at a time, between Bellhop and a server of its tests.

    faultproxy.py ldap|http|tls TARGETPORT [--cert FILE --key FILE [--starttls] [--old]]

`ldap` and `http` cut the stream into messages, `tls` into records that it cannot read. With --cert the
proxy is the TLS server: at once, or with --starttls when it is asked for; with --old it knows nothing
newer than TLS 1.1. The other leg is plain.

Prints "PORT CONTROLPORT STRANGERPORT" and runs until its standard input ends. The control port speaks
HTTP: a POST of a fault as JSON starts a new count, a GET gives the count. The stranger is a port that
nobody has any business with; redirects and referrals lead there.

A fault is {"kind": …, "on": "reply" | "request" | "connect", "step": n, "at": "first" | "middle" |
"last"}: it strikes the n-th message of that direction since the count began, before its first, its
middle or its last byte. With "lasting": true it strikes every later one too. A kind of STREAM is given
bytes and says what is sent instead; a kind of REPLIES makes up an answer of its own.
"""
import json
import random
import select
import socket
import ssl
import struct
import sys
import threading
import time

from messages import ECHOED, FRAMERS, ldap_reply, REPLIES

PIECE = 65536


class Broken(Exception):
    """The fault has ended this connection."""


class Fault:
    """What is to go wrong, and how much has passed so far."""

    def __init__(self, description):
        self.kind = description.get("kind")
        self.on = description.get("on", "reply")
        self.step = description.get("step", 1)
        self.at = description.get("at", "first")
        self.lasting = description.get("lasting", False)
        self.passed = {"request": 0, "reply": 0, "connect": 0}
        self.struck = 0
        self.names = {"request": [], "reply": [], "connect": []}
        self.texts = []
        self.lock = threading.Lock()

    def strikes(self, direction, name=""):
        """Counts one message, or one connection, and says whether it is the one."""
        with self.lock:
            self.passed[direction] += 1
            self.names[direction].append(name)
            number = self.passed[direction]
            strikes = self.kind is not None and direction == self.on and (
                number == self.step or (self.lasting and number > self.step))
            self.struck += strikes
            return strikes

    def cut(self, message):
        place = {"first": 0, "middle": len(message) // 2, "last": len(message) - 1}[self.at]
        return message[:place], message[place:]


class Proxy:
    def __init__(self, protocol, target, certificate, starttls, is_old):
        self.framer = FRAMERS[protocol]
        self.target = target
        self.starttls = starttls
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if is_old:
                self.tls.minimum_version = ssl.TLSVersion.TLSv1
                self.tls.maximum_version = ssl.TLSVersion.TLSv1_1
                self.tls.set_ciphers("ALL:@SECLEVEL=0")
            self.tls.load_cert_chain(*certificate)
        self.fault = Fault({})
        self.stranger = Stranger()
        self.fill = []
        self.listener = None
        self.find_port()

    def find_port(self):
        """Below those that Linux gives to connections by itself: it is left and taken again."""
        while not self.listener:
            self.port = random.randrange(10240, 32768)
            try:
                self.listen(self.port)
            except OSError:
                self.listener = None

    def listen(self, port, backlog=64):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(backlog)

    def arm(self, description):
        """Starts a new count. Refusing and swallowing connections is up to the kernel."""
        kind = description.get("kind")
        self.fault = Fault(description)
        self.stranger.seen = []
        for connection in self.fill:
            connection.close()
        self.fill = []
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if kind == "refuse":
            return
        self.listen(self.port, 0 if kind == "black hole" else 64)
        if kind == "black hole":
            # Two connections fill a backlog of none; the kernel drops whoever comes next.
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", self.port))
                self.fill.append(filler)
        else:
            start(self.accept, self.listener)

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            start(self.serve, client, self.fault)

    def serve(self, client, fault):
        try:
            Connection(self, client, fault).run()
        except (Broken, OSError):
            pass
        finally:
            client.close()


class Connection:
    """One client and its own connection to the server, worked by one thread."""

    def __init__(self, proxy, client, fault):
        self.proxy, self.client, self.fault = proxy, client, fault
        self.server = None
        self.last_request = ""
        self.is_mute = False

    def run(self):
        if self.fault.strikes("connect"):
            self.greet()
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.proxy.tls and not self.proxy.starttls:
            self.wrap()
        self.server = socket.create_connection(("127.0.0.1", self.proxy.target))
        self.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.pump()
        finally:
            self.client.close()
            self.server.close()

    def wrap(self):
        self.client = self.proxy.tls.wrap_socket(self.client, server_side=True)

    def greet(self):
        """What strikes before a single byte has come."""
        if self.fault.kind == "silence":
            self.hang()
        if self.fault.kind == "reset":
            self.reset()
        if self.fault.kind == "garbage":
            self.client.sendall(GARBAGE)
        raise Broken

    def pump(self):
        framers = {"request": self.proxy.framer("request"), "reply": self.proxy.framer("reply")}
        while True:
            pending = isinstance(self.client, ssl.SSLSocket) and self.client.pending()
            ready, _, _ = select.select([self.client, self.server], [], [], 0 if pending else 60)
            if self.client in ready or pending:
                data = self.client.recv(PIECE)
                if not data:
                    return
                for message in framers["request"].feed(data):
                    self.request(message)
            if self.server in ready:
                data = self.server.recv(PIECE)
                for message in framers["reply"].feed(data):
                    self.reply(message)
                if not data:
                    if not self.is_mute:
                        return
                    self.hang()

    def request(self, message):
        ECHOED["request"] = message
        self.last_request = self.proxy.framer.name(message)
        self.fault.texts.append(message.decode("latin-1"))
        strikes = self.fault.strikes("request", self.last_request)
        if self.proxy.starttls and b"1.3.6.1.4.1.1466.20037" in message:
            return self.start_tls(message, strikes)
        if not strikes or self.fault.kind not in STREAM:
            return self.server.sendall(message)
        self.strike(message, self.server)

    def reply(self, message):
        if self.is_mute:
            return
        name = self.proxy.framer.name(message)
        if name.startswith("HTTP"):
            name = f"to {self.last_request}"
        if not self.fault.strikes("reply", name):
            return self.client.sendall(message)
        made_up = REPLIES.get(self.fault.kind)
        if not made_up:
            return self.strike(message, self.client)
        for piece in made_up(message, self.proxy.stranger.port):
            self.client.sendall(piece)
        if self.fault.kind in ENDS_AFTER:
            raise Broken

    def start_tls(self, message, strikes):
        """The answer to the wish for TLS is ours; the server behind us never hears of it."""
        kind = self.fault.kind if strikes else None
        if kind in STREAM:
            return self.strike(message, self.client)
        self.fault.strikes("reply", "answered")
        if kind == "StartTLS refused":
            self.client.sendall(ldap_reply(message, 0x78, code=2))
            return
        answer = ldap_reply(message, 0x78)
        if kind == "StartTLS then plaintext":
            self.client.sendall(answer)
            return
        if kind == "StartTLS with injection":
            # A bind answer that was put in before the handshake must not count after it.
            answer += ldap_reply(b"\x30\x0c\x02\x01\x02\x60\x07", 0x61)
        self.client.sendall(answer)
        self.wrap()

    def strike(self, message, receiver):
        before, after = self.fault.cut(message)
        STREAM[self.fault.kind](self, receiver, before, after)

    def reset(self):
        for side in (self.client, self.server):
            if side:
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Past TLS, which would say goodbye first.
                socket.socket(fileno=side.detach()).close()
        raise Broken

    def hang(self):
        """Keeps the connection and never says a word, until the other side gives up."""
        self.client.settimeout(60)
        while self.client.recv(PIECE):
            pass
        raise Broken

    def fin(self):
        raise Broken

    def half_close(self):
        """We have nothing more to say, and go on listening."""
        self.is_mute = True
        if isinstance(self.client, ssl.SSLSocket):
            raise Broken
        self.client.shutdown(socket.SHUT_WR)


GARBAGE = bytes((index * 73 + 41) % 256 for index in range(96))
ENDS_AFTER = {"notice of disconnection", "100 MB", "endless headers", "length too long", "bad chunk"}


def then(end):
    def strike(connection, receiver, before, after):
        receiver.sendall(before)
        end(connection)
    return strike


def instead(replace):
    def strike(connection, receiver, before, after):
        receiver.sendall(replace(before, after))
    return strike


def trickle(connection, receiver, before, after):
    receiver.sendall(before)
    for byte in after:
        time.sleep(0.1)
        receiver.sendall(bytes([byte]))


def delay(connection, receiver, before, after):
    receiver.sendall(before)
    time.sleep(0.3)
    receiver.sendall(after)


def flip(before, after):
    return before + bytes([after[0] ^ 0x04]) + after[1:]


STREAM = {
    "reset": then(Connection.reset),
    "fin": then(Connection.fin),
    "half close": then(Connection.half_close),
    "silence": then(Connection.hang),
    "delay": delay,
    "trickle": trickle,
    "truncate": instead(lambda before, after: before),
    "duplicate": instead(lambda before, after: before + after[:32] + after),
    "flip": instead(flip),
    "garbage": instead(lambda before, after: before + GARBAGE + after),
    "garbage instead": instead(lambda before, after: before + GARBAGE[:len(after)]),
}


class Stranger:
    """Remembers whatever is sent to it."""

    def __init__(self):
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        start(self.accept)

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            client.settimeout(1)
            self.seen.append("")
            try:
                self.seen[-1] = client.recv(PIECE).decode("latin-1")
            except OSError:
                pass
            client.close()


def control(proxy, listener):
    """Just enough HTTP for the tests: one request on each connection."""
    while True:
        client, _ = listener.accept()
        with client, client.makefile("rb") as stream:
            verb = stream.readline().split(b" ")[0]
            length = 0
            while (line := stream.readline().strip()):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if verb == b"POST":
                proxy.arm(json.loads(stream.read(length)))
            fault = proxy.fault
            body = json.dumps({
                "requests": fault.names["request"], "replies": fault.names["reply"],
                "texts": fault.texts,
                "struck": fault.struck, "stranger": proxy.stranger.seen,
            }).encode()
            client.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body))


def start(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()


def main(protocol, target, *options):
    options = list(options)
    certificate = None
    if "--cert" in options:
        certificate = (options[options.index("--cert") + 1], options[options.index("--key") + 1])
    proxy = Proxy(protocol, int(target), certificate, "--starttls" in options, "--old" in options)
    listener = socket.create_server(("127.0.0.1", 0))
    proxy.arm({})
    start(control, proxy, listener)
    print(f"{proxy.port} {listener.getsockname()[1]} {proxy.stranger.port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
