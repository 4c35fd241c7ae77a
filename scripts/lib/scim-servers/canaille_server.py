"""Canaille's SCIM service on loopback, in memory, for an OAuth client: PORT CLIENT_ID SECRET."""

import os
import sys
import uuid
from wsgiref.simple_server import WSGIRequestHandler, make_server

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from canaille import create_app  # noqa: E402
from canaille.app import models  # noqa: E402
from canaille.backends import Backend  # noqa: E402


class Quiet(WSGIRequestHandler):
    def log_request(self, code="-", size="-"):
        pass


port, client_id, secret = int(sys.argv[1]), sys.argv[2], sys.argv[3]
app = create_app(
    config={
        "ENV_FILE": None,
        "SECRET_KEY": str(uuid.uuid4()),
        "WTF_CSRF_ENABLED": False,
        "PREFERRED_URL_SCHEME": "http",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False},
        "CANAILLE_OIDC": {},
        "CANAILLE_SCIM": {"ENABLE_SERVER": True},
    }
)
with app.app_context():
    client = models.Client(
        client_id=client_id,
        client_name="bellhop",
        client_secret=secret,
        grant_types=["client_credentials"],
        response_types=[],
        scope=["openid"],
        token_endpoint_auth_method="client_secret_basic",
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)
    make_server("127.0.0.1", port, app, handler_class=Quiet).serve_forever()
