"""Cutting streams into messages, and making up answers that a server should never give."""
import gzip

ENOUGH = 100 << 20


class BER:
    """LDAP messages (RFC 4511 §4.1.1)."""

    def __init__(self, direction):
        self.rest = b""

    def feed(self, data):
        self.rest += data
        while (size := self.size()) and len(self.rest) >= size:
            message, self.rest = self.rest[:size], self.rest[size:]
            yield message
        if not data and self.rest:
            yield self.rest
            self.rest = b""

    def size(self):
        if len(self.rest) < 2:
            return None
        first = self.rest[1]
        if first < 128:
            return 2 + first
        count = first & 127
        if len(self.rest) < 2 + count:
            return None
        return 2 + count + int.from_bytes(self.rest[2:2 + count], "big")

    @staticmethod
    def name(message):
        kinds = {0x60: "bind", 0x42: "unbind", 0x63: "search", 0x66: "modify", 0x68: "add",
                 0x4a: "delete", 0x6c: "rename", 0x6e: "compare", 0x77: "extended",
                 0x61: "bound", 0x64: "entry", 0x65: "end of search", 0x67: "modified",
                 0x69: "added", 0x6b: "deleted", 0x6d: "renamed", 0x6f: "compared",
                 0x73: "reference", 0x78: "answered"}
        return kinds.get(operation(message), "?")


class HTTP:
    """HTTP/1 messages (RFC 9112 §6)."""

    def __init__(self, direction):
        self.rest = b""
        self.is_reply = direction == "reply"

    def feed(self, data):
        self.rest += data
        while (size := self.size()) is not None and len(self.rest) >= size:
            message, self.rest = self.rest[:size], self.rest[size:]
            yield message
        if not data and self.rest:
            yield self.rest
            self.rest = b""

    def size(self):
        end = self.rest.find(b"\r\n\r\n")
        if end < 0:
            return None
        head, start = self.rest[:end].lower(), end + 4
        if b"transfer-encoding: chunked" in head:
            last = self.rest.find(b"0\r\n\r\n", start)
            return None if last < 0 else last + 5
        if b"content-length:" in head:
            return start + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if not self.is_reply or head.split(b" ")[1][:1] == b"1" or head.split(b" ")[1] == b"204":
            return start
        return None

    @staticmethod
    def name(message):
        return message[:message.find(b"\r")].split(b" ")[0].decode("latin-1")[:20]


class Record:
    """TLS records (RFC 8446 §5.1), which nobody reads on the way."""

    def __init__(self, direction):
        self.rest = b""

    def feed(self, data):
        self.rest += data
        while len(self.rest) >= 5:
            size = 5 + int.from_bytes(self.rest[3:5], "big")
            if len(self.rest) < size:
                break
            message, self.rest = self.rest[:size], self.rest[size:]
            yield message
        if not data and self.rest:
            yield self.rest
            self.rest = b""

    @staticmethod
    def name(message):
        return {20: "change cipher", 21: "alert", 22: "handshake", 23: "data"}.get(message[0], "?")


FRAMERS = {"ldap": BER, "http": HTTP, "tls": Record}


def header(message):
    """Bytes before the message id of an LDAP message."""
    return 2 + (message[1] & 127 if message[1] > 127 else 0)


def identifier(message):
    """The message id, with its own tag and length."""
    start = header(message)
    return message[start:start + 2 + message[start + 1]]


def operation(message):
    try:
        return message[header(message) + len(identifier(message))]
    except IndexError:
        return None


