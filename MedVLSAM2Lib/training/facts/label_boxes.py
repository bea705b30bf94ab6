"""Where each value of a label map lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.volume import VoxelBox


def label_boxes(labels: np.ndarray) -> list[VoxelBox]:
    """The box of each value of uint8 ``labels`` (K, J, I), from 0 to 255; empty where the value is not there, and for 0."""
    found = [VoxelBox.empty() for _ in range(256)]
    for value, slices in enumerate(ndimage.find_objects(labels), start=1):
        if slices is not None:
            k, j, i = slices
            found[value] = VoxelBox((k.start, j.start, i.start), (k.stop, j.stop, i.stop))
    return found


def around_all(values: Iterable[int], boxes: Sequence[VoxelBox]) -> VoxelBox:
    """The box that holds all of these values; empty when none of them is there."""
    present = [boxes[value] for value in values if not boxes[value].is_empty]
    if not present:
        return VoxelBox.empty()
    low, high = np.min([box.low for box in present], axis=0), np.max([box.high for box in present], axis=0)
    return VoxelBox((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))
