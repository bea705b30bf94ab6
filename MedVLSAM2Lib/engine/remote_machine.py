"""Where a remote worker runs, as a person types it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from MedVLSAM2Lib.engine.launcher import LaunchError

_ADDRESS = re.compile(r"(?:[\w.+-]+@)?[\w.-]+|(?:[\w.+-]+@)?\[[0-9A-Fa-f:.]+\]", re.ASCII)
_LARGEST_PORT = 65535


@dataclass(frozen=True)
class RemoteMachine:
    """A machine that SSH reaches and that has MedVLSAM2 installed.

    Attributes:
        address: as for ``ssh``: ``host``, ``user@host``, or a name from ``~/.ssh/config``.
        port: of the SSH server; None for what ``~/.ssh/config`` says, else 22.
        command: the program there; with a path (``~/medvlsam2/bin/medvlsam2``) where it is not on the PATH.
    """

    address: str
    port: int | None = None
    command: str = "medvlsam2"

    def __post_init__(self) -> None:
        """LaunchError for what cannot be an address, a port or a command."""
        # A name that begins with a dash would be an option of ssh; signs of a shell could reach a ProxyCommand.
        if not _ADDRESS.fullmatch(self.address) or self.address.startswith("-"):
            raise LaunchError("Write the remote machine as host, user@host or user@host:port.")
        if self.port is not None and not 0 < self.port <= _LARGEST_PORT:
            raise LaunchError(f"The port of the remote machine must be a number from 1 to {_LARGEST_PORT}.")
        if not self.command.strip() or not self.command.isprintable():
            raise LaunchError("Write the command of the remote machine as a path, or leave it at medvlsam2.")

    @classmethod
    def parse(cls, text: str, command: str = "medvlsam2") -> RemoteMachine:
        """The machine typed as ``host``, ``user@host`` or ``user@host:port``; LaunchError when it is none of these."""
        address, colon, port = text.strip().rpartition(":")
        if not colon or port.endswith("]"):  # the colons of an IPv6 address stand in brackets
            return cls(text.strip(), None, command)
        if not (port.isascii() and port.isdigit()):
            raise LaunchError(f"The port of the remote machine must be a number from 1 to {_LARGEST_PORT}.")
        return cls(address, int(port), command)

    def __str__(self) -> str:
        """As it is typed."""
        return self.address if self.port is None else f"{self.address}:{self.port}"
