"""scim2-server with a backup of its memory: PORT TOKEN FOLDER.

SIGUSR1 copies every resource, SIGUSR2 puts the copy back as it was, times of change included. Each
leaves a file of the signal's name in FOLDER when it is done.
"""

import pathlib
import signal
import sys

from scim2_server.testserver import cli

PORT, TOKEN, FOLDER = sys.argv[1:4]
storages = []
copies = []


class Storage(cli.InMemoryStorage):
    def __init__(self):
        super().__init__()
        storages.append(self)


def copied(resources):
    return [resource.model_copy(deep=True) for resource in resources]


def back_up(number, _frame):
    with storages[0].lock:
        copies[:] = copied(storages[0].resources)
    pathlib.Path(FOLDER, signal.Signals(number).name).touch()


def restore(number, _frame):
    with storages[0].lock:
        storages[0].resources = copied(copies)
    pathlib.Path(FOLDER, signal.Signals(number).name).touch()


cli.InMemoryStorage = Storage
signal.signal(signal.SIGUSR1, back_up)
signal.signal(signal.SIGUSR2, restore)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1, signal.SIGUSR2})
sys.argv = ["scim2-server", "--port", PORT, "--bearer-token", TOKEN]
cli.main()
