"""Closed surfaces made beside the thread that draws."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer

from MedVLSAM2Lib.scene.derived_representations import derived_names, update_derived
from MedVLSAM2Lib.scene.node_access import BINARY_LABELMAP
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.volume import VoxelBox

_LABEL = 1


@dataclass(frozen=True)
class _Snapshot:
    """A segment's voxels at one moment, and a segmentation of its own in which its surface is made."""

    segmentation_node: Any
    segment_id: str
    names: tuple[str, ...]
    voxels: np.ndarray
    box: VoxelBox
    label: int
    ijk_to_local: np.ndarray
    copy: Any

    @classmethod
    def of(cls, segmentation_node: Any, segment_id: str) -> _Snapshot:
        segmentation = segmentation_node.GetSegmentation()
        segment = segmentation.GetSegment(segment_id)
        layer = SegmentLayer.of(segment)
        copy = slicer.vtkSegmentation()
        copy.SetSourceRepresentationName(BINARY_LABELMAP)
        copy.CopyConversionParameters(segmentation)
        return cls(
            segmentation_node,
            segment_id,
            derived_names(segment),
            layer.labels(layer.box).copy(),
            layer.box,
            segment.GetLabelValue(),
            layer.ijk_to_local,
            copy,
        )

    def make(self) -> Any:
        """The segment of the copy, with its surfaces; touches nothing of the scene."""
        segment = slicer.vtkSegment()
        layer = SegmentLayer.of(segment)
        layer.place(self.ijk_to_local)
        layer.paint(self.voxels == self.label, self.box, _LABEL)
        segment.SetLabelValue(_LABEL)
        self.copy.AddSegment(segment, self.segment_id)
        update_derived(self.copy, [self.segment_id], self.names)
        return segment


class BackgroundSurfaces:
    """Makes the surfaces of changed segments anew, one after the other, in a thread.

    The thread works on copies that belong to no scene. ``poll``, called by a timer of the GUI thread, puts what is finished
    in its place. A segment that was changed again meanwhile keeps its earlier surface until the next one is ready.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "medvlsam2-surfaces")
        self._running: tuple[_Snapshot, Future[Any]] | None = None
        self._waiting: dict[tuple[str, str], Any] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a surface is older than its voxels."""
        return self._running is not None or bool(self._waiting)

    def update(self, segmentation_node: Any, segment_id: str) -> None:
        """Make the surfaces of a segment anew, if it has any."""
        self._waiting[segmentation_node.GetID(), segment_id] = segmentation_node

    def poll(self) -> None:
        """Put what is finished in place and begin with the next."""
        if self._running is not None and self._running[1].done():
            (snapshot, made), self._running = self._running, None
            self._put_in_place(snapshot, made.result())
        if self._running is None and self._waiting:
            (_, segment_id), node = self._waiting.popitem()
            if _segment_in_scene(node, segment_id) is not None:
                snapshot = _Snapshot.of(node, segment_id)
                self._running = (snapshot, self._thread.submit(snapshot.make))

    def close(self) -> None:
        """Drop what is not finished and end the thread."""
        self._waiting.clear()
        self._running = None
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _put_in_place(self, snapshot: _Snapshot, made: Any) -> None:
        node, segment_id = snapshot.segmentation_node, snapshot.segment_id
        segment = _segment_in_scene(node, segment_id)
        if segment is None:
            return
        for name in set(snapshot.names) & set(derived_names(segment)):
            segment.GetRepresentation(name).ShallowCopy(made.GetRepresentation(name))
        segmentation = node.GetSegmentation()
        segmentation.InvokeEvent(segmentation.RepresentationModified, segment_id)


def _segment_in_scene(segmentation_node: Any, segment_id: str) -> Any:
    return None if segmentation_node.GetScene() is None else segmentation_node.GetSegmentation().GetSegment(segment_id)
