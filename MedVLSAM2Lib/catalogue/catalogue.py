"""The catalogue of published weights: ``entries.json``, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.catalogue.entry import CatalogueEntry, FileFormat, Licence, MemoryNeed
from MedVLSAM2Lib.catalogue.errors import CatalogueError

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Catalogue:
    """All entries, in the order in which they are shown."""

    entries: tuple[CatalogueEntry, ...]

    def entry(self, name: str) -> CatalogueEntry:
        """The entry of that name or hub repository; CatalogueError, with the names there are, when there is none."""
        for entry in self.entries:
            if name and name in (entry.name, entry.repo_id):
                return entry
        names = ", ".join(entry.name for entry in self.entries)
        raise CatalogueError(f"There is no model {name!r} in the catalogue; choose one of {names}.")

    def smaller_than(self, entry: CatalogueEntry) -> tuple[CatalogueEntry, ...]:
        """Those of the same kind and authors that hold fewer parameters, largest first."""
        family = [one for one in self.entries if (one.kind, one.owner) == (entry.kind, entry.owner)]
        smaller = [one for one in family if one.parameters < entry.parameters]
        return tuple(sorted(smaller, key=lambda one: one.parameters, reverse=True))


def file_format(entry: CatalogueEntry, name: str | None) -> FileFormat:
    """The format of that name, the preferred one for None; CatalogueError when the entry is not published in it."""
    for candidate in entry.formats:
        if name in (None, candidate.name):
            return candidate
    names = ", ".join(candidate.name for candidate in entry.formats)
    raise CatalogueError(f"{entry.title} is not published as {name!r}; choose one of {names}.")


def read_catalogue(path: Path | None = None) -> Catalogue:
    """The catalogue in ``path``, or the one that comes with the library."""
    path = path or Path(__file__).with_name("entries.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["format_version"] != FORMAT_VERSION:
        raise CatalogueError(f"{path} has format version {content['format_version']}, not {FORMAT_VERSION}.")
    return Catalogue(tuple(_entry(values) for values in content["models"]))


def _entry(values: Mapping[str, Any]) -> CatalogueEntry:
    return CatalogueEntry(
        name=values["name"],
        title=values["title"],
        kind=values["kind"],
        repo_id=values["repo_id"],
        licence=Licence(**values["licence"]),
        formats=tuple(_format(item) for item in values["formats"]),
        capabilities=tuple(values["capabilities"]),
        parameters=values["parameters"],
        image_size=values["image_size"],
        memory=MemoryNeed(**values["memory"]),
        trained_on=tuple(values["trained_on"]),
        sources=dict(values["sources"]),
        unverified=tuple(values["unverified"]),
    )


def _format(values: Mapping[str, Any]) -> FileFormat:
    return FileFormat(
        values["name"], tuple(values["files"]), tuple(values.get("optional", ())), values.get("size_bytes")
    )
