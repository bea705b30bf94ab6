"""A checkpoint put in the place of another, whole, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from MedVLSAM2Lib.files.atomic_write import folder_beside
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import CONFIG_NAME
from MedVLSAM2Lib.model.medvlsam2.model import read_model_config
from MedVLSAM2Lib.model.medvlsam2.model_card import CARD_NAME


@contextmanager
def replaced_checkpoint(target: Path) -> Iterator[Path]:
    """An empty folder to write a checkpoint into, which then takes the place of the one in ``target``, if there is one.

    Raises:
        CheckpointError: ``target`` holds anything else than a checkpoint, which nobody asked to delete.
        FileWriteError: the disk refused; what was in ``target`` is untouched.
    """
    if target.exists() and not _may_be_replaced(target):
        raise CheckpointError(f"{target} holds something else than a checkpoint; name an empty or a new folder.")
    with folder_beside(target) as folder:
        yield folder


def _may_be_replaced(target: Path) -> bool:
    if not target.is_dir() or target.is_symlink():
        return False
    there = {path.name for path in target.iterdir()}
    try:
        return not there or there <= {CONFIG_NAME, CARD_NAME, *read_model_config(target).components}
    except CheckpointError:
        return False
