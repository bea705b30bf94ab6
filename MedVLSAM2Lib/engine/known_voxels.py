"""What a worker on another machine has of the voxels, so that none is sent twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from MedVLSAM2Lib.engine.packed_voxels import KeptVoxels, PackedVoxels
from MedVLSAM2Lib.engine.protocol import OpenVolume, Operation


class KnownVoxels:
    """The digests of packed voxels that the worker has; voxels in shared memory are nothing to it."""

    def __init__(self) -> None:
        self._digests: set[str] = set()

    def has(self, digests: Iterable[str]) -> None:
        """A worker said what it has; what the last one had counts no more."""
        self._digests = set(digests)

    def took(self, operation: Operation) -> None:
        """It opened what ``operation`` sent, and keeps it."""
        self._digests |= {digest} if (digest := _digest(operation)) else set()

    def lost(self, operation: Operation) -> bool:
        """It has no more what ``operation`` relied on; whether it was thought to have it, so that to send it helps."""
        digest = _digest(operation)
        was_known = digest in self._digests
        self._digests.discard(digest)
        return was_known

    def without(self, operation: Operation) -> Operation:
        """``operation`` without the voxels that are there."""
        if not isinstance(operation, OpenVolume) or _digest(operation) not in self._digests:
            return operation
        return replace(operation, volume=replace(operation.volume, voxels=KeptVoxels(_digest(operation))))


def _digest(operation: Operation) -> str:
    """Of the packed voxels that it opens; empty when it opens no such."""
    voxels = operation.volume.voxels if isinstance(operation, OpenVolume) else None
    return voxels.digest if isinstance(voxels, PackedVoxels) else ""
