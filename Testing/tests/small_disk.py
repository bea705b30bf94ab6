"""A real file system with little room on it, for tests that are run by somebody who may mount one."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path


class SmallDisk:
    """A file system in memory at ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, size: str) -> bool:
        """Whether it could be mounted with room for ``size``, ``"64k"`` say."""
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(self.folder)]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def fill(self) -> Path:
        """Somebody else's file takes all the room there is; the file."""
        path = self.folder / "filler"
        with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        return path

    def make_read_only(self) -> None:
        """Nothing can be written there from now on, not even by the superuser."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)

    def make_larger(self, size: str) -> None:
        """Somebody made room."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)

    def unmount(self) -> None:
        """The end of it."""
        subprocess.run(["umount", "-l", str(self.folder)], check=True)
