"""How a worker comes to life."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import strsignal
from typing import BinaryIO, Protocol, cast

from MedVLSAM2Lib.engine.failures import GPU_LOST_STATUS

WORKER_MODULE = "MedVLSAM2Lib.engine.worker"
_LOG_TAIL_BYTES = 8000
_SIGKILL = 9


class LaunchError(Exception):
    """The worker could not be started; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Ending:
    """How a worker ended.

    Attributes:
        reason: one sentence.
        log: the end of its log.
        is_blameless: whether nothing it was doing can be the cause: the line to it broke.
        is_hopeless: whether starting it again is of no use before somebody has done something.
    """

    reason: str
    log: str = ""
    is_blameless: bool = False
    is_hopeless: bool = False


class WorkerProcess(Protocol):
    """A running worker, seen from outside."""

    @property
    def to_worker(self) -> BinaryIO:
        """Where frames for it are written."""
        ...

    @property
    def from_worker(self) -> BinaryIO:
        """Where its frames are read."""
        ...

    def end(self, patience_s: float = 0.0) -> int:
        """End it when it has not ended by itself after ``patience_s``; its exit status once it is gone."""
        ...

    def ending(self, status: int) -> Ending:
        """What its exit status, as ``end`` told it, means."""
        ...

    def dispose(self) -> None:
        """Close the streams and remove what the launch left behind; it has ended."""
        ...


class WorkerLauncher(Protocol):
    """Starts workers: here, in another Python environment, on another machine."""

    @property
    def is_remote(self) -> bool:
        """Whether its workers are on another machine: volumes are packed, and kept there beyond a lost connection."""
        ...

    @property
    def shares_memory(self) -> bool:
        """Whether its workers can map this process's shared memory."""
        ...

    def folder_there(self, folder: Path) -> str:
        """What its workers call a checkpoint folder; empty for the one that comes with them."""
        ...

    def launch(self) -> WorkerProcess:
        """Start a worker; LaunchError when that does not work."""
        ...


class LocalLauncher:
    """Starts the worker on this machine as a child process."""

    def __init__(
        self,
        python: Path | None = None,
        *,
        arguments: Sequence[str] = ("-m", WORKER_MODULE),
        base: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        threads: int | None = None,
        log_file: Path | None = None,
        shares_memory: bool = True,
    ) -> None:
        """Nothing is started yet.

        Args:
            python: the interpreter; the running one, or Slicer's ``PythonSlicer``, when None.
            arguments: what the interpreter is told to run.
            base: the worker's environment variables; this process's own when None.
            environment: variables set for the worker on top of these.
            threads: how many threads it computes with; its own choice when None.
            log_file: appended to with all that the worker prints; a temporary file when None.
            shares_memory: False sends volumes through the pipe.
        """
        self._python = python
        self._arguments = tuple(arguments)
        self._base = None if base is None else dict(base)
        self._environment = dict(environment or {})
        self._threads = threads
        self._log_file = log_file
        self._shares_memory = shares_memory

    @property
    def shares_memory(self) -> bool:
        """Whether volumes go through shared memory."""
        return self._shares_memory

    @property
    def is_remote(self) -> bool:
        """Its workers are on this machine."""
        return False

    def folder_there(self, folder: Path) -> str:
        """The same folder."""
        return str(folder)

    def launch(self) -> LocalWorkerProcess:
        """Start a worker; LaunchError when the interpreter is not there or does not run."""
        python = self._python or running_python()
        try:
            return LocalWorkerProcess([str(python), *self._arguments], self._variables(), self._log_file)
        except OSError as error:
            raise LaunchError(
                f"The engine could not be started with {python} ({error.strerror or error}); "
                "choose another Python for it and start it again."
            ) from error

    def _variables(self) -> dict[str, str]:
        library = str(Path(__file__).resolve().parents[2])
        base = os.environ if self._base is None else self._base
        variables = {**base, "PYTHONUTF8": "1", "PYTHONFAULTHANDLER": "1", **self._environment}
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, [library, variables.get("PYTHONPATH", "")]))
        if self._threads is not None:
            variables |= {"OMP_NUM_THREADS": str(self._threads), "MKL_NUM_THREADS": str(self._threads)}
        return variables


class LocalWorkerProcess:
    """A worker that is a child process of this one."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log_file: Path | None) -> None:
        """Start ``command``; OSError when that does not work."""
        self._log_file = log_file or _temporary_log()
        self._remove_log = weakref.finalize(self, _remove, None if log_file else self._log_file)
        self._log_start = self._log_file.stat().st_size if self._log_file.exists() else 0
        self._was_killed = False
        try:
            with self._log_file.open("ab") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=dict(environment),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError:
            self._remove_log()
            raise
        self.to_worker = cast("BinaryIO", self._process.stdin)
        self.from_worker = cast("BinaryIO", self._process.stdout)

    @property
    def process_id(self) -> int:
        """The system's number of the process."""
        return self._process.pid

    def end(self, patience_s: float = 0.0) -> int:
        """End it when it has not ended by itself after ``patience_s``; its exit status, negative for a signal."""
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._was_killed = True
            self._process.kill()
            return self._process.wait()

    def ending(self, status: int) -> Ending:
        """What its exit status means."""
        if self._was_killed:
            reason = "The engine stopped unexpectedly."
        elif status == -_SIGKILL:
            reason = "The engine was ended by the system, most likely for want of memory."
        elif status == GPU_LOST_STATUS:
            reason = "The engine lost its GPU."
        elif status < 0:
            reason = f"The engine crashed ({strsignal(-status) or 'signal'}, {-status})."
        else:
            reason = f"The engine stopped unexpectedly (exit status {status})."
        return Ending(reason, self.log_tail())

    def log_tail(self) -> str:
        """The end of what it wrote to stderr, and to stdout beside the frames."""
        if not self._log_file.exists():
            return ""
        with self._log_file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, size - _LOG_TAIL_BYTES))
            return log.read().decode(errors="replace").strip()

    def dispose(self) -> None:
        """Close the pipes and remove a temporary log."""
        for stream in (self.to_worker, self.from_worker):
            with suppress(OSError):  # what was still buffered has nobody left to read it
                stream.close()
        self._remove_log()


def running_python() -> Path:
    """An interpreter with this process's packages; LaunchError when there is none.

    Where Slicer embeds Python, ``sys.executable`` is Slicer; its interpreter, PythonSlicer, is on its PATH.
    """
    if sys.executable and Path(sys.executable).stem.lower().startswith("python"):
        return Path(sys.executable)
    found = shutil.which("PythonSlicer")
    if found is None:
        raise LaunchError("No Python was found to start the engine with; choose one and start it again.")
    return Path(found)


def _remove(file: Path | None) -> None:
    if file is not None:
        with suppress(OSError):  # a worker that is still there may hold it open
            file.unlink()


def _temporary_log() -> Path:
    descriptor, path = tempfile.mkstemp(prefix="medvlsam2-worker-", suffix=".log")
    os.close(descriptor)
    return Path(path)
