"""Which side of the body a mask lies on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from MedVLSAM2Lib.report.codes import Code
from MedVLSAM2Lib.report.connected_parts import label_parts
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume

LATERALITY = Code("272741003", "SCT", "Laterality")

_ONE_SIDED = 0.8
_WORTH_COUNTING = 0.05
_AIR_OR_LUNG_HU = -300
_SLICES_SEEN = 40
_MOST_OF_THE_WIDTH = 0.98


class Side(StrEnum):
    """The patient's own sides."""

    LEFT = "left"
    RIGHT = "right"
    MIDLINE = "midline"
    BOTH = "both sides"

    @property
    def code(self) -> Code:
        """The laterality in coded words (CID 244)."""
        return {
            Side.LEFT: Code("7771000", "SCT", "Left"),
            Side.RIGHT: Code("24028007", "SCT", "Right"),
            Side.MIDLINE: Code("130290", "DCM", "Median"),
            Side.BOTH: Code("51440002", "SCT", "Bilateral"),
        }[self]


@dataclass(frozen=True)
class Midline:
    """Where the body's middle is: ``r_mm`` to the patient's right of the origin, and how that was found."""

    r_mm: float
    how: str


@dataclass(frozen=True)
class SideFinding:
    """The side, and what it was decided by.

    Attributes:
        side: one-sided when at least four fifths of the mask lie there; both sides when each of its parts of note is
            one-sided and they differ; midline otherwise.
        right_share: the share of the mask on the patient's right, 0..1.
        midline: the line it was decided by.
    """

    side: Side
    right_share: float
    midline: Midline


def side_of(volume: Volume, mask: PackedMask, midline: Midline | None = None) -> SideFinding | None:
    """The side of ``mask``; None when it is empty.

    Args:
        volume: the scan.
        mask: on its grid.
        midline: the body's middle, where the caller knows it better (from the spine, say); else ``find_midline``.
    """
    parts = label_parts(mask)
    if not parts.any():
        return None
    middle = midline or find_midline(volume, mask)
    sizes, right = _count_right(volume, mask, parts, middle)
    of_note = {_side_of_share(share) for share in (right / sizes)[sizes >= _WORTH_COUNTING * sizes.sum()]}
    share = float(right.sum() / sizes.sum())
    side = Side.BOTH if of_note == {Side.LEFT, Side.RIGHT} else _side_of_share(share)
    if side is Side.BOTH and _side_of_share(share) is not Side.MIDLINE:
        # A small satellite on the other side does not make an organ a paired one.
        side = _side_of_share(share)
    return SideFinding(side, share, middle)


def find_midline(volume: Volume, mask: PackedMask) -> Midline:
    """The body's middle at the height of ``mask``: the median R of the body's voxels there.

    The body is what is denser than −300 HU in CT, and above a tenth of the 99th percentile elsewhere. Where it fills the
    field of view from side to side, its edges are not seen and the middle of the image is taken.
    """
    canonical = volume.canonical()
    box = volume.reorientation.box_to_canonical(mask.box)
    ks = np.unique(np.linspace(box.low[0], max(box.high[0] - 1, box.low[0]), _SLICES_SEEN).round().astype(int))
    # Every other voxel is enough for a median, and four times faster.
    slab = canonical.array[ks][:, ::2, ::2]
    body = slab > (_AIR_OR_LUNG_HU if volume.modality is Modality.CT else 0.1 * np.percentile(slab, 99))
    columns = body.any(axis=(0, 1))
    if columns.mean() < _MOST_OF_THE_WIDTH and body.any():
        found = np.argwhere(body)
        kji = np.stack([ks[found[:, 0]], 2 * found[:, 1], 2 * found[:, 2]], axis=1)
        return Midline(float(np.median(_r_of(canonical, kji))), "the median of the body in the same slices")
    k, j, i = ((size - 1) / 2 for size in canonical.shape)
    return Midline(canonical.ijk_to_ras_position((i, j, k))[0], "the middle of the image, which the body fills")


def _count_right(volume: Volume, mask: PackedMask, parts: np.ndarray, middle: Midline) -> tuple[np.ndarray, np.ndarray]:
    """The voxels of each part, and those on the patient's right; a plane at a time, for parts may fill the scan."""
    per_i, per_j, per_k, origin = volume.ijk_to_ras[0]
    low_k, low_j, low_i = mask.box.low
    _, rows, columns = parts.shape
    in_plane = per_i * (low_i + np.arange(columns)) + per_j * (low_j + np.arange(rows))[:, None]
    count = int(parts.max()) + 1
    sizes, right = np.zeros(count, int), np.zeros(count, int)
    for k, plane in enumerate(parts, low_k):
        sizes += np.bincount(plane.ravel(), minlength=count)
        right += np.bincount(plane[in_plane + per_k * k + origin > middle.r_mm], minlength=count)
    return sizes[1:], right[1:]


def _side_of_share(share: float) -> Side:
    if share >= _ONE_SIDED:
        return Side.RIGHT
    return Side.LEFT if share <= 1 - _ONE_SIDED else Side.MIDLINE


def _r_of(volume: Volume, kji: np.ndarray) -> np.ndarray:
    row = volume.ijk_to_ras[0]
    return kji[:, ::-1] @ row[:3] + row[3]
