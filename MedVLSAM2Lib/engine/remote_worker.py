"""What ``medvlsam2 worker`` is: the parent of a worker for somebody who came in by SSH.

It hands its own pipes to the worker and waits. When the worker ends without its client having taken leave (a lost
connection, a crash), the volumes it was sent stay in memory for a while: who connects again need not send them again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from MedVLSAM2Lib.engine.kept_volumes import KeptVolumes
from MedVLSAM2Lib.engine.launcher import WORKER_MODULE

KEEP_S = 600.0
SIGNAL_OFFSET = 128
_LOOK_EVERY_S = 2.0
_CLOCK_S = 0.01  # what the clock of a file system may lag behind
_FORGOTTEN_S = 86400.0  # by a parent that was killed


def run_remote_worker(folder: Path, keep_s: float = KEEP_S, worker: Sequence[str] = ("-m", WORKER_MODULE)) -> int:
    """Be a worker on this process's stdin and stdout; its exit status, 128 and the signal's number when one ended it.

    Args:
        folder: where its volumes are kept.
        keep_s: for how long after a lost connection.
        worker: what the interpreter is told to run as the worker.
    """
    kept = KeptVolumes(folder)
    kept.forget_unused(time.time() - _FORGOTTEN_S)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    status = subprocess.Popen([sys.executable, *worker, "--keep", str(folder)]).wait()
    _forget_later(kept, keep_s)
    return status if status >= 0 else SIGNAL_OFFSET - status


def _forget_later(kept: KeptVolumes, keep_s: float) -> None:
    if not kept.digests():
        return
    ended = time.time() + _CLOCK_S
    if not hasattr(os, "fork"):
        kept.forget_unused(ended)
        return
    if os.fork() == 0:
        _let_go_of_the_line()
        # Who connects again counts as a use, and the volumes are theirs to forget.
        until = time.monotonic() + keep_s
        while time.monotonic() < until and kept.has_unused(ended):
            time.sleep(min(_LOOK_EVERY_S, keep_s))
        kept.forget_unused(ended)
        os._exit(0)


def _let_go_of_the_line() -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
