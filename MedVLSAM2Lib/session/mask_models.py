"""From a checkpoint folder to the mask model a session drives."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint
from MedVLSAM2Lib.model.patches.mask_model import PatchMaskModel
from MedVLSAM2Lib.session.views import ViewPlanner


def load_mask_model(folder: Path) -> PatchMaskModel:
    """The mask model in ``folder``; CheckpointError with one sentence when it cannot be used."""
    network, info = load_checkpoint(folder)
    return PatchMaskModel(network, ViewPlanner(), f"patches:{info.sha256[:16]}", info.capabilities)
