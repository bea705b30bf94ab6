"""How many numbers SAM 2 holds."""

from __future__ import annotations

from MedVLSAM2Lib.model.memory.weights import Numbers
from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.model.slices.sam2_video import build_empty_sam2_video


def of_slices(config: SliceConfig) -> Numbers:
    """A slice network's weights, counted in a network without any."""
    return Numbers(sum(tensor.numel() for tensor in build_empty_sam2_video(config).state_dict().values()))
