"""A folder to carry to a machine without a network."""

from __future__ import annotations

import shutil
from pathlib import Path

from MedVLSAM2Lib.catalogue.entry import CatalogueEntry
from MedVLSAM2Lib.catalogue.errors import CatalogueError, DownloadError
from MedVLSAM2Lib.catalogue.installed import InstalledModel
from MedVLSAM2Lib.catalogue.manifest import BundledFile, Manifest
from MedVLSAM2Lib.catalogue.verifying import problems_of


def write_bundle(entry: CatalogueEntry, model: InstalledModel, folder: Path) -> None:
    """Copy ``model``'s files into ``folder`` with a manifest that names their origin and hashes.

    Raises:
        CatalogueError: the folder is not empty, or the model is not whole.
        DownloadError: the folder cannot be written, for want of room say.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CatalogueError(f"{folder} is not an empty folder; name a new one.")
    for problem in problems_of(model):
        raise CatalogueError(problem)
    files = tuple(BundledFile(file.path, file.size, file.sha256) for file in model.files)
    manifest = Manifest(
        model.name, model.format, model.repo_id, model.revision, model.licence, entry.licence.url, files
    )
    try:
        for file in files:
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(model.folder / file.path, folder / file.path)
        manifest.write(folder)
    except OSError as error:
        raise DownloadError(f"{folder} could not be written ({error.strerror}); choose a folder with room.") from error
