"""Running a program beside this one: its lines as they come, and an end at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from MedVLSAM2Lib.environment.errors import Cancelled, EnvironmentProblem

_KEPT_LINES = 200
_LONGEST_LINE = 1000
_LOOK_S = 0.1


def run_program(
    command: Sequence[str], variables: Mapping[str, str], told: Callable[[str], None], cancelled: Callable[[], bool]
) -> tuple[int, list[str]]:
    """Run ``command`` to its end: its exit status, and the last lines it wrote.

    Args:
        command: the program and its arguments; no shell is involved.
        variables: its whole environment.
        told: hears every line, on another thread.
        cancelled: asked ten times a second.

    Raises:
        Cancelled: ``cancelled()`` became true; the program and all that it started have ended.
        EnvironmentProblem: it cannot be started.
    """
    try:
        process = subprocess.Popen(
            command,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise EnvironmentProblem(f"{command[0]} could not be started ({error.strerror or error}).") from error
    kept: deque[str] = deque(maxlen=_KEPT_LINES)
    reader = threading.Thread(target=_read, args=(process, kept, told), name="medvlsam2-output", daemon=True)
    reader.start()
    _wait(process, cancelled)
    reader.join()
    if cancelled() and process.returncode:
        raise Cancelled("It was stopped; what was there before works as before.")
    return process.returncode, list(kept)


def _read(process: subprocess.Popen[str], kept: deque[str], told: Callable[[str], None]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            text = line.strip()[:_LONGEST_LINE]
            if text:
                kept.append(text)
                told(text)


def _wait(process: subprocess.Popen[str], cancelled: Callable[[], bool]) -> None:
    try:
        while process.poll() is None:
            try:
                process.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                if cancelled():
                    _end(process)
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[str]) -> None:
    """End it, and on systems with process groups all that it started: pip runs further programs."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
