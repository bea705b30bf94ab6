"""A process without a network: what reaches for one fails, and is written down. For workers, and for the tests' own process."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

_REACHES_OUT = {
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.gethostbyaddr", "urllib.Request", "ftplib.connect", "smtplib.connect", "http.client.connect",
}  # fmt: skip
WORKER = """
import sys
sys.path.insert(0, {testing!r})
from pathlib import Path
from tests.safety.no_network import Guard
Guard(Path({told!r})).watch()
from MedVLSAM2Lib.engine.worker import main
main()
"""
"""A worker of the project's own, under guard from its first import on."""


class NetworkUsedError(OSError):
    """Something reached for the network."""


class Guard:
    """Forbids every socket but those between processes of this machine, and writes down who wanted one.

    Python tells its audit hooks of sockets also where a C extension opens one through Python's own module.
    """

    def __init__(self, told: Path) -> None:
        self._told = told
        self.is_on = True

    def watch(self) -> None:
        """From now on; a hook cannot be taken away, only be switched off by ``is_on``."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        is_socket = event == "socket.__new__" and arguments[1] not in (socket.AF_UNIX, -1)
        if event in _REACHES_OUT or is_socket:
            with self._told.open("a", encoding="utf-8") as file:
                file.write(f"{event} {arguments[1:]!r}\n")
            raise NetworkUsedError(f"{event} is forbidden here")
