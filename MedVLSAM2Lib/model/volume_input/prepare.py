"""A volume made into an encoder's input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from MedVLSAM2Lib.model.patches.sampling import sample_view
from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox, Window

AIR_HU = -1024.0


def prepare(volume: Volume, config: VolumeInputConfig) -> np.ndarray:
    """The encoder's input for a canonically ordered volume: float32 (C, D, H, W), 0..1, D along K, H along J, W along I."""
    return _foreground(volume, config) if config.preparation == "foreground" else _windowed(volume, config)


def whole_view(volume: Volume, size: Sequence[int]) -> View:
    """The smallest view with cubic cells that holds the volume in ``size`` (D, H, W) cells."""
    extent = np.array(volume.shape) * volume.spacing_mm
    cell = float((extent / size).max())
    k, j, i = ((length - 1) / 2 for length in volume.shape)
    d, h, w = (cell * cells for cells in size)
    return View((k, j, i), (d, h, w))


def _windowed(volume: Volume, config: VolumeInputConfig) -> np.ndarray:
    is_hu = volume.modality is Modality.CT
    fill = AIR_HU if is_hu else volume.window.low
    view = whole_view(volume, config.size)
    cells = sample_view(volume.array, volume.spacing_mm, view, config.size, fill=fill)
    windows = [Window(*pair) if is_hu else volume.window for pair in config.ct_windows]
    return np.stack([window.apply(cells) for window in windows])


def _foreground(volume: Volume, config: VolumeInputConfig) -> np.ndarray:
    low, high = float(volume.array.min()), float(volume.array.max())
    box = VoxelBox.around(volume.array > low)
    part = (volume.array[box.slices].astype(np.float32) - np.float32(low)) / np.float32(max(high - low, 1e-8))
    return resized(part, config.size)[None]


def resized(image: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """(D, H, W) stretched to ``size``, trilinear without antialiasing, cells' outer faces on each other (as torch does)."""
    for axis, length in enumerate(size):
        image = np.moveaxis(np.moveaxis(image, axis, -1) @ _linear(image.shape[axis], length).T, -1, axis)
    return np.ascontiguousarray(image, np.float32)


def _linear(length: int, new_length: int) -> np.ndarray:
    """The weights (new length, length) of linear interpolation along one axis."""
    positions = np.clip((np.arange(new_length) + 0.5) * (length / new_length) - 0.5, 0, length - 1)
    distance = np.abs(positions[:, None] - np.arange(length))
    return np.clip(1 - distance, 0, None).astype(np.float32)
