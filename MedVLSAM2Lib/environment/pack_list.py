"""What lies in a folder for a machine without a network: every file, with its hash."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.catalogue.digests import sha256_of
from MedVLSAM2Lib.catalogue.installed import is_inside
from MedVLSAM2Lib.catalogue.manifest import BundledFile
from MedVLSAM2Lib.environment.errors import EnvironmentProblem
from MedVLSAM2Lib.plain_json import parse_json

LIST_NAME = "medvlsam2-pack.json"
FORMAT_VERSION = 1
WHEELS, MODELS, CHECKPOINTS = "wheels", "models", "checkpoints"


@dataclass(frozen=True)
class PackList:
    """All that is in the folder.

    Attributes:
        version: of MedVLSAM2 that wrote it.
        python: for which Python its packages are, ``3.12`` say.
        platform: for which system, as pip names it.
        files: every one of them, the list aside.
    """

    version: str
    python: str
    platform: str
    files: tuple[BundledFile, ...]

    def check(self) -> None:
        """TypeError or ValueError unless all fields are what they must be, and its files lie in the folder."""
        if not all(isinstance(text, str) for text in (self.version, self.python, self.platform)):
            raise TypeError("a field is no text")
        for file in self.files:
            if not isinstance(file.path, str) or not is_inside(file.path):
                raise ValueError(f"{str(file.path)[:80]!r} lies outside the folder")
            if not isinstance(file.size, int) or not isinstance(file.sha256, str):
                raise TypeError(f"{file.path[:80]!r} is not described as it must be")


def list_files(folder: Path) -> tuple[BundledFile, ...]:
    """Every file under ``folder``, in order, the list itself aside."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LIST_NAME)
    return tuple(BundledFile(p.relative_to(folder).as_posix(), p.stat().st_size, sha256_of(p)) for p in paths)


def write_list(folder: Path, contents: PackList) -> None:
    """Put the list into ``folder``."""
    text = json.dumps({"format_version": FORMAT_VERSION, **asdict(contents)}, indent=2, ensure_ascii=False)
    (folder / LIST_NAME).write_text(text + "\n", encoding="utf-8")


def read_list(folder: Path) -> PackList:
    """The list in ``folder``; EnvironmentProblem when there is none, or none that can be read."""
    path = folder / LIST_NAME
    if not path.is_file():
        raise EnvironmentProblem(
            f"{folder} has no {LIST_NAME} in it; choose a folder that medvlsam2 environment pack wrote."
        )
    try:
        content: dict[str, Any] = parse_json(path.read_text(encoding="utf-8"))
        version = content.pop("format_version")
        found = PackList(**{**content, "files": tuple(BundledFile(**file) for file in content["files"])})
        found.check()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EnvironmentProblem(f"{path} is damaged ({error}); copy the folder again.") from error
    if version != FORMAT_VERSION:
        raise EnvironmentProblem(f"{path} is of version {version}; this MedVLSAM2 reads version {FORMAT_VERSION}.")
    return found


def check_files(folder: Path, contents: PackList) -> None:
    """EnvironmentProblem unless every file of the list is there as it was written, and no wheel that is not in it."""
    inside = folder.resolve()
    for file in contents.files:
        path = folder / file.path
        if not path.is_file():
            raise EnvironmentProblem(f"{folder} lacks {file.path}; copy it again.")
        if not path.resolve().is_relative_to(inside):
            raise EnvironmentProblem(f"{file.path} in {folder} is a link that leads out of it; copy it again.")
        if path.stat().st_size != file.size or sha256_of(path) != file.sha256:
            raise EnvironmentProblem(f"{file.path} in {folder} has changed since it was written; copy it again.")
    listed = {file.path for file in contents.files}
    for path in sorted((folder / WHEELS).glob("*")):
        if path.relative_to(folder).as_posix() not in listed:
            raise EnvironmentProblem(
                f"{path.name} in {folder} is not in its list; delete it, or copy the folder again."
            )
