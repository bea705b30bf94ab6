"""Processes and their memory, as the system tells of them (Linux)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_MARK = "MEDVLSAM2_SOAK"
MIB = 2**20


@dataclass(frozen=True)
class Mark:
    """A variable that a worker and all that it starts inherit."""

    value: str

    @classmethod
    def new(cls) -> Mark:
        """One that no other process has."""
        return cls(uuid4().hex)

    @property
    def environment(self) -> Mapping[str, str]:
        """For a launcher."""
        return {_MARK: self.value}

    def living(self) -> list[int]:
        """The processes that bear it and have not ended."""
        sought = f"{_MARK}={self.value}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if sought in (folder / "environ").read_bytes() and not _is_zombie(folder):
                    found.append(int(folder.name))
        return found


def memory(process_id: int | None = None) -> int:
    """Bytes of memory that a process has now, shared pages included; this process if None."""
    return _status(process_id, "VmRSS")


def private_memory(process_id: int | None = None) -> int:
    """Bytes that are its own: neither files nor memory that is shared with others."""
    return _status(process_id, "RssAnon")


def peak_memory(process_id: int | None = None) -> int:
    """The most it ever had, in bytes; 0 when it has ended."""
    return _status(process_id, "VmHWM")


def _status(process_id: int | None, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process_id or os.getpid()}/status").read_text("utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0


def _is_zombie(folder: Path) -> bool:
    return (folder / "stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
