"""Volumes, their geometry, intensity windows and packed masks (numpy only)."""

from MedVLSAM2Lib.volume.box import VoxelBox
from MedVLSAM2Lib.volume.packed_mask import PackedMask
from MedVLSAM2Lib.volume.reorientation import Reorientation
from MedVLSAM2Lib.volume.volume import Modality, Volume, VolumeError
from MedVLSAM2Lib.volume.window import CT_WINDOWS, Window, percentile_window

__all__ = [
    "CT_WINDOWS",
    "Modality",
    "PackedMask",
    "Reorientation",
    "Volume",
    "VolumeError",
    "VoxelBox",
    "Window",
    "percentile_window",
]
