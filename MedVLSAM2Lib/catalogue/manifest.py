"""What lies in a bundle beside its files: where they are from, and their hashes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from MedVLSAM2Lib.catalogue.errors import CatalogueError
from MedVLSAM2Lib.catalogue.installed import InstalledFile, is_inside
from MedVLSAM2Lib.plain_json import parse_json

MANIFEST_NAME = "medvlsam2-bundle.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class BundledFile:
    """A file that is carried: its path within the folder, with slashes, its bytes and its SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A bundle: one format of one catalogue entry, from one commit, under one licence."""

    name: str
    format: str
    repo_id: str
    revision: str
    licence: str
    licence_url: str
    files: tuple[BundledFile, ...]

    def write(self, folder: Path) -> None:
        """Put it into ``folder``."""
        content = {"format_version": FORMAT_VERSION, **asdict(self)}
        (folder / MANIFEST_NAME).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def check(self) -> None:
        """TypeError or ValueError unless all fields are what they must be, and its files lie in the bundle."""
        texts = {name: value for name, value in vars(self).items() if name != "files"}
        texts |= {f"files[{n}].path": file.path for n, file in enumerate(self.files)}
        texts |= {f"files[{n}].sha256": file.sha256 for n, file in enumerate(self.files)}
        for name, value in texts.items():
            if not isinstance(value, str):
                raise TypeError(f"{name} is no text")
        for file in self.files:
            if not is_inside(file.path):
                raise ValueError(f"{file.path[:80]!r} lies outside the bundle")

    def installed_files(self, ours: bool) -> tuple[InstalledFile, ...]:
        """Its files as a registry keeps them."""
        return tuple(InstalledFile(file.path, file.size, file.sha256, ours) for file in self.files)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in ``folder``; None when there is none, CatalogueError when it is damaged."""
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        version = content.pop("format_version")
        files = tuple(BundledFile(**file) for file in content.pop("files"))
        manifest = Manifest(**content, files=files)
        manifest.check()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogueError(f"{path} is damaged ({error}); copy the bundle again.") from error
    if version != FORMAT_VERSION:
        raise CatalogueError(f"{path} is of version {version}; this MedVLSAM2 reads version {FORMAT_VERSION}.")
    return manifest