def value(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    return bytes([tag, 0x84]) + length.to_bytes(4, "big") + content


def ldap_reply(message, tag, code=0, more=b"", words=b"made up"):
    """An LDAPResult (RFC 4511 §4.1.9) to the message with this id."""
    result = value(0x0a, bytes([code])) + value(0x04, b"") + value(0x04, words) + more
    return value(0x30, identifier(message) + value(tag, result))


def result(code):
    def reply(message, stranger):
        tag = operation(message)
        yield ldap_reply(message, 0x65 if tag in (0x64, 0x73) else tag, code)
    return reply


def ldap_referral(message, stranger):
    link = value(0x04, b"ldap://127.0.0.1:%d/dc=example,dc=org" % stranger)
    tag = operation(message)
    if tag == 0x64:
        yield value(0x30, identifier(message) + value(0x73, link))
    else:
        yield ldap_reply(message, tag, 10, value(0xa3, link))


def identity(name):
    """Whom the server says it takes the client for (RFC 4532)."""
    def reply(message, stranger):
        yield ldap_reply(message, 0x78, more=value(0x8b, name))
    return reply


def wrong_id(message, stranger):
    start = header(message) + 2
    yield message[:start] + bytes([message[start] ^ 0x40]) + message[start + 1:]


def notice(message, stranger):
    unsolicited = b"\x30\x03\x02\x01\x00"
    yield ldap_reply(unsolicited, 0x78, 52, value(0x8a, b"1.3.6.1.4.1.1466.20036"))


def long_length(message, stranger):
    yield b"\x30\x84\x7f\xff\xff\xff" + message[header(message):]


def negative_length(message, stranger):
    yield b"\x30\x84\x80\x00\x00\x00" + message[header(message):]


def ldap_flood(message, stranger):
    """An entry that is larger than a directory."""
    yield b"\x30\x84\x7f\xff\xff\xf0" + identifier(message) + b"\x64\x84\x7f\xff\xff\x00"
    for _ in range(ENOUGH // 65536):
        yield bytes(65536)


def http(status, fields=(), body=b"{}"):
    head = [b"HTTP/1.1 " + status, b"Content-Type: application/scim+json",
            b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def status(line, *fields, body=b"{}"):
    def reply(message, stranger):
        yield http(line, fields, body)
    return reply


def redirect(code, scheme, host):
    def reply(message, stranger):
        location = b"Location: %s://%s:%d/v2/Users" % (scheme, host, stranger)
        yield http(b"%d Elsewhere" % code, [location])
    return reply


def parts(message):
    head, _, body = message.partition(b"\r\n\r\n")
    return head, body


def without_length(head):
    return b"\r\n".join(
        line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length"))


def chunked(chunks):
    def reply(message, stranger):
        head, body = parts(message)
        head = without_length(head).replace(b"HTTP/1.0", b"HTTP/1.1")
        yield head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body)
    return reply


def length(change):
    def reply(message, stranger):
        head, body = parts(message)
        yield without_length(head) + b"\r\nContent-Length: %d\r\n\r\n" % change(len(body)) + body
    return reply


def endless_headers(message, stranger):
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(ENOUGH // 1024):
        yield b"X-More-%d: " % number + b"a" * 1000 + b"\r\n"


def http_flood(message, stranger):
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\n\r\n{\"Resources\": ["
    for _ in range(ENOUGH // 65536):
        yield b" " * 65536


def interim(message, stranger):
    yield b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + message


def gzip_bomb(message, stranger):
    body = gzip.compress(b" " * (64 << 20))
    yield http(b"200 OK", [b"Content-Encoding: gzip"], body)


def off_origin(message, stranger):
    """Links of the answer that lead elsewhere, in every place where an answer may have one."""
    link = b"http://127.0.0.1:%d/v2/Users" % stranger
    head, body = parts(message)
    for name in (b"location", b"$ref"):
        pieces = body.split(b'"%s": "' % name)
        body = pieces[0] + b"".join(
            b'"%s": "%s"' % (name, link) + piece.partition(b'"')[2] for piece in pieces[1:])
    yield (without_length(head) + b"\r\nContent-Length: %d" % len(body)
           + b"\r\nLink: <%s>; rel=\"next\"" % link + b"\r\nContent-Location: " + link
           + b"\r\n\r\n" + body)


def echo(message, stranger):
    """An error that repeats what it was sent, as frameworks in debug mode do."""
    detail = b"%s" % ECHOED.get("request", b"").replace(b"\r\n", b" ").replace(b'"', b"'")
    yield http(b"500 Internal Server Error", body=b'{"detail": "%s", "status": "500"}' % detail)


# What the last request was, for answers that repeat it.
ECHOED = {}

REPLIES = {
    "echo": echo,
    "busy": result(51),
    "unavailable": result(52),
    "size limit": result(4),
    "time limit": result(3),
    "referral": ldap_referral,
    "wrong id": wrong_id,
    "nobody": identity(b""),
    "somebody else": identity(b"dn:cn=admin,dc=example,dc=org"),
    "notice of disconnection": notice,
    "length 2^31": long_length,
    "negative length": negative_length,
    "endless entry": ldap_flood,

    "redirect": redirect(307, b"http", b"127.0.0.1"),
    "redirect to another host": redirect(302, b"http", b"localhost"),
    "redirect to another scheme": redirect(308, b"https", b"127.0.0.1"),
    "401": status(b"401 Unauthorized"),
    "403": status(b"403 Forbidden"),
    "429": status(b"429 Too Many Requests", b"Retry-After: 1"),
    "503": status(b"503 Service Unavailable"),
    "empty 200": status(b"200 OK", body=b""),
    "HTML": status(b"200 OK", body=b"<html><body>Please log in</body></html>"),
    "bad chunk": chunked(lambda body: b"zz\r\n" + body),
    "chunk of 2^63": chunked(lambda body: b"7fffffffffffffff\r\n" + body),
    "length too long": length(lambda count: count + 10),
    "length too short": length(lambda count: max(0, count - 10)),
    "negative content length": length(lambda count: -1),
    "endless headers": endless_headers,
    "100 MB": http_flood,
    "100 interim answers": interim,
    "gzip bomb": gzip_bomb,
    "off-origin links": off_origin,
}
