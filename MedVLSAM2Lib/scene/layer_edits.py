"""Changes put into the labelmaps: the one place where voxels of segments are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.voxel_change import VoxelChange

# Two geometries are the same when their matrices agree to a thousandth of a millimetre.
_SAME_MM = 1e-3


def applicable(segmentation: Any, changes: Iterable[VoxelChange]) -> tuple[VoxelChange, ...]:
    """The changes whose segments still exist.

    Raises:
        SceneError: a segment was given another geometry since; its voxels are no longer those of the change.
    """
    present = tuple(change for change in changes if segmentation.GetSegment(change.segment_id) is not None)
    for change in present:
        segment = segmentation.GetSegment(change.segment_id)
        layer = SegmentLayer.of(segment)
        if not layer.box.is_empty and not np.allclose(layer.ijk_to_local, change.ijk_to_local, atol=_SAME_MM):
            raise SceneError(f"{segment.GetName()} was resampled in the meantime; that step can no longer be changed.")
    return present


def apply_changes(segmentation: Any, changes: Sequence[VoxelChange]) -> None:
    """Put changes into the layers: what is lost first, then what is gained.

    A gained voxel never takes the place of another segment's: where one is in the way on the same layer, the segment
    moves to a layer of its own and the two overlap.
    """
    for change in changes:
        segment = segmentation.GetSegment(change.segment_id)
        layer = SegmentLayer.of(segment)
        layer.erase(change.removed.unpack(), change.removed.box, segment.GetLabelValue())
        layer.mark_changed()
    for change in changes:
        if not change.added.is_empty:
            _paint(segmentation, change)


def _paint(segmentation: Any, change: VoxelChange) -> None:
    segment = segmentation.GetSegment(change.segment_id)
    where, box = change.added.unpack(), change.added.box
    layer = SegmentLayer.of(segment)
    if layer.box.is_empty:
        layer.place(change.ijk_to_local)
    in_the_way = layer.labels(box)[where]
    if ((in_the_way != 0) & (in_the_way != segment.GetLabelValue())).any():
        segmentation.SeparateSegmentLabelmap(change.segment_id)
        layer = SegmentLayer.of(segment)
    layer.paint(where, box, segment.GetLabelValue())
    layer.mark_changed()
