"""What a write changed, so that it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from MedVLSAM2Lib.volume import PackedMask, VoxelBox


@dataclass(frozen=True, eq=False)
class VoxelChange:
    """Voxels that one segment gained and lost.

    Attributes:
        segment_id: the segment.
        ijk_to_local: the geometry of the layer (4x4) that ``added`` and ``removed`` index.
        added: voxels that became the segment's.
        removed: voxels that were the segment's.
    """

    segment_id: str
    ijk_to_local: np.ndarray
    added: PackedMask
    removed: PackedMask

    @classmethod
    def in_all(cls, changes: Sequence[Self]) -> Self:
        """What several changes of one segment on one grid, at least one, come to when they were made in this order."""
        first = changes[0]
        if len(changes) == 1:
            return first
        box = VoxelBox.around_all(mask.box for change in changes for mask in (change.added, change.removed))
        # A voxel that is gained and lost again counts as neither.
        balance = np.zeros(box.shape, np.int8)
        for change in changes:
            balance += change.added.unpack(box)
            balance -= change.removed.unpack(box)
        added, removed = (PackedMask.pack_tight(balance == sign, box) for sign in (1, -1))
        return cls(first.segment_id, first.ijk_to_local, added, removed)

    @property
    def is_empty(self) -> bool:
        """Whether no voxel changed."""
        return self.added.is_empty and self.removed.is_empty

    @property
    def added_ml(self) -> float:
        """The volume that was gained, in ml."""
        return self.added.voxel_count * self._voxel_ml

    @property
    def removed_ml(self) -> float:
        """The volume that was lost, in ml."""
        return self.removed.voxel_count * self._voxel_ml

    @property
    def byte_count(self) -> int:
        """Memory that keeping it takes."""
        return len(self.added.bits) + len(self.removed.bits)

    def inverse(self) -> VoxelChange:
        """The change that takes this one back."""
        return VoxelChange(self.segment_id, self.ijk_to_local, added=self.removed, removed=self.added)

    @property
    def _voxel_ml(self) -> float:
        return float(abs(np.linalg.det(self.ijk_to_local[:3, :3]))) / 1000
