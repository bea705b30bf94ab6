"""Published weights as checkpoints that a session can use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from MedVLSAM2Lib.catalogue import CatalogueEntry, CatalogueError
from MedVLSAM2Lib.files.atomic_write import FileWriteError, folder_beside
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.converters.sam2 import convert_sam2_file, convert_transformers_folder
from MedVLSAM2Lib.model.slices.published import PUBLISHED


def convert_model(entry: CatalogueEntry, source: Path, folder: Path, image_size: int | None = None) -> None:
    """Write a catalogue entry's weights as a checkpoint.

    Args:
        entry: one of the SAM 2 family.
        source: the folder with its files, in either of their formats.
        folder: a new one.
        image_size: pixels of a slice's edge instead of those of its training.

    Raises:
        CatalogueError: the entry is of another kind, the folder is there, or the weights do not fit; one sentence.
    """
    config = PUBLISHED.get(entry.name)
    if config is None:
        raise CatalogueError(
            f"{entry.title} needs no conversion, or none is known; models info {entry.name} tells more."
        )
    if folder.exists():
        raise CatalogueError(f"{folder} is there already; name a new folder.")
    card = {
        "name": entry.title,
        "licence": entry.licence.tag,
        "trained_on": list(entry.trained_on),
        "source": entry.repo_id,
        "capabilities": list(entry.capabilities),
    }
    chosen = config if image_size is None else replace(config, image_size=image_size)
    files = sorted(source.glob("*.pt"))
    try:
        with folder_beside(folder) as unfinished:
            if files:
                convert_sam2_file(files[0], unfinished, chosen, card)
            else:
                convert_transformers_folder(source, unfinished, chosen, card)
    except (CheckpointError, ValueError, FileWriteError) as error:
        raise CatalogueError(str(error)) from error
