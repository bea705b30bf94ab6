"""Folders with weights, in whichever way they were carried here: the hub's cache, a bundle of ours, or plain files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.catalogue.catalogue import Catalogue
from MedVLSAM2Lib.catalogue.entry import CatalogueEntry, FileFormat
from MedVLSAM2Lib.catalogue.errors import CatalogueError
from MedVLSAM2Lib.catalogue.manifest import Manifest, read_manifest

_REPOSITORY_PREFIX = "models--"
# Two sizes of one architecture differ by a fifth at least; headers and optional files by far less than this.
_SIZE_TOLERANCE = 0.05


@dataclass(frozen=True)
class LocalFolder:
    """A folder with the files of one model.

    Attributes:
        folder: where the files are.
        repo_id: the repository they are from, where the folder tells; else empty.
        revision: its commit, likewise.
        manifest: what a bundle says of its files; None for other folders.
    """

    folder: Path
    repo_id: str = ""
    revision: str = ""
    manifest: Manifest | None = None

    def paths(self) -> tuple[str, ...]:
        """All files, relative and with slashes."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return tuple(sorted(path.relative_to(self.folder).as_posix() for path in files))

    def check_links(self, paths: Iterable[str]) -> None:
        """CatalogueError when a file of a bundle is a link out of it; in a cache of the hub all files are links."""
        if self.manifest is None:
            return
        inside = self.folder.resolve()
        for path in paths:
            if not (self.folder / path).resolve().is_relative_to(inside):
                raise CatalogueError(
                    f"{path} in the bundle {self.folder} is a link that leads out of it; copy it again."
                )


@dataclass(frozen=True)
class Recognised:
    """Which model in which format a folder holds."""

    entry: CatalogueEntry
    file_format: FileFormat
    paths: tuple[str, ...]


def find_local_folder(folder: Path) -> LocalFolder:
    """What ``folder`` is; CatalogueError when it is not there, or a cache with nothing in it to choose."""
    if not folder.is_dir():
        raise CatalogueError(f"There is no folder {folder}; check the path.")
    manifest = read_manifest(folder)
    if manifest is not None:
        return LocalFolder(folder, manifest.repo_id, manifest.revision, manifest)
    repositories = [path for path in sorted(folder.glob(f"{_REPOSITORY_PREFIX}*")) if path.is_dir()]
    if folder.name.startswith(_REPOSITORY_PREFIX) and (folder / "snapshots").is_dir():
        repositories = [folder]
    if len(repositories) > 1:
        raise CatalogueError(
            f"{folder} is a cache with {len(repositories)} models; choose one of its models-- folders."
        )
    if repositories:
        return _snapshot_of(repositories[0])
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith(_REPOSITORY_PREFIX):
        return LocalFolder(folder, _repo_id(folder.parent.parent), folder.name)
    return LocalFolder(folder)


def recognise(catalogue: Catalogue, found: LocalFolder, name: str | None) -> Recognised:
    """Which entry's files ``found`` holds; CatalogueError when none's or several's.

    Args:
        catalogue: where to look.
        found: the folder.
        name: the entry the user says it is; None to find out.
    """
    paths = found.paths()
    entries = [catalogue.entry(name)] if name else _possible(catalogue, found)
    complete = [
        Recognised(entry, candidate, candidate.chosen(paths))
        for entry in entries
        for candidate in entry.formats
        if _is_of_bundle(found, entry, candidate) and not candidate.lacking(paths)
    ]
    if not name and len(complete) > 1:
        complete = [match for match in complete if _size_fits(found, match)]
    if len({match.entry.name for match in complete}) > 1:
        names = ", ".join(match.entry.name for match in complete)
        raise CatalogueError(f"The files in {found.folder} could be those of {names}; say which with --name.")
    if not complete:
        raise CatalogueError(_what_is_lacking(found, entries, paths))
    return complete[0]


def _snapshot_of(repository: Path) -> LocalFolder:
    main = repository / "refs" / "main"
    snapshots = sorted(path for path in (repository / "snapshots").glob("*") if path.is_dir())
    if main.is_file():
        named = repository / "snapshots" / main.read_text(encoding="utf-8").strip()
        snapshots = [named] if named.is_dir() else snapshots
    if not snapshots:
        raise CatalogueError(f"{repository} has no snapshot in it; copy the whole folder from the other machine.")
    if len(snapshots) > 1:
        raise CatalogueError(f"{repository} has {len(snapshots)} snapshots; choose one of the folders in snapshots.")
    return LocalFolder(snapshots[0], _repo_id(repository), snapshots[0].name)


def _repo_id(repository: Path) -> str:
    return repository.name.removeprefix(_REPOSITORY_PREFIX).replace("--", "/")


def _possible(catalogue: Catalogue, found: LocalFolder) -> list[CatalogueEntry]:
    published = [entry for entry in catalogue.entries if not entry.is_bundled]
    if found.manifest is not None:
        return [catalogue.entry(found.manifest.name)]
    return [entry for entry in published if found.repo_id in ("", entry.repo_id)]


def _is_of_bundle(found: LocalFolder, entry: CatalogueEntry, candidate: FileFormat) -> bool:
    manifest = found.manifest
    return manifest is None or (manifest.name, manifest.format) == (entry.name, candidate.name)


def _size_fits(found: LocalFolder, match: Recognised) -> bool:
    expected = match.file_format.size_bytes
    size = sum((found.folder / path).stat().st_size for path in match.paths)
    return expected is None or abs(size - expected) <= _SIZE_TOLERANCE * expected


def _what_is_lacking(found: LocalFolder, entries: Iterable[CatalogueEntry], paths: tuple[str, ...]) -> str:
    wanted = {entry.title: entry.formats[0].lacking(paths) for entry in entries}
    if len(wanted) == 1:
        title, lacking = next(iter(wanted.items()))
        if lacking:
            return f"{found.folder} lacks {', '.join(lacking)}, which {title} needs; copy it there and import again."
    return f"{found.folder} holds no model of the catalogue; medvlsam2 models list names them, info their files."
