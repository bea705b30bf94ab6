"""What of a patient a scan shows: a box of a labelled scan, resampled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan, Whole
from MedVLSAM2Lib.training.phantom.grid import Bounds
from MedVLSAM2Lib.volume import Volume

AIR_HU = -1024
Shape = tuple[int, int, int]


def seen_through(scan: LabelledScan, bounds: Bounds, shape: Shape, *, with_image: bool = True) -> LabelledScan:
    """The box ``bounds`` (RAS in mm) of ``scan`` on a grid of ``shape`` (K, J, I) voxels; what lies beyond it is air.

    HU are interpolated linearly, labels are those of the nearest voxel. What was known of whole structures stays known.
    Without its image, what is seen shows its labels: of a label map, whose image is still to be made.
    """
    low, high = np.array(bounds)
    size = high - low
    step = np.array([-size[0] / shape[2], -size[1] / shape[1], size[2] / shape[0]])
    first = np.array([high[0], high[1], low[2]]) + step / 2
    matrix = np.diag([*step, 1.0])
    matrix[:3, 3] = first
    old = scan.volume.ijk_to_ras
    # Both grids run to the left, posterior and superior, so each axis is resampled by itself.
    places = [
        (first[axis] + step[axis] * np.arange(count) - old[axis, 3]) / old[axis, axis]
        for axis, count in enumerate(shape[::-1])
    ][::-1]
    labels = _nearest(scan.labels, places)
    array = np.rint(_linear(scan.volume.array, places)) if with_image else labels
    volume = Volume(array.astype(np.int16), matrix, scan.volume.modality, scan.volume.units, scan.volume.name)
    return replace(scan, volume=volume, labels=labels)


def scaled(scan: LabelledScan, factor: float) -> LabelledScan:
    """The scan of somebody ``factor`` times as large in every direction."""
    old = scan.volume
    matrix = old.ijk_to_ras.copy()
    matrix[:3] *= factor
    return replace(
        scan,
        volume=Volume(old.array, matrix, old.modality, old.units, old.name),
        findings=tuple(
            replace(f, bounds=_scaled(f.bounds, factor), volume_ml=f.volume_ml * factor**3) for f in scan.findings
        ),
        wholes={
            name: Whole(whole.volume_ml * factor**3, _scaled(whole.bounds, factor), whole.is_cut)
            for name, whole in scan.wholes.items()
        },
        absent={name: _scaled(bounds, factor) for name, bounds in scan.absent.items()},
    )


def _scaled(bounds: Bounds, factor: float) -> Bounds:
    (r, a, s), (high_r, high_a, high_s) = bounds
    return (r * factor, a * factor, s * factor), (high_r * factor, high_a * factor, high_s * factor)


def _linear(array: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    result = array.astype(np.float32)
    for axis, place in enumerate(places):
        last = array.shape[axis] - 1
        below = np.clip(np.floor(place).astype(int), 0, max(last - 1, 0))
        share = np.clip(place - below, 0, 1).astype(np.float32)
        lower, upper = np.take(result, below, axis), np.take(result, np.minimum(below + 1, last), axis)
        result = lower + (upper - lower) * share.reshape([-1 if other == axis else 1 for other in range(3)])
    result[~_within(array.shape, places)] = AIR_HU
    return result


def _nearest(labels: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    indices = [
        np.clip(np.rint(place).astype(int), 0, last - 1) for place, last in zip(places, labels.shape, strict=True)
    ]
    found = labels[np.ix_(*indices)]
    found[~_within(labels.shape, places)] = 0
    return found


def _within(shape: tuple[int, ...], places: list[np.ndarray]) -> np.ndarray:
    k, j, i = ((place > -0.5) & (place < count - 0.5) for place, count in zip(places, shape, strict=True))
    return k[:, None, None] & j[:, None] & i
