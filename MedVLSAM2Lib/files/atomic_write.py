"""Files and folders that are whole or not there: a full or read-only disk never puts half of one in place of a whole one."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileWriteError(OSError):
    """The file cannot be written; the message is one sentence for the user, and what was there before is untouched."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` beside ``path``, bring it to the disk, and only then put it in the place of what was there.

    Folders on the way are made.

    Raises:
        FileWriteError: the disk refused; nothing is left behind.
    """
    with file_beside(path) as beside, beside.open("wb") as file:
        file.write(content)


@contextmanager
def file_beside(path: Path, ending: str = ".part") -> Iterator[Path]:
    """An empty file beside ``path``, of a name with this ``ending``; what it is at the end takes the place of ``path``.

    Folders on the way are made.

    Raises:
        FileWriteError: for every OSError inside; what was there before is untouched, and nothing is left behind.
    """
    beside = path.parent / f".{path.name[:40]}.{secrets.token_hex(8)}{ending}"
    with _told_as(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            yield beside
            _sync(beside)
            if path.exists():
                beside.chmod(path.stat().st_mode & 0o777)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


@contextmanager
def folder_beside(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``; with all that is in it at the end it takes the place of ``folder``.

    What ``folder`` held is deleted then: the caller has made sure that it may be. Folders on the way are made.

    Raises:
        FileWriteError: for every OSError inside; what was there before is untouched, and nothing is left behind.
    """
    token = secrets.token_hex(8)
    beside, earlier = (folder.parent / f".{folder.name[:40]}.{token}.{end}" for end in ("part", "old"))
    with _told_as(folder):
        try:
            beside.mkdir(parents=True)
            yield beside
            for path in beside.rglob("*"):
                if path.is_file():
                    _sync(path)
            _swap(beside, folder, earlier)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        shutil.rmtree(earlier, ignore_errors=True)
        _sync_folder(folder.parent)


def _swap(beside: Path, folder: Path, earlier: Path) -> None:
    if not folder.exists():
        beside.rename(folder)
        return
    folder.rename(earlier)
    try:
        beside.rename(folder)
    except OSError:
        earlier.rename(folder)
        raise


@contextmanager
def _told_as(path: Path) -> Iterator[None]:
    try:
        yield
    except FileWriteError:
        raise
    except OSError as error:
        reason = _reason(error)
        raise FileWriteError(
            f"{path} cannot be written ({reason}); check the folder and the space on the disk."
        ) from error


def _reason(error: OSError) -> str:
    if isinstance(error, shutil.Error):  # of many files: the first
        return str(error.args[0][0][2]) if error.args and error.args[0] else "the copy failed"
    return error.strerror or type(error).__name__


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # The new name, too, must survive a power cut. Windows cannot open a folder, and does not need to.
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
