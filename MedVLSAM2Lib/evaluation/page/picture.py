"""A slice with what should have been found and what was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.report.exporters.png import encode_png
from MedVLSAM2Lib.volume import Volume

TRUTH, ANSWER = (64, 200, 120), (255, 150, 40)
"""Colours of the outlines, RGB."""

_SIDE_PX = 320
_MARGIN_MM = 15.0


@dataclass(frozen=True)
class Picture:
    """A PNG file and what it shows, in a sentence."""

    png: bytes
    caption: str


def comparison(volume: Volume, truth: np.ndarray, answer: np.ndarray, caption: str) -> Picture:
    """The axial slice in which the two differ most, cut to them, with both outlines.

    Args:
        volume: the scan.
        truth: what should have been found: bool (K, J, I) of the volume.
        answer: what was.
        caption: what is said below.
    """
    canonical, turn = volume.canonical(), volume.reorientation
    true, found = turn.array_to_canonical(truth), turn.array_to_canonical(answer)
    k = int((true ^ found).sum(axis=(1, 2)).argmax())
    rows, columns = _around(true[k] | found[k], canonical.spacing_mm[1:])
    shown = canonical.window.apply(canonical.array[k][rows, columns].astype(np.float32))
    grey = (shown * 255).round().astype(np.uint8)
    rgb = _enlarged(np.repeat(grey[..., None], 3, axis=2), canonical.spacing_mm[1:])
    for mask, colour in ((true[k], TRUTH), (found[k], ANSWER)):
        inside = _enlarged(mask[rows, columns][..., None].astype(np.uint8) * 255, canonical.spacing_mm[1:])
        rgb[_outline(inside[..., 0] > 127)] = colour
    return Picture(encode_png(rgb), caption)


def _around(shown: np.ndarray, spacing: tuple[float, float]) -> tuple[slice, slice]:
    """The part of a slice that holds a mask and some of what surrounds it; all of it when the mask is empty."""
    if not shown.any():
        return slice(None), slice(None)
    cut = []
    for axis, (size, step) in enumerate(zip(shown.shape, spacing, strict=True)):
        there = np.flatnonzero(shown.any(axis=1 - axis))
        margin = round(_MARGIN_MM / step)
        cut.append(slice(max(int(there[0]) - margin, 0), min(int(there[-1]) + margin + 1, size)))
    return cut[0], cut[1]


def _enlarged(image: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """uint8 (rows, columns, C) so large that its longer side is ``_SIDE_PX``, its pixels square in mm."""
    size = np.array(image.shape[:2]) * spacing
    wanted = np.maximum(np.rint(size / size.max() * _SIDE_PX), 1)
    zoom = (*(wanted / image.shape[:2]), 1.0)
    return np.clip(ndimage.zoom(image.astype(np.float32), zoom, order=1), 0, 255).round().astype(np.uint8)


def _outline(inside: np.ndarray) -> np.ndarray:
    drawn: np.ndarray = ndimage.binary_dilation(inside) ^ ndimage.binary_erosion(inside, border_value=1)
    return drawn
