"""Which files of a folder are opened, as the kernel sees it: also by code that is not Python."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

import pytest

_IN_OPEN, _IN_ISDIR, _NONBLOCK = 0x20, 0x40000000, os.O_NONBLOCK if hasattr(os, "O_NONBLOCK") else 0
_EVENT = struct.Struct("iIII")


class OpenedFiles:
    """Watches folders (Linux' inotify) from when it is made until ``names`` is asked for."""

    def __init__(self, *folders: Path) -> None:
        if sys.platform != "linux":
            pytest.skip("only Linux tells which files are opened")
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(_NONBLOCK)
        for folder in folders:
            assert libc.inotify_add_watch(self._descriptor, str(folder).encode(), _IN_OPEN) >= 0

    def names(self) -> set[str]:
        """The files opened since it was made."""
        found: set[str] = set()
        while content := self._read():
            while content:
                _, mask, _, length = _EVENT.unpack_from(content)
                name = content[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode()
                if not mask & _IN_ISDIR and name:
                    found.add(name)
                content = content[_EVENT.size + length :]
        os.close(self._descriptor)
        return found

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, 65536)
        except BlockingIOError:
            return b""
