"""Tells edits by others from our own writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from MedVLSAM2Lib.scene.segment_fingerprint import add_to_fingerprint, fingerprint_of
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

    def take_in(self, segment_id: str, segment: Any) -> None:
        """Take a segment as it is now for what our last write left: what follows is then the only change."""
        layer = SegmentLayer.of(segment)
        if self._times.get(segment_id) != layer.modified_time:
            self._known[segment_id] = fingerprint_of(layer, segment.GetLabelValue())
            self._times[segment_id] = layer.modified_time

    @contextmanager
    def our_change(self, segmentation: Any, changes: Iterable[VoxelChange]) -> Iterator[None]:
        """Around a change of our own: segments that were as we left them are so afterwards."""
        untouched = [segment_id for segment_id in self._known if self._is_current(segmentation, segment_id)]
        yield
        for change in changes:
            if change.segment_id in self._known:
                self._known[change.segment_id] = add_to_fingerprint(self._known[change.segment_id], change)
        for segment_id in untouched:
            self._times[segment_id] = SegmentLayer.of(segmentation.GetSegment(segment_id)).modified_time

    def forget_all_but(self, segment_ids: Iterable[str]) -> None:
        """Other segments are gone."""
        there = set(segment_ids)
        self._known = {segment_id: known for segment_id, known in self._known.items() if segment_id in there}
        self._times = {segment_id: time for segment_id, time in self._times.items() if segment_id in there}

    def restore(self, known: Mapping[str, int]) -> None:
        """Go back to what was known at another step; the voxels are compared when next asked."""
        self._known = dict(known)
        self._times.clear()

    def _is_current(self, segmentation: Any, segment_id: str) -> bool:
        segment = segmentation.GetSegment(segment_id)
        return segment is not None and self._times.get(segment_id) == SegmentLayer.of(segment).modified_time
