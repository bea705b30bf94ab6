"""Files of a sitting that are there again after a crash, and gone after a clean end."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from MedVLSAM2Lib.files.atomic_write import FileWriteError, write_atomically

_NAME = "MedVLSAM2-autosave"
_LOCK, _SESSION = ".lock", ".session"


@dataclass(frozen=True)
class LeftBehind:
    """What a sitting left that never ended.

    Attributes:
        path: its file.
        subject: what it is about, as it was written (``AutosaveFolder.write``).
        saved: when.
    """

    path: Path
    subject: str
    saved: datetime


class AutosaveFolder:
    """A folder for all sittings of one user; each holds a lock that the system takes away when its process ends.

    Args:
        temporary: the application's temporary folder; nothing is made in it before the first write.
    """

    def __init__(self, temporary: Path) -> None:
        self._folder = temporary / _NAME
        self._token = secrets.token_hex(8)
        self._lock: IO[bytes] | None = None

    def write(self, subject: str, content: bytes) -> None:
        """Keep ``content`` about ``subject`` in place of what was kept of it; FileWriteError when the disk refuses."""
        try:
            self._hold()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FileWriteError(
                f"{self._folder} cannot be written ({reason}); check the folder and the space on the disk."
            ) from error
        write_atomically(self._folder / f"{self._token}.{subject}{_SESSION}", content)

    def clear(self) -> None:
        """Remove what this sitting keeps."""
        for path in self._folder.glob(f"{self._token}.*{_SESSION}"):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove what this sitting keeps, and its lock."""
        self.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            (self._folder / f"{self._token}{_LOCK}").unlink(missing_ok=True)

    def left_behind(self) -> tuple[LeftBehind, ...]:
        """What sittings left that ended without closing, the latest first."""
        if not _is_ours_alone(self._folder):
            return ()
        found = []
        for path in self._folder.glob(f"*{_SESSION}"):
            token, _, subject = path.name.removesuffix(_SESSION).partition(".")
            if token != self._token and self._has_ended(token):
                found.append(LeftBehind(path, subject, datetime.fromtimestamp(path.stat().st_mtime, UTC)))
        return tuple(sorted(found, key=lambda one: one.saved, reverse=True))

    def discard(self, left: LeftBehind) -> None:
        """Remove what was left."""
        left.path.unlink(missing_ok=True)
        token = left.path.name.partition(".")[0]
        if not any(self._folder.glob(f"{token}.*{_SESSION}")):
            (self._folder / f"{token}{_LOCK}").unlink(missing_ok=True)

    def _hold(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours_alone(self._folder):
            raise PermissionError(1, "it belongs to somebody else")
        if self._lock is None:
            lock = (self._folder / f"{self._token}{_LOCK}").open("wb")
            _try_to_lock(lock)
            self._lock = lock

    def _has_ended(self, token: str) -> bool:
        path = self._folder / f"{token}{_LOCK}"
        if not path.exists():
            return True
        try:
            with path.open("r+b") as lock:
                return _try_to_lock(lock)
        except OSError:
            # It cannot be told: whoever holds it may be at work.
            return False


def _is_ours_alone(folder: Path) -> bool:
    """Whether the folder is there and no other user of the machine can have put anything into it."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    if os.name != "posix":
        return True
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def _try_to_lock(file: IO[bytes]) -> bool:
    """Whether the lock was free; it is held until the file is closed, or the process ends however it ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
