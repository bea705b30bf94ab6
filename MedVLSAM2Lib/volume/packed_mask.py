"""Binary masks, one bit a voxel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.volume.box import VoxelBox


@dataclass(frozen=True)
class PackedMask:
    """A binary mask of a volume: a box and the bits inside it; every voxel outside the box is false.

    ``bits`` are the box's voxels in C order (K, J, I), eight to a byte, the first in the highest bit
    (``numpy.packbits``).
    """

    box: VoxelBox
    bits: bytes

    def __post_init__(self) -> None:
        expected = (self.box.voxel_count + 7) // 8
        if len(self.bits) != expected:
            raise ValueError(f"A mask of shape {self.box.shape} needs {expected} bytes, not {len(self.bits)}.")

    @classmethod
    def empty(cls) -> PackedMask:
        """The mask without a voxel."""
        return cls(VoxelBox.empty(), b"")

    @classmethod
    def pack(cls, mask: np.ndarray, box: VoxelBox | None = None) -> PackedMask:
        """Pack a boolean array (K, J, I).

        Without ``box``, ``mask`` covers the whole volume and is cut down to its true voxels.
        With ``box``, ``mask`` holds exactly that box's voxels and the box is kept as it is.
        """
        if box is None:
            box = VoxelBox.around(mask)
            mask = mask[box.slices]
        if mask.shape != box.shape:
            raise ValueError(f"The mask's shape {mask.shape} is not its box's {box.shape}.")
        return cls(box, np.packbits(np.ascontiguousarray(mask, dtype=bool).reshape(-1)).tobytes())

    @classmethod
    def pack_tight(cls, mask: np.ndarray, box: VoxelBox) -> PackedMask:
        """Pack the voxels of ``box`` (boolean, K, J, I), in the smallest box that holds the true ones."""
        tight = VoxelBox.around(mask)
        return cls.empty() if tight.is_empty else cls.pack(mask[tight.slices], tight.shifted(box.low))

    @classmethod
    def united(cls, masks: Iterable[PackedMask]) -> PackedMask:
        """All the true voxels of several masks, in the smallest box that holds their boxes."""
        many = tuple(masks)
        box = VoxelBox.around_all(mask.box for mask in many)
        together = np.zeros(box.shape, bool)
        for mask in many:
            together |= mask.unpack(box)
        return cls.pack(together, box)

    @property
    def is_empty(self) -> bool:
        """Whether no voxel is true."""
        return not any(self.bits)

    @property
    def voxel_count(self) -> int:
        """How many voxels are true."""
        return int(np.bitwise_count(np.frombuffer(self.bits, np.uint8)).sum()) if self.bits else 0

    def unpack(self, box: VoxelBox | None = None) -> np.ndarray:
        """The mask as a boolean array of ``box`` (its own box by default), false outside its own box."""
        own = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.box.voxel_count)
        own = own.view(bool).reshape(self.box.shape)
        if box is None or box == self.box:
            return own
        out = np.zeros(box.shape, dtype=bool)
        shared = box.intersection(self.box)
        if not shared.is_empty:
            out[shared.relative_to(box).slices] = own[shared.relative_to(self.box).slices]
        return out

    def trimmed(self) -> PackedMask:
        """The same mask in the smallest box that holds its true voxels."""
        return PackedMask.pack_tight(self.unpack(), self.box)
