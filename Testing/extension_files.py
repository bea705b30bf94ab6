"""The files of the extension, as they lie in the tree and as CMake lists them.

``python Testing/extension_files.py`` prints what is missing from the lists and what they name in vain.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_LISTED = re.compile(r"^  ([\w./-]+\.\w+)$", re.MULTILINE)
_NOT_INSTALLED = {"CMakeLists.txt", "files.cmake"}


@dataclass(frozen=True)
class FileList:
    """A CMake file with a list of files, and the folders whose files it must list.

    ``base`` is what the list's paths are relative to; all three are relative to the repository.
    """

    cmake: str
    folders: tuple[str, ...]
    base: str

    def listed(self) -> list[str]:
        """The paths as they are listed."""
        return _LISTED.findall((ROOT / self.cmake).read_text("utf-8"))

    def present(self) -> list[str]:
        """The paths of the files that are there."""
        return sorted(path for folder in self.folders for path in _files_under(ROOT / folder, ROOT / self.base))

    def missing(self) -> list[str]:
        """Files that are there and not listed."""
        return sorted(set(self.present()) - set(self.listed()))

    def in_vain(self) -> list[str]:
        """Files that are listed and not there."""
        return sorted(set(self.listed()) - set(self.present()))


FILE_LISTS = (
    FileList("MedVLSAM2/CMakeLists.txt", ("MedVLSAM2",), "MedVLSAM2"),
    FileList("MedVLSAM2Lib/files.cmake", ("MedVLSAM2Lib",), "."),
    FileList(
        "Resources/files.cmake", ("Resources/checkpoints", "Resources/report_templates", "Resources/vocabulary"), "."
    ),
)


def _files_under(folder: Path, base: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in _NOT_INSTALLED and "__pycache__" not in path.parts:
            yield path.relative_to(base).as_posix()


def main() -> int:
    """Print the differences; 1 when there are any."""
    differences = [
        f"{file_list.cmake}: {sign} {path}\n"
        for file_list in FILE_LISTS
        for sign, paths in (("+", file_list.missing()), ("-", file_list.in_vain()))
        for path in paths
    ]
    sys.stdout.writelines(differences)
    return int(bool(differences))


if __name__ == "__main__":
    raise SystemExit(main())
