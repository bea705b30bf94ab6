"""What a write changed, so that it can be taken back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.volume import PackedMask


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

    @property
    def is_empty(self) -> bool:
        """Whether no voxel changed."""
        return self.added.is_empty and self.removed.is_empty

    @property
    def byte_count(self) -> int:
        """Memory that keeping it takes."""
        return len(self.added.bits) + len(self.removed.bits)

    def inverse(self) -> VoxelChange:
        """The change that takes this one back."""
        return VoxelChange(self.segment_id, self.ijk_to_local, added=self.removed, removed=self.added)
