"""What it costs to write a small changed box into a large segmentation, beside writing the whole array."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np

from MedVLSAM2Lib.evaluation.report import Report, markdown_table
from MedVLSAM2Lib.evaluation.suites.bare_scene import BareScene
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VoxelBox
from MedVLSAM2Lib.volume.box import Triple

SHAPE = (300, 512, 512)
QUICK_SHAPE = (150, 256, 256)
LARGEST_SHARE = 0.1
"""How much of the whole array's time the box may take."""

_SPACING_IJK_MM = (0.8, 0.8, 1.5)
_EDGE = 64
_REPEATS = 5
_FILLED = 0.5


@dataclass(frozen=True)
class WriteTimes:
    """Median seconds of a write.

    Attributes:
        segments: how many segments the segmentation holds.
        box_s: of the changed box.
        whole_s: of the whole array.
    """

    segments: int
    box_s: float
    whole_s: float

    @property
    def passed(self) -> bool:
        """Whether the box was cheap enough."""
        return self.box_s < LARGEST_SHARE * self.whole_s


def run_segment_write(shape: Triple = SHAPE) -> Report:
    """Write both into a segmentation of ``shape`` (K, J, I) with one segment, and with two that share a layer."""
    times = [_measure(shape, segments) for segments in (1, 2)]
    passed = all(each.passed for each in times)
    return Report("segment-write", _table(shape, times), {"times": [asdict(each) for each in times]}, passed)


def _measure(shape: Triple, segments: int) -> WriteTimes:
    scene = BareScene()
    volume_node, _ = scene.add_volume(_ramp(shape))
    segmentation_node = scene.add_segmentation(volume_node)
    ids = [scene.add_segment(segmentation_node, f"block {number}") for number in range(segments)]
    for number, segment_id in enumerate(ids):
        scene.write_whole(segmentation_node, segment_id, volume_node, _block(shape, number))
    masks = [_speckled_box(shape, seed) for seed in range(_REPEATS)]
    whole_s = median(
        _seconds(scene.write_whole, segmentation_node, ids[0], volume_node, _whole_array(mask, shape)) for mask in masks
    )
    writer = SegmentWriter(segmentation_node, volume_node)
    box_s = median(_seconds(_write_step, writer, ids[0], mask) for mask in masks)
    return WriteTimes(segments, box_s, whole_s)


def _write_step(writer: SegmentWriter, segment_id: str, mask: PackedMask) -> None:
    writer.begin_step()
    writer.write(segment_id, mask)


def _ramp(shape: Triple) -> Volume:
    array = np.broadcast_to(np.arange(shape[0], dtype=np.int16)[:, None, None], shape)
    return Volume(array, np.diag([*_SPACING_IJK_MM, 1.0]), Modality.CT, "HU", "ramp")


def _block(shape: Triple, number: int) -> np.ndarray:
    whole = np.zeros(shape, np.uint8)
    k, j, i = (size // 4 for size in shape)
    whole[k:-k, j:-j, number * 2 * i : (number * 2 + 1) * i] = 1
    return whole


def _speckled_box(shape: Triple, seed: int) -> PackedMask:
    low = [max((size - _EDGE) // 2, 0) for size in shape]
    box = VoxelBox((low[0], low[1], low[2]), (low[0] + _EDGE, low[1] + _EDGE, low[2] + _EDGE))
    box = box.intersection(VoxelBox.of_shape(shape))
    return PackedMask.pack(np.random.default_rng(seed).random(box.shape) < _FILLED, box)


def _whole_array(mask: PackedMask, shape: Triple) -> np.ndarray:
    return mask.unpack(VoxelBox.of_shape(shape)).astype(np.uint8)


def _seconds(write: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    write(*arguments)
    return time.perf_counter() - began


def _table(shape: Triple, times: Sequence[WriteTimes]) -> str:
    size = " × ".join(str(n) for n in reversed(shape))
    header = ["segmentation", "segments", f"{_EDGE}³ box, ms", "whole array, ms", "share", ""]
    rows = [
        [
            size,
            str(t.segments),
            f"{t.box_s * 1000:.1f}",
            f"{t.whole_s * 1000:.1f}",
            f"{t.box_s / t.whole_s:.3f}",
            "" if t.passed else f"more than {LARGEST_SHARE}",
        ]
        for t in times
    ]
    return markdown_table(header, rows)
