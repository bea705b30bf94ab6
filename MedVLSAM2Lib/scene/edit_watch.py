"""Tells edits by others from our own writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from MedVLSAM2Lib.scene.segment_fingerprint import fingerprint_change, fingerprint_of
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.voxel_change import VoxelChange


class EditWatch:
    """Remembers each segment as our last write left it.

    The layer's modification time answers almost always; only after somebody changed the layer are voxels compared, by
    fingerprint, because the change may have been to another segment on it.
    """

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._times: dict[str, int] = {}

    @property
    def known(self) -> Mapping[str, int]:
        """Fingerprints by segment id."""
        return self._known

    def edited(self, segment_id: str, segment: Any) -> bool:
        """Whether the segment differs from what our last write left; for one never written: whether it has voxels."""
        layer = SegmentLayer.of(segment)
        if self._times.get(segment_id) == layer.modified_time:
            return False
        edited = fingerprint_of(layer, segment.GetLabelValue()) != self._known.get(segment_id, 0)
        if not edited and segment_id in self._known:
            self._times[segment_id] = layer.modified_time
        return edited

    def before_write(self, segment_id: str, segment: Any) -> None:
        """Take in what others did to the segment that is about to be written, so that the write is the only change."""
        layer = SegmentLayer.of(segment)
        if self._times.get(segment_id) != layer.modified_time:
            self._known[segment_id] = fingerprint_of(layer, segment.GetLabelValue())

    def after_write(self, changes: Iterable[VoxelChange]) -> None:
        """Take in our own changes."""
        for change in changes:
            if change.segment_id in self._known:
                self._known[change.segment_id] ^= fingerprint_change(change)

    def restore(self, known: Mapping[str, int]) -> None:
        """Go back to what was known at another step; the voxels are compared when next asked."""
        self._known = dict(known)
        self._times.clear()

    def seen(self, segment_id: str, segment: Any) -> None:
        """The segment is now exactly as our write left it."""
        self._times[segment_id] = SegmentLayer.of(segment).modified_time
