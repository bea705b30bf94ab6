"""How a worker of the tests behaves: a file that a test writes and the worker reads, and the trouble it gets into."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

_LINE = 100
"""The descriptor that troubled workers keep to write to their client past all order."""


class Behaviour:
    """``behaviour.json`` in a checkpoint's folder.

    ``pause_s`` is the time each step takes; ``trouble`` has its ``kind``, the place ``at`` which it strikes, and how many
    ``times``. The kinds: ``die`` (SIGKILL), ``hang``, ``stop`` (SIGSTOP: not even a ping is answered), ``memory`` (says
    so), ``allocate`` (takes more than a limit allows), ``error``, ``gpu`` (it is gone), ``print``, ``rubbish`` and ``half``
    (what arrives at the client is no message, or half of one).
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "behaviour.json"

    def read(self) -> dict[str, Any]:
        """How to behave now."""
        content: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
        return content

    def pause(self) -> None:
        """Take the time that a step takes."""
        time.sleep(self.read().get("pause_s", 0.0))

    def strike(self, place: float | str) -> None:
        """Get into trouble, if there is some at this place."""
        behaviour = self.read()
        trouble = behaviour.get("trouble")
        if trouble is None or trouble["times"] < 1 or trouble["at"] != place:
            return
        trouble["times"] -= 1
        self._file.write_text(json.dumps(behaviour))
        _TROUBLES[trouble["kind"]]()


def keep_line() -> None:
    """Keep a way to write to the client; before the worker claims its streams."""
    os.dup2(1, _LINE)


def _hang() -> None:
    time.sleep(1000)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _run_out_of_memory() -> None:
    raise MemoryError


def _allocate() -> None:
    taken = [bytearray(2**26) for _ in range(2**10)]
    raise AssertionError(f"{len(taken)} times 64 MiB were there; the test has set no limit")


def _fail() -> None:
    raise ZeroDivisionError("a bug")


def _lose_gpu() -> None:
    raise RuntimeError("CUDA error: unspecified launch failure")


def _print() -> None:
    sys.stdout.write("a library that prints\n")
    os.write(1, b"one that writes to the file descriptor\n")


def _send_rubbish() -> None:
    os.write(_LINE, b"HTTP/1.1 400 Bad Request\r\n\r\n")
    _hang()


def _send_half() -> None:
    os.write(_LINE, b"MVS2" + (1000).to_bytes(4, "little") + bytes(4) + b'{"is":"Result","request"')
    _die()


_TROUBLES = {
    "hang": _hang,
    "die": _die,
    "stop": _stop,
    "memory": _run_out_of_memory,
    "allocate": _allocate,
    "error": _fail,
    "gpu": _lose_gpu,
    "print": _print,
    "rubbish": _send_rubbish,
    "half": _send_half,
}
