"""A half-open box of voxels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class VoxelBox:
    """A box of whole voxels in array order.

    ``low`` is the first voxel inside and ``high`` the first voxel outside, both (K, J, I).
    A box with any ``high <= low`` is empty.
    """

    low: Triple
    high: Triple

    @classmethod
    def of_shape(cls, shape: Sequence[int]) -> VoxelBox:
        """The box of a whole array of ``shape`` (K, J, I)."""
        return cls((0, 0, 0), _triple(shape))

    @classmethod
    def empty(cls) -> VoxelBox:
        """The box that holds no voxel."""
        return cls((0, 0, 0), (0, 0, 0))

    @classmethod
    def around(cls, mask: np.ndarray) -> VoxelBox:
        """The smallest box that holds every true voxel of ``mask`` (K, J, I)."""
        box = cls.of_shape(mask.shape)
        # One axis at a time, each on what the one before left over: a small object in a large
        # volume costs little more than a single pass.
        for axis in range(3):
            others = tuple(other for other in range(3) if other != axis)
            filled = np.flatnonzero(mask[box.slices].any(axis=others))
            if filled.size == 0:
                return cls.empty()
            low, high = list(box.low), list(box.high)
            low[axis], high[axis] = int(filled[0]), int(filled[-1]) + 1
            box = cls(_triple(low), _triple(high))
        return box

    @classmethod
    def around_all(cls, boxes: Iterable[VoxelBox]) -> VoxelBox:
        """The smallest box that holds all of ``boxes``."""
        return reduce(cls.union, boxes, cls.empty())

    @property
    def shape(self) -> Triple:
        """Edge lengths in voxels (K, J, I), zero where the box is empty."""
        return _triple([max(h - l, 0) for l, h in zip(self.low, self.high, strict=True)])

    @property
    def is_empty(self) -> bool:
        """Whether the box holds no voxel."""
        return 0 in self.shape

    @property
    def voxel_count(self) -> int:
        """How many voxels the box holds."""
        k, j, i = self.shape
        return k * j * i

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index an array (K, J, I) with this to get the box's part of it."""
        k, j, i = (slice(l, max(l, h)) for l, h in zip(self.low, self.high, strict=True))
        return k, j, i

    def reaches_border_of(self, shape: Sequence[int]) -> bool:
        """Whether it holds an outermost voxel of an array of ``shape`` (K, J, I)."""
        ends = zip(self.low, self.high, shape, strict=True)
        return not self.is_empty and any(low == 0 or high == size for low, high, size in ends)

    def contains(self, index: Sequence[int]) -> bool:
        """Whether the voxel ``index`` (K, J, I) lies inside."""
        return all(l <= v < h for l, v, h in zip(self.low, index, self.high, strict=True))

    def union(self, other: VoxelBox) -> VoxelBox:
        """The smallest box that holds both."""
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        low = [min(a, b) for a, b in zip(self.low, other.low, strict=True)]
        high = [max(a, b) for a, b in zip(self.high, other.high, strict=True)]
        return VoxelBox(_triple(low), _triple(high))

    def intersection(self, other: VoxelBox) -> VoxelBox:
        """The box that both share; empty when they do not touch."""
        low = [max(a, b) for a, b in zip(self.low, other.low, strict=True)]
        high = [min(a, b) for a, b in zip(self.high, other.high, strict=True)]
        box = VoxelBox(_triple(low), _triple(high))
        return VoxelBox.empty() if box.is_empty else box

    def grown(self, margin: int, shape: Sequence[int]) -> VoxelBox:
        """This box with ``margin`` more voxels on every side, kept inside an array of ``shape``."""
        low = [l - margin for l in self.low]
        high = [h + margin for h in self.high]
        return VoxelBox(_triple(low), _triple(high)).intersection(VoxelBox.of_shape(shape))

    def shifted(self, offset: Sequence[int]) -> VoxelBox:
        """This box moved by ``offset`` voxels (K, J, I)."""
        low = [l + o for l, o in zip(self.low, offset, strict=True)]
        high = [h + o for h, o in zip(self.high, offset, strict=True)]
        return VoxelBox(_triple(low), _triple(high))

    def relative_to(self, outer: VoxelBox) -> VoxelBox:
        """This box as indices into an array of the voxels of ``outer``."""
        return self.shifted([-l for l in outer.low])


def _triple(values: Sequence[int]) -> Triple:
    k, j, i = (int(value) for value in values)
    return k, j, i
