"""scim2-server behind TLS on loopback, with HTTP/2 and compressed answers: PORT PROXYPORT TOKEN FOLDER.

    --client-certificates   takes only clients with a certificate of the authority
    --requests N            ends a connection (HTTP/2: GOAWAY) after N requests

Makes PEM files in FOLDER: `authority`; `server` for localhost and wiki.example.org; `client`, and
`expired` and `stranger` of another authority, for clients. PROXYPORT speaks CONNECT and leads every
host to the server. GET /stats tells what was seen, /slow takes a while, /bomb unfolds to 100 MiB.
"""

import argparse
import asyncio
import datetime
import gzip
import json
import ssl
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.middleware import AsyncioWSGIMiddleware
from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def certificate(folder, name, signer=None, names=(), end=NOW + DAY):
    """A key and a certificate, signed by `signer` or by itself as an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    authority, authority_key = signer or (None, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 30 * DAY)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    made = builder.sign(authority_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / f"{name}.crt").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made, key


class Counter:
    """An ASGI application before another, which counts and compresses."""

    def __init__(self, application):
        self.application = application
        self.connections = set()
        self.versions = set()
        self.requests = self.running = self.most = 0
        self.connects = []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        if scope["path"] == "/stats":
            return await self.reply(send, json.dumps(self.stats()).encode())
        self.connections.add(tuple(scope["client"]))
        self.versions.add(scope["http_version"])
        self.requests += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if scope["path"] == "/slow":
                await asyncio.sleep(0.3)
                await self.reply(send, b"{}")
            elif scope["path"] == "/bomb":
                await self.reply(send, gzip.compress(bytes(100 << 20)), compressed=True)
            else:
                await self.compress(scope, receive, send)
        finally:
            self.running -= 1

    def stats(self):
        return {
            "connections": len(self.connections),
            "versions": sorted(self.versions),
            "requests": self.requests,
            "most": self.most,
            "connects": self.connects,
        }

    async def compress(self, scope, receive, send):
        accepted = dict(scope["headers"]).get(b"accept-encoding", b"")
        if b"gzip" not in accepted:
            return await self.application(scope, receive, send)
        start, body = {}, []

        async def keep(message):
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.append(message.get("body", b""))
            if message.get("more_body"):
                return
            text = b"".join(body)
            if text:
                text = gzip.compress(text)
                length = (b"content-length", str(len(text)).encode())
                start["headers"] = [
                    each for each in start["headers"] if each[0].lower() != b"content-length"
                ] + [(b"content-encoding", b"gzip"), length]
            await send(start)
            await send({"type": "http.response.body", "body": text})

        await self.application(scope, receive, keep)

    @staticmethod
    async def reply(send, body, compressed=False):
        headers = [(b"content-type", b"application/json")]
        if compressed:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def proxy(self, port):
        """Handles a connection to the proxy."""

        async def pump(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()

        async def handle(reader, writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.connects.append(head)
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer))

        return handle


def service(token):
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(),
        load_default_resource_types().values(),
        config=load_default_service_provider_config(),
    )
    return BearerTokenApplication(
        InMemoryStorage(), provider, service=ScimService(provider, secret=token),
        bearer_tokens=[token],
    )


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("proxy_port", type=int)
    parser.add_argument("token")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--client-certificates", action="store_true")
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    folder = options.folder
    authority = certificate(folder, "authority")
    certificate(folder, "server", authority, ["localhost", "wiki.example.org"])
    certificate(folder, "client", authority)
    certificate(folder, "expired", authority, end=NOW - DAY)
    certificate(folder, "stranger", certificate(folder, "other-authority"))

    config = Config()
    config.bind = [f"127.0.0.1:{options.port}"]
    config.certfile = str(folder / "server.crt")
    config.keyfile = str(folder / "server.key")
    config.keep_alive_max_requests = options.requests
    config.accesslog = config.errorlog = None
    if options.client_certificates:
        config.ca_certs = str(folder / "authority.crt")
        config.verify_mode = ssl.CERT_REQUIRED
    counter = Counter(AsyncioWSGIMiddleware(service(options.token)))
    await asyncio.start_server(counter.proxy(options.port), "127.0.0.1", options.proxy_port)
    await serve(counter, config)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
