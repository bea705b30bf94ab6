"""Volumes that a remote worker keeps in memory, for the time that a lost connection takes to come back."""

from __future__ import annotations

import mmap
import os
import re
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENDING = ".voxels"
_OTHERS = 0o077


class KeptVolumes:
    """A folder of voxels, each file named by their digest, that nobody but this user may read.

    Nothing of the patient's stands there but the voxels. What is not taken up again for a while is deleted by whoever
    calls ``forget_unused``.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is read or made yet."""
        self._folder = folder

    def digests(self) -> tuple[str, ...]:
        """What is there; from now on it counts as used."""
        found = []
        for path in self._files():
            with suppress(OSError):
                os.utime(path)
                found.append(path.name.removesuffix(_ENDING))
        return tuple(sorted(found))

    def open(self, digest: str) -> mmap.mmap | None:
        """The voxels, mapped; None where they are not there any more."""
        path = self._path(digest)
        if path is None:
            return None
        with suppress(OSError, ValueError):
            os.utime(path)
            with path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return None

    def keep(self, digest: str, fill: Callable[[Callable[[bytes], object]], None]) -> mmap.mmap | None:
        """The voxels that ``fill`` writes, mapped; None where there is no room for them or the folder cannot be used.

        What ``fill`` raises is raised, and nothing is kept then.
        """
        path = self._path(digest)
        if path is None or not self._is_private():
            return None
        temporary = path.with_suffix(f".{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                fill(file.write)
            temporary.replace(path)
        except OSError:
            return None
        finally:
            temporary.unlink(missing_ok=True)
        return self.open(digest)

    def forget(self, digest: str) -> None:
        """Delete these voxels; who has mapped them keeps them."""
        path = self._path(digest)
        if path is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def has_unused(self, since: float) -> bool:
        """Whether there is anything that nobody used since that time, in seconds of ``time.time``."""
        return bool(self._unused(since))

    def forget_unused(self, since: float) -> None:
        """Delete what nobody used since that time, in seconds of ``time.time``."""
        for path in self._unused(since):
            with suppress(OSError):
                path.unlink()

    def _unused(self, since: float) -> list[Path]:
        unused = []
        for path in self._folder.iterdir() if self._folder.is_dir() and self._is_private() else ():
            with suppress(OSError):  # another process was quicker
                if path.stat().st_mtime < since:
                    unused.append(path)
        return unused

    def _files(self) -> list[Path]:
        if not self._folder.is_dir() or not self._is_private():
            return []
        return [path for path in self._folder.iterdir() if self._path(path.name.removesuffix(_ENDING))]

    def _path(self, digest: str) -> Path | None:
        return self._folder / f"{digest}{_ENDING}" if _DIGEST.fullmatch(digest) else None

    def _is_private(self) -> bool:
        """Whether the folder is this user's alone; it is made when it is not there."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            found = self._folder.lstat()
        except OSError:
            return False
        if not hasattr(os, "getuid"):
            return True  # a user's own temporary folder
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & _OTHERS


def usual_folder() -> Path:
    """Where a remote worker keeps volumes: in memory where the system has such a place."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    return place / f"medvlsam2-{os.getuid() if hasattr(os, 'getuid') else 'volumes'}"
