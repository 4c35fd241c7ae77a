"""A real SCIM service provider whose state can be put back to one moment, by forking.

Run with the Python of the SCIM service's virtual environment. Reads commands from standard input
and answers each with one line:

  serve PORT   serves from now on; what clients change stays
  mark         stops serving; the state of now is what every `again` starts from
  again PORT   ends the last copy and serves a new one of the marked state
"""

import ctypes
import os
import signal
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types, load_default_schemas, load_default_service_provider_config)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Listener(ThreadingWSGIServer):
    request_queue_size = 64

    def handle_error(self, *_):
        """A client that was killed is what this is for."""


def application(token):
    config = load_default_service_provider_config()
    config.authentication_schemes = [
        *(config.authentication_schemes or []), BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config,
        policy=None)
    service = ScimService(provider, secret="one process, one secret")
    return BearerTokenApplication(
        InMemoryStorage(), provider, service=service, bearer_tokens=[token])


def main():
    app = application(os.environ["SCIM_TOKEN"])
    server, copy = None, 0

    def listen(port):
        return make_server("127.0.0.1", port, app, server_class=Listener, handler_class=Quiet)

    def end_copy():
        if copy:
            os.kill(copy, signal.SIGKILL)
            os.waitpid(copy, 0)

    print("ready", flush=True)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "serve":
            server = listen(int(rest[0]))
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        elif word == "mark":
            server.shutdown()
            server.server_close()
        elif word == "again":
            end_copy()
            copy = os.fork()
            if not copy:
                # The kernel ends the copy with us: prctl(PR_SET_PDEATHSIG, SIGKILL).
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)
                listener = listen(int(rest[0]))
                print("ok", flush=True)
                listener.serve_forever()
                os._exit(0)
            continue
        print("ok", flush=True)
    end_copy()


main()
