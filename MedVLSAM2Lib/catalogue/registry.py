"""What is installed: a small JSON file in the user's data folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from MedVLSAM2Lib.catalogue.errors import CatalogueError
from MedVLSAM2Lib.catalogue.installed import InstalledModel
from MedVLSAM2Lib.plain_json import parse_json

FORMAT_VERSION = 1


class Registry:
    """The models on this machine. The file is read anew at each question, so several programs may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def models(self) -> tuple[InstalledModel, ...]:
        """All of them; CatalogueError when the file is damaged."""
        if not self._path.exists():
            return ()
        try:
            content = parse_json(self._path.read_text(encoding="utf-8"))
            version = content["format_version"]
            models = tuple(InstalledModel.from_dict(values) for values in content["models"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CatalogueError(
                f"{self._path}, the list of installed models, is damaged ({error}); delete it and import the folders again."
            ) from error
        if version != FORMAT_VERSION:
            raise CatalogueError(
                f"{self._path} is of version {version}; this MedVLSAM2 reads version {FORMAT_VERSION}."
            )
        return models

    def of(self, name: str) -> tuple[InstalledModel, ...]:
        """Those of a catalogue entry, one a format."""
        return tuple(model for model in self.models() if model.name == name)

    def put(self, model: InstalledModel) -> None:
        """Add ``model``, or exchange it for the one of the same name and format."""
        self._write([*(known for known in self.models() if not _same(known, model)), model])

    def drop(self, model: InstalledModel) -> None:
        """Forget ``model``; its files stay."""
        self._write([known for known in self.models() if not _same(known, model)])

    def _write(self, models: Sequence[InstalledModel]) -> None:
        # Imported here: listing what there is needs no code for files of scans, which comes along.
        from MedVLSAM2Lib.files.atomic_write import write_atomically

        content = {"format_version": FORMAT_VERSION, "models": [model.to_dict() for model in models]}
        write_atomically(self._path, (json.dumps(content, indent=2) + "\n").encode())


def _same(one: InstalledModel, other: InstalledModel) -> bool:
    return (one.name, one.format) == (other.name, other.format)
