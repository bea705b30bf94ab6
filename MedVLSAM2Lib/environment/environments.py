"""The Python environments that this program made, each in a folder of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from MedVLSAM2Lib.catalogue.places import user_data_folder
from MedVLSAM2Lib.environment.base_python import python_of
from MedVLSAM2Lib.environment.errors import EnvironmentProblem
from MedVLSAM2Lib.environment.inspection import Inspection, PackageStatus
from MedVLSAM2Lib.environment.requirements import Requirement
from MedVLSAM2Lib.plain_json import parse_json

_NAME = re.compile(r"environment-(\d+)")
MARK = "medvlsam2-environment.json"
"""Lies in an environment that is complete."""


class Environments:
    """A folder with numbered environments.

    A new one never replaces an old one: what runs in the old one goes on running, and whatever fails leaves it whole.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Nothing is made yet; the folder is one of the user's own when None."""
        self.folder = folder or user_data_folder() / "environments"

    def new_folder(self) -> Path:
        """Where the next one goes."""
        numbers = [number for number, _ in self._numbered()]
        return self.folder / f"environment-{max(numbers, default=0) + 1}"

    def complete(self) -> tuple[Path, ...]:
        """Those that are complete, the newest last."""
        return tuple(folder for _, folder in sorted(self._numbered()) if (folder / MARK).is_file())

    def newest_python(self) -> Path | None:
        """The interpreter of the newest one that is complete."""
        complete = self.complete()
        return python_of(complete[-1]) if complete else None

    def remove(self, keep: Path | None = None) -> int:
        """Delete them all but ``keep``'s, complete or not; the bytes that are free again.

        Raises:
            EnvironmentProblem: the system does not let one go, on Windows because an engine runs in it.
        """
        freed = 0
        for _, folder in self._numbered():
            if keep is not None and keep.is_relative_to(folder):
                continue
            size = _size_of(folder)
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise EnvironmentProblem(
                    f"{folder} cannot be deleted ({error.strerror or error}); close Slicer and delete it by hand."
                ) from error
            freed += size
        return freed

    def size(self) -> int:
        """The bytes that they take."""
        return sum(_size_of(folder) for _, folder in self._numbered())

    def _numbered(self) -> list[tuple[int, Path]]:
        if not self.folder.is_dir():
            return []
        named = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return [(int(found[1]), path) for found, path in named if found is not None and path.is_dir()]


def mark_complete(folder: Path, python: str, packages: dict[str, str]) -> None:
    """Say in ``folder`` that the environment there is complete, and what is in it."""
    content = {"python": python, "packages": packages, "made": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / MARK).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def marked_inspection(python: Path, requirements: Iterable[Requirement]) -> Inspection:
    """What an environment that this program made has, as it was when it was made; nothing is run.

    Empty for an interpreter of another environment.
    """
    try:
        content = parse_json((python.parent.parent / MARK).read_text(encoding="utf-8"))
        packages = {str(name): str(version) for name, version in content["packages"].items()}
        found = tuple(PackageStatus(needed, packages.get(needed.name, "")) for needed in requirements)
        return Inspection(str(content["python"]), found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Inspection("", ())


def _size_of(folder: Path) -> int:
    return sum((Path(parent) / name).lstat().st_size for parent, _, names in os.walk(folder) for name in names)
