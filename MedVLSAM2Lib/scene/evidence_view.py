"""Showing what a sentence points at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.slice_views import look_at, make_visible
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.volume import PackedMask
from MedVLSAM2Lib.volume.reorientation import Position


def show_evidence(segmentation_node: Any, segment_ids: Sequence[str], volume_node: Any) -> None:
    """Show these segments and hide the segmentation's others, and look at the first in all slice and 3D views.

    Raises:
        SceneError: the segments, or the volume, are gone; nothing was changed then.
    """
    is_there = segmentation_node is not None and segmentation_node.GetScene() is not None
    segmentation = segmentation_node.GetSegmentation() if is_there else slicer.vtkSegmentation()
    there = [segment_id for segment_id in segment_ids if segmentation.GetSegment(segment_id) is not None]
    if not there:
        raise SceneError("The segment that this points at was deleted.")
    place = _middle(SegmentWriter(segmentation_node, volume_node).read(there[0]))
    for segment_id in there:
        make_visible(segmentation_node, segment_id)
    show_only(segmentation_node, there)
    if place is not None:
        look_at(VolumeFrame(volume_node).world(place), volume_node.GetScene())


def show_only(segmentation_node: Any, segment_ids: Collection[str]) -> None:
    """Show these of the segmentation's segments and hide the others; ids of deleted ones are no error."""
    for segment_id in segmentation_node.GetSegmentation().GetSegmentIDs():
        segmentation_node.GetDisplayNode().SetSegmentVisibility(segment_id, segment_id in segment_ids)


def _middle(mask: PackedMask) -> Position | None:
    """A voxel (i, j, k) of the mask, near the middle of its largest slice; None for an empty mask."""
    inside = mask.unpack()
    if not inside.any():
        return None
    k = int(inside.sum(axis=(1, 2)).argmax())
    voxels = np.argwhere(inside[k])
    j, i = voxels[((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1).argmin()]
    low = mask.box.low
    return float(i + low[2]), float(j + low[1]), float(k + low[0])
