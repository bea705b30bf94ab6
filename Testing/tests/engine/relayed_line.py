"""A line between two ports of this machine that can be cut, and that is as slow as one likes."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

_PIECE = 16384


class RelayedLine:
    """Listens on ``port`` and hands everything on to the port given.

    Attributes:
        port: where to connect to.
        sent: bytes that went from who connected to who listens.
        bytes_per_s: how fast they go; as fast as they can when None.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._ends: list[socket.socket] = []
        self.sent = 0
        self.bytes_per_s: float | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_up = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break all connections; new ones are let through."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def take_down(self) -> None:
        """Break all connections, and every new one at once."""
        self._is_up = False
        self.cut()

    def put_up(self) -> None:
        """Let connections through again."""
        self._is_up = True

    def close(self) -> None:
        """The end of the line."""
        with suppress(OSError):  # wakes who waits for the next connection
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._is_up:
                    near.close()
                    continue
                near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PIECE)
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                threading.Thread(target=self._hand_on, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._hand_on, args=(far, near, False), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_PIECE):
                if counts:
                    self.sent += len(data)
                    if self.bytes_per_s is not None:
                        time.sleep(len(data) / self.bytes_per_s)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
