"""scim2-server behind waitress, which keeps connections open, on loopback: PORT TOKEN.

Prints a line for each request, as scim2-server does by itself.
"""

import sys

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)
from waitress import serve

PORT, TOKEN = sys.argv[1:3]
provider = ScimProvider.from_discovery(
    load_default_schemas().values(),
    load_default_resource_types().values(),
    config=load_default_service_provider_config(),
)
application = BearerTokenApplication(
    InMemoryStorage(), provider, service=ScimService(provider, secret=TOKEN), bearer_tokens=[TOKEN]
)


def logging(environ, start_response):
    sys.stdout.write(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}\n")
    sys.stdout.flush()
    return application(environ, start_response)


serve(logging, listen=f"127.0.0.1:{PORT}")
