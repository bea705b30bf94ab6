"""The same anatomy in another body: larger or smaller along each axis, turned a little, and bent smoothly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from MedVLSAM2Lib.training.facts.label_boxes import around_all, label_boxes
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan, Whole

_SIZE_SPREAD = 0.07
_MOST_DEGREES = 4.0
_KNOT_MM, _MOST_BENDING_MM = 70.0, 9.0


def deformed(scan: LabelledScan, rng: np.random.Generator) -> LabelledScan:
    """``scan`` with deformed labels, for which an image is still to be made; its volume stays as it is.

    Sides stay sides. A structure that reaches the border then counts as cut.
    """
    labels = _resampled(scan.labels, _sources(scan, rng))
    before, after = (np.bincount(each.ravel(), minlength=256) for each in (scan.labels, labels))
    boxes = label_boxes(labels)
    wholes = dict(scan.wholes)
    for name, whole in scan.wholes.items():
        values = list(scan.ids.get(name, ()))
        if before[values].sum() and after[values].sum():
            ratio = float(after[values].sum() / before[values].sum())
            is_cut = whole.is_cut or around_all(tuple(values), boxes).reaches_border_of(labels.shape)
            wholes[name] = Whole(whole.volume_ml * ratio, whole.bounds, is_cut)
    return replace(scan, labels=labels, wholes=wholes)


def _sources(scan: LabelledScan, rng: np.random.Generator) -> np.ndarray:
    """float32 (3, K, J, I): which voxel each voxel comes from, as its place along each axis."""
    shape, spacing = scan.labels.shape, np.array(scan.volume.spacing_mm, np.float32)
    turn = Rotation.from_euler("xyz", rng.uniform(-_MOST_DEGREES, _MOST_DEGREES, 3), degrees=True).as_matrix()
    matrix = (turn * np.exp(rng.normal(0.0, _SIZE_SPREAD, 3))).astype(np.float32)
    from_middle = [
        (np.arange(count, dtype=np.float32) - (count - 1) / 2) * size
        for count, size in zip(shape, spacing, strict=True)
    ]
    k, j, i = np.meshgrid(*from_middle, indexing="ij", sparse=True)
    bending = rng.uniform(0.0, _MOST_BENDING_MM)
    places = [
        (row[0] * k + row[1] * j + row[2] * i + bending * _smooth(shape, spacing, rng)) / size + (count - 1) / 2
        for row, count, size in zip(matrix, shape, spacing, strict=True)
    ]
    return np.stack(places)


def _smooth(shape: tuple[int, ...], spacing_mm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """float32 (K, J, I): a smooth random function of place, of deviation one at its knots."""
    knots = np.maximum(2, np.ceil(np.array(shape) * spacing_mm / _KNOT_MM).astype(int) + 1)
    coarse = rng.standard_normal(knots, np.float32)
    return ndimage.zoom(coarse, np.array(shape) / knots, order=2, mode="nearest", grid_mode=True)


def _resampled(labels: np.ndarray, sources: np.ndarray) -> np.ndarray:
    return ndimage.map_coordinates(labels, sources, order=0, mode="constant", cval=0)
