"""Asked for an object where there is none: the right answer is no mask at all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from MedVLSAM2Lib.evaluation.cases import Case, LabelledObject
from MedVLSAM2Lib.evaluation.segmenter import Segmenter
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser
from MedVLSAM2Lib.prompts import Box
from MedVLSAM2Lib.volume import Volume, VoxelBox
from MedVLSAM2Lib.volume.reorientation import Position

MOST_DIFFERENCE = 0.1
"""A place shows nothing if its intensities differ by no more than this share of the whole scan's (standard deviations)."""

MOST_CELLS = 96
"""Along an axis: of a finer scan only every n-th voxel is looked at."""


@dataclass(frozen=True)
class EmptyAnswer:
    """What came of one question for something that is not there.

    Attributes:
        case, object, segmenter: who was asked, in which scan, with the box of which object.
        prompt: the prompt, in words.
        volume_ml: of the mask; 0 is right.
    """

    case: str
    object: str
    segmenter: str
    prompt: str
    volume_ml: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return self.volume_ml == 0


def ask_for_nothing(segmenter: Segmenter, case: Case, target: LabelledObject) -> EmptyAnswer | None:
    """Draw the box of ``target`` where the scan shows nothing; None where the scan has no such place.

    Boxes and no clicks: a session keeps each clicked voxel in the mask, whatever the model says.
    """
    box = SimulatedUser(case.volume, target.truth).box()
    prompt = box_on_nothing(case.volume, target.truth, box)
    if prompt is None:
        return None
    mask = segmenter.start(case.volume, case.name).add([prompt])
    millilitres = np.count_nonzero(mask) * case.volume.voxel_volume_mm3 / 1000
    return EmptyAnswer(case.name, target.name, segmenter.name, str(prompt), millilitres)


def empty_target_f1(false_masks: int, right_empties: int, wrong_empties: int) -> float:
    """F1 of saying "there is nothing", which is what counts as positive: 2 TP / (2 TP + FP + FN).

    Samples without a target are counted as in generalised referring segmentation (GRES, Liu et al. 2023, arXiv
    2306.00968, no-target and target accuracy): an empty mask is the only right answer to one of them, and to no other.

    Args:
        false_masks: empty targets that were answered with a mask of any size (FN).
        right_empties: empty targets that were answered with none (TP).
        wrong_empties: objects that were there and were answered with no mask (FP).

    Returns:
        0 to 1; 0 as well where nothing was ever said to be empty.
    """
    all_of_them = 2 * right_empties + wrong_empties + false_masks
    return 2 * right_empties / all_of_them if all_of_them else 0.0


def box_on_nothing(volume: Volume, truth: np.ndarray, box: Box) -> Box | None:
    """``box`` moved to where the scan is most uniform and no voxel near ``truth`` (bool, K, J, I) is.

    None where no such place is uniform enough (``MOST_DIFFERENCE``): outside a body it mostly is.
    """
    shape, inside = np.array(volume.shape), VoxelBox.around(truth)
    low = np.floor(np.maximum(box.minimum[::-1], 0)).astype(int)
    size = np.minimum(np.ceil(box.maximum[::-1]).astype(int) + 1, shape) - low
    step = np.maximum(1, np.ceil(shape / MOST_CELLS)).astype(int)
    shown = volume.array[tuple(slice(None, None, one) for one in step)].astype(np.float64)
    places = _differences(shown, np.minimum(np.ceil(size / step).astype(int), shown.shape))
    axes = [np.arange(count) * one for count, one in zip(places.shape, step, strict=True)]
    in_scan = [axis + length <= whole for axis, length, whole in zip(axes, size, shape, strict=True)]
    beside = [
        (axis >= high) | (axis + length <= first)
        for axis, length, first, high in zip(axes, size, inside.low, inside.high, strict=True)
    ]
    allowed = reduce(np.logical_or.outer, beside) & reduce(np.logical_and.outer, in_scan)
    places = np.where(allowed, places, np.inf)
    best = np.unravel_index(int(places.argmin()), places.shape)
    if places[best] > MOST_DIFFERENCE * shown.std():
        return None
    moved = (np.array(best) * step - low)[::-1]
    return Box(_position(np.add(box.minimum, moved)), _position(np.add(box.maximum, moved)))


def _differences(shown: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The standard deviation within the box of ``cells`` (3,) that begins at each cell, where it lies in the scan."""
    mean, of_squares = (_box_means(values, cells) for values in (shown - shown.mean(), (shown - shown.mean()) ** 2))
    deviations: np.ndarray = np.sqrt(np.maximum(of_squares - mean**2, 0.0))
    return deviations


def _box_means(values: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The mean of every box of ``cells`` (3,) that lies within the array: one axis at a time, by running sums."""
    for axis, count in enumerate(cells):
        sums = np.cumsum(np.insert(values, 0, 0.0, axis=axis), axis=axis)
        ends = np.take(sums, range(count, sums.shape[axis]), axis)
        values = (ends - np.take(sums, range(sums.shape[axis] - count), axis)) / count
    return values


def _position(values: np.ndarray) -> Position:
    i, j, k = (float(value) for value in values)
    return i, j, k
