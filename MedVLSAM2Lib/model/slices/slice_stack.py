"""A volume as a stack of slices along one of its axes: images for the network, and places on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.prompts import nearest_voxel
from MedVLSAM2Lib.volume import Volume, VoxelBox, Window

PIXEL_MEAN = (0.485, 0.456, 0.406)
PIXEL_STD = (0.229, 0.224, 0.225)
"""Of the red, green and blue of natural photographs: how SAM 2 was shown everything."""


class SliceStack:
    """The slices of a volume across one axis (0 I, 1 J, 2 K), from its first to its last voxel.

    A slice's rows and columns are the two other axes in the array's order: J and I for axial slices. It is stretched to
    the network's square, as SAM 2 does with images of any shape.
    """

    def __init__(self, volume: Volume, axis: int, config: SliceConfig) -> None:
        self.axis = axis
        self._volume = volume
        self._config = config
        self._array_axis = 2 - axis
        self._across = [other for other in range(3) if other != self._array_axis]

    def __len__(self) -> int:
        return self._volume.shape[self._array_axis]

    @property
    def plane(self) -> tuple[int, int]:
        """Rows and columns of a slice, in voxels."""
        rows, columns = (self._volume.shape[axis] for axis in self._across)
        return rows, columns

    def pixels(self, index: int) -> Tensor:
        """A slice as the network sees it: (1, 3, S, S), windowed, resized and normalised."""
        return normalised(self.grey(index))

    def grey(self, index: int) -> Tensor:
        """A slice windowed and resized: (1, 1, S, S), 0..1."""
        grey = self.window.apply(np.moveaxis(self._volume.array, self._array_axis, 0)[index])
        levels, size = self._config.rules.grey_levels, self._config.image_size
        if levels:
            grey = np.floor(grey * (levels - 1)) / (levels - 1)
        image = torch.from_numpy(np.ascontiguousarray(grey))[None, None]
        if image.shape[-2:] != (size, size):
            image = functional.interpolate(
                image, (size, size), mode=self._config.rules.resize, align_corners=False, antialias=True
            ).clamp_(0.0, 1.0)
        return image

    @property
    def window(self) -> Window:
        """The intensities shown from black to white."""
        return self._volume.window

    def index_of(self, position: Sequence[float]) -> int:
        """The slice that a position (i, j, k) lies on."""
        return nearest_voxel(position)[self._array_axis]

    def pixel_of(self, position: Sequence[float]) -> tuple[float, float]:
        """Where a position (i, j, k) lies on its resized slice: x and y in pixels."""
        row, column = (position[2 - axis] for axis in self._across)
        rows, columns = self.plane
        size = self._config.image_size
        return (column + 0.5) * size / columns - 0.5, (row + 0.5) * size / rows - 0.5

    def voxel_logits(self, logits: Tensor) -> np.ndarray:
        """Logits (1, 1, L, L) of a slice on its voxels: (rows, columns)."""
        resized = functional.interpolate(logits.float(), self.plane, mode="bilinear", align_corners=False)
        return resized[0, 0].cpu().numpy()

    def resized_mask(self, mask: np.ndarray) -> Tensor:
        """A slice's mask (rows, columns), boolean, on the network's square: (1, 1, S, S), 0 or 1."""
        return (self.share(mask) >= 0.5).float()

    def share(self, mask: np.ndarray) -> Tensor:
        """How much of each pixel of the network's square a slice's mask (rows, columns) fills: (1, 1, S, S), 0..1."""
        size = (self._config.image_size,) * 2
        image = torch.from_numpy(mask.astype(np.float32))[None, None]
        if mask.shape == size:
            return image
        return functional.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)

    def box(self, first: int, last: int, low: tuple[int, int], high: tuple[int, int]) -> VoxelBox:
        """The voxels of slices ``first`` to ``last`` (included), from rows and columns ``low`` up to ``high``."""
        lows, highs = [0, 0, 0], [0, 0, 0]
        lows[self._array_axis], highs[self._array_axis] = first, last + 1
        for axis, start, stop in zip(self._across, low, high, strict=True):
            lows[axis], highs[axis] = start, stop
        return VoxelBox((lows[0], lows[1], lows[2]), (highs[0], highs[1], highs[2]))

    def whole(self, first: int, last: int) -> VoxelBox:
        """All voxels of slices ``first`` to ``last`` (included)."""
        return self.box(first, last, (0, 0), self.plane)

    def along(self, array: np.ndarray) -> np.ndarray:
        """A view of an array (K, J, I) as slices: (slices, rows, columns)."""
        return np.moveaxis(array, self._array_axis, 0)

    def upright(self, slices: np.ndarray) -> np.ndarray:
        """A view of slices (slices, rows, columns) in the volume's order (K, J, I)."""
        return np.moveaxis(slices, 0, self._array_axis)

    def extent(self, box: VoxelBox) -> tuple[int, int]:
        """The first and the last slice a box touches."""
        return box.low[self._array_axis], box.high[self._array_axis] - 1

    def across(self, box: VoxelBox) -> tuple[slice, slice]:
        """The rows and columns a box covers."""
        rows, columns = (slice(box.low[axis], box.high[axis]) for axis in self._across)
        return rows, columns


def normalised(grey: Tensor) -> Tensor:
    """Greys (B, 1, S, S), 0..1, as SAM 2 is shown colours: (B, 3, S, S)."""
    mean, std = (torch.tensor(values, device=grey.device) for values in (PIXEL_MEAN, PIXEL_STD))
    return (grey - mean[:, None, None]) / std[:, None, None]
