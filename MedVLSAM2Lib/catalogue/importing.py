"""Models that come in a folder: on a machine without a network, or from a colleague."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from MedVLSAM2Lib.catalogue.catalogue import Catalogue
from MedVLSAM2Lib.catalogue.digests import sha256_of
from MedVLSAM2Lib.catalogue.entry import CatalogueEntry
from MedVLSAM2Lib.catalogue.errors import CatalogueError, DownloadError
from MedVLSAM2Lib.catalogue.installed import InstalledFile, InstalledModel, Origin
from MedVLSAM2Lib.catalogue.local_folder import LocalFolder, Recognised, find_local_folder, recognise
from MedVLSAM2Lib.catalogue.registry import Registry
from MedVLSAM2Lib.catalogue.weight_files import check_weights


def import_folder(
    catalogue: Catalogue, registry: Registry, folder: Path, name: str | None, copy_to: Path | None
) -> InstalledModel:
    """Check the files in ``folder`` and register them where they are, or as a copy.

    Args:
        catalogue: what there could be in it.
        registry: where it is written down.
        folder: a bundle, a part of the hub's cache, or plain files.
        name: the catalogue entry, where the files alone do not tell.
        copy_to: the folder under which a copy is made; None leaves the files where they are.

    Raises:
        CatalogueError: it holds no model, not the whole of one, or a damaged one.
        DownloadError: there is no room for the copy.
    """
    found = find_local_folder(folder.resolve())
    match = recognise(catalogue, found, name)
    found.check_links(match.paths)
    files = _checked_files(found, match, ours=copy_to is not None)
    target = found.folder
    if copy_to is not None:
        target = copy_to / match.entry.name / match.file_format.name
        _copy(found.folder, target, files)
    model = InstalledModel(
        name=match.entry.name,
        format=match.file_format.name,
        folder=target,
        origin=Origin.IN_PLACE if copy_to is None else Origin.COPIED,
        repo_id=match.entry.repo_id,
        revision=found.revision,
        licence=_licence(found, match.entry),
        added=datetime.now(UTC).isoformat(timespec="seconds"),
        complete=True,
        files=files,
    )
    registry.put(model)
    return model


def _licence(found: LocalFolder, entry: CatalogueEntry) -> str:
    return found.manifest.licence if found.manifest is not None else entry.licence.tag


def _checked_files(found: LocalFolder, match: Recognised, ours: bool) -> tuple[InstalledFile, ...]:
    files = []
    for path in match.paths:
        check_weights(found.folder / path)
        files.append(InstalledFile(path, (found.folder / path).stat().st_size, sha256_of(found.folder / path), ours))
    if found.manifest is not None:
        here = {file.path: file.sha256 for file in files}
        for expected in found.manifest.files:
            if here.get(expected.path) != expected.sha256:
                what = "lacks" if expected.path not in here else "has a changed"
                raise CatalogueError(f"The bundle {found.folder} {what} {expected.path}; copy it again.")
    return tuple(files)


def _copy(source: Path, target: Path, files: tuple[InstalledFile, ...]) -> None:
    try:
        for file in files:
            (target / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file.path, target / file.path)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise DownloadError(f"{source} could not be copied to {target} ({error.strerror}); make room there.") from error
