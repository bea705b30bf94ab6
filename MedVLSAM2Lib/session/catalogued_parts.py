"""Parts of a checkpoint that lie in a hub's repository, found where the catalogue put them."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.catalogue import CatalogueError, ModelStore
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource


class CataloguedParts:
    """Finds parts that were downloaded or imported before; downloads nothing."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store

    def folder(self, source: ComponentSource) -> Path:
        """The part's folder; CheckpointError with one sentence when it is not on this machine."""
        try:
            repository = self._store.folder(source.repo_id, revision=source.revision)
        except CatalogueError as error:
            raise CheckpointError(f"A part of the checkpoint is missing: {error}") from error
        folder = repository / source.subfolder
        if not folder.resolve().is_relative_to(repository.resolve()):
            raise CheckpointError(f"The checkpoint asks for {source.subfolder}, which is outside {source.repo_id}.")
        return folder
