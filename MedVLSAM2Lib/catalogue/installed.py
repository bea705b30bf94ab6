"""A model that is on this machine, and the files it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any


class Origin(Enum):
    """How a model came to be where it is, which decides what removing it may delete."""

    DOWNLOADED = "downloaded"
    COPIED = "copied"
    IN_PLACE = "in place"


@dataclass(frozen=True)
class InstalledFile:
    """A file as it was when it arrived.

    Attributes:
        path: within the model's folder, with slashes.
        size: in bytes.
        sha256: of its content.
        ours: whether this program put it there; what others put into a shared cache is theirs to delete.
    """

    path: str
    size: int
    sha256: str
    ours: bool


@dataclass(frozen=True)
class InstalledModel:
    """One format of one catalogue entry on this machine.

    Attributes:
        name: the catalogue entry's.
        format: the format's name.
        folder: where its files are.
        origin: how it came there.
        repo_id: the repository it is from, where that is known.
        revision: the commit of the repository, where that is known.
        licence: the tag of the licence the user accepted.
        added: when, in ISO 8601 and UTC.
        complete: whether every file has arrived.
        files: those that have.
    """

    name: str
    format: str
    folder: Path
    origin: Origin
    repo_id: str
    revision: str
    licence: str
    added: str
    complete: bool
    files: tuple[InstalledFile, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Of the files that have arrived."""
        return sum(file.size for file in self.files)

    def with_file(self, file: InstalledFile) -> InstalledModel:
        """The same with ``file`` added, or exchanged for the one of that path."""
        others = tuple(known for known in self.files if known.path != file.path)
        return replace(self, files=(*others, file))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "folder": str(self.folder), "origin": self.origin.value}

    def check(self) -> None:
        """ValueError unless all its fields are what they must be, and its files lie in its folder."""
        texts = (self.name, self.format, self.repo_id, self.revision, self.licence, self.added)
        if not all(isinstance(text, str) for text in texts) or not isinstance(self.complete, bool):
            raise ValueError("a field is not what it must be")
        for file in self.files:
            if not isinstance(file.path, str) or not is_inside(file.path):
                raise ValueError("a file lies outside its model's folder")
            if type(file.size) is not int or not isinstance(file.sha256, str) or not isinstance(file.ours, bool):
                raise ValueError("a file is not described as it must be")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> InstalledModel:
        """The model from ``to_dict``'s values; KeyError, TypeError or ValueError when they are not such."""
        files = tuple(InstalledFile(**file) for file in values["files"])
        folder, origin = Path(values["folder"]), Origin(values["origin"])
        model = cls(**{**values, "folder": folder, "origin": origin, "files": files})
        model.check()
        return model


def is_inside(path: str) -> bool:
    """Whether a relative path, with slashes, stays inside the folder that it is relative to, on every system."""
    posix, windows = PurePosixPath(path), PureWindowsPath(path)
    leads_out = posix.is_absolute() or windows.is_absolute() or windows.drive or ".." in windows.parts
    return bool(posix.parts) and not leads_out and "\0" not in path
