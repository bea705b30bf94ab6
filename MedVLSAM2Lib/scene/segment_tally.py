"""How many voxels segments have, and whether they are the same ones, counted beside the thread that draws."""

from __future__ import annotations

import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import require_segment
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.segment_source import segment_stamp

Stamp = tuple[int, int]


@dataclass(frozen=True)
class Tally:
    """A segment's voxels: which (``digest``, by index), how many, and as of when (``segment_stamp``)."""

    stamp: Stamp
    count: int
    digest: int


def count_voxels(segmentation_node: Any, segment_id: str) -> int:
    """How many voxels a segment has now; SceneError when it is gone."""
    segment = require_segment(segmentation_node, segment_id)
    return sum(int(np.count_nonzero(plane)) for plane in SegmentLayer.of(segment).planes_with(segment.GetLabelValue()))


class BackgroundTallies:
    """Counts segments in a thread; ``take`` hands over what is finished and was not changed meanwhile."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "medvlsam2-tallies")
        self._running: dict[tuple[Any, str], tuple[Stamp, Future[tuple[int, int]]]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether anything is being counted."""
        return bool(self._running)

    def begin(self, segmentation_node: Any, segment_id: str) -> None:
        """Count a segment as it is now; SceneError when it is gone."""
        key = (segmentation_node, segment_id)
        if key in self._running:
            return
        segment = require_segment(segmentation_node, segment_id)
        layer, label = SegmentLayer.of(segment), segment.GetLabelValue()
        labels, low = layer.labels(layer.box), layer.box.low
        stamp = segment_stamp(segmentation_node, segment_id)
        self._running[key] = stamp, self._thread.submit(_tally, labels, label, low)

    def take(self) -> list[tuple[Any, str, Tally]]:
        """Segmentation, segment id and tally of what is finished; what was changed meanwhile is counted again."""
        finished = []
        for key, (stamp, future) in list(self._running.items()):
            if not future.done():
                continue
            del self._running[key]
            try:
                if segment_stamp(*key) != stamp:
                    self.begin(*key)
                else:
                    finished.append((*key, Tally(stamp, *future.result())))
            except SceneError:
                # Deleted meanwhile: there is nothing to count.
                continue
        return finished

    def forget(self) -> None:
        """Drop what is not finished."""
        self._running.clear()

    def close(self) -> None:
        """Drop what is not finished and end the thread."""
        self.forget()
        self._thread.shutdown(wait=True, cancel_futures=True)


def _tally(labels: np.ndarray, label: int, low: tuple[int, int, int]) -> tuple[int, int]:
    """Count and digest; where the layer only grew by empty voxels, the digest is the same."""
    count = digest = 0
    for number, plane in enumerate(labels == label for labels in labels):
        rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
        if rows.size:
            tight = plane[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            place = (number + low[0], int(rows[0]) + low[1], int(columns[0]) + low[2], *tight.shape)
            count += int(np.count_nonzero(tight))
            digest = zlib.crc32(np.packbits(tight).tobytes(), zlib.crc32(repr(place).encode(), digest))
    return count, digest
