"""Files that are whole or not there: a full or read-only disk never leaves half of one in place of a whole one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class FileWriteError(OSError):
    """The file cannot be written; the message is one sentence for the user, and what was there before is untouched."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` beside ``path``, bring it to the disk, and only then put it in the place of what was there.

    Folders on the way are made.

    Raises:
        FileWriteError: the disk refused; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileWriteError(
            f"{path} cannot be written ({reason}); check the folder and the space on the disk."
        ) from error


def _write(path: Path, content: bytes) -> None:
    beside = path.parent / f".{path.name[:40]}.{secrets.token_hex(8)}.part"
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # The new name, too, must survive a power cut. Windows cannot open a folder, and does not need to.
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
