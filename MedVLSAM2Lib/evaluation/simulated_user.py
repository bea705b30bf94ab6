"""A user who knows the object and always does the same: same truth, same mask, same prompt."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.prompts import Box, Point, Prompt
from MedVLSAM2Lib.volume import Volume, VoxelBox
from MedVLSAM2Lib.volume.reorientation import Position

BOX_MARGIN = 0.05
"""How much looser than the object the user draws the box, on every side, as a share of the object's size."""


_SAME_DEPTH_MM = 1e-6


class Start(StrEnum):
    """How the user begins."""

    CLICK = "click"
    CLICK_AND_KEY = "click and key"
    BOX = "box"

    @property
    def uses_candidates(self) -> bool:
        """Whether the user steps through the candidates after the first prompt and keeps the best."""
        return self is Start.CLICK_AND_KEY


class SimulatedUser:
    """Someone who wants one object and sees where a mask is wrong.

    The user sees the scan in canonical order, so that what is clicked does not depend on how the file
    stores its axes.
    """

    def __init__(self, volume: Volume, truth: np.ndarray) -> None:
        """``truth``: boolean array (K, J, I) of ``volume``, with at least one true voxel."""
        if not truth.any():
            raise ValueError("A simulated user needs an object; the truth is empty.")
        self._turn = volume.reorientation
        self._truth = self._turn.array_to_canonical(truth)
        self._spacing_mm = volume.canonical().spacing_mm

    def first_prompt(self, start: Start) -> Prompt:
        """The prompt to begin with, in the volume's own voxel coordinates."""
        return self.box() if start is Start.BOX else self.first_click()

    def first_click(self) -> Point:
        """A click in the innermost voxel of the object's largest axial slice."""
        k = int(self._truth.sum(axis=(1, 2)).argmax())
        j, i = _innermost(self._truth[k], self._spacing_mm[1:])
        return Point(self._to_source((i, j, k)))

    def box(self) -> Box:
        """The smallest 3D box around the object, grown by ``BOX_MARGIN`` and kept inside the volume."""
        tight = VoxelBox.around(self._truth)
        low, high = np.array(tight.low[::-1], float), np.array(tight.high[::-1], float) - 1
        margin = BOX_MARGIN * np.array(tight.shape[::-1])
        size = np.array(self._truth.shape[::-1])
        corners = np.maximum(low - margin, 0), np.minimum(high + margin, size - 1)
        first, second = (self._to_source(corner) for corner in corners)
        return Box(_position(np.minimum(first, second)), _position(np.maximum(first, second)))

    def next_click(self, mask: np.ndarray) -> Point | None:
        """A click in the innermost voxel of the largest error of ``mask`` (bool, K, J, I); None if there is no error.

        Errors are the face-connected components of what is missed (a positive click) and of what is wrongly
        inside (a negative one).
        """
        seen = self._turn.array_to_canonical(mask)
        box = VoxelBox.around(seen ^ self._truth)
        if box.is_empty:
            return None
        seen, truth = seen[box.slices], self._truth[box.slices]
        missed, wrong = _largest_component(truth & ~seen), _largest_component(seen & ~truth)
        positive = int(missed.sum()) >= int(wrong.sum())
        k, j, i = np.add(box.low, _innermost(missed if positive else wrong, self._spacing_mm))
        return Point(self._to_source((i, j, k)), positive)

    def _to_source(self, position: Sequence[float] | np.ndarray) -> Position:
        return _position(self._turn.matrix @ [*position, 1.0])


def _position(values: np.ndarray) -> Position:
    i, j, k = (float(value) for value in values[:3])
    return i, j, k


def _innermost(region: np.ndarray, spacing_mm: tuple[float, ...]) -> tuple[int, ...]:
    # Padded, so that the edge of the array counts as the region's edge.
    depth = ndimage.distance_transform_edt(np.pad(region, 1), sampling=spacing_mm)
    deepest = np.argwhere(depth >= depth.max() - _SAME_DEPTH_MM) - 1
    # A tube is equally deep all along: the user clicks in its middle, not at its end.
    from_middle = np.linalg.norm((deepest - deepest.mean(axis=0)) * spacing_mm, axis=1)
    return tuple(int(v) for v in deepest[from_middle.argmin()])


def _largest_component(region: np.ndarray) -> np.ndarray:
    components, count = ndimage.label(region)
    if count <= 1:
        return region
    sizes = np.bincount(components.ravel())
    return np.asarray(components == sizes[1:].argmax() + 1)
