"""Dice, normalised surface distance, interactions to reach a score."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial import cKDTree

from MedVLSAM2Lib.evaluation.metrics import dice, interactions_to_reach, surface_dice


def a_block(low: tuple[int, int, int], high: tuple[int, int, int], shape: tuple[int, int, int] = (20, 20, 20)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def two_noisy_blobs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    mask, truth = a_block((4, 4, 4), (12, 14, 15)), a_block((5, 3, 6), (13, 12, 16))
    return mask ^ (rng.random(mask.shape) < 0.02), truth ^ (rng.random(mask.shape) < 0.02)


def test_dice_is_twice_the_overlap_over_both_sizes() -> None:
    # 4x4x4 and 4x4x4, moved by one voxel: 48 of 64 voxels are shared.
    assert dice(a_block((2, 2, 2), (6, 6, 6)), a_block((3, 2, 2), (7, 6, 6))) == pytest.approx(2 * 48 / 128)


def test_dice_agrees_with_simpleitk() -> None:
    mask, truth = two_noisy_blobs()
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*(sitk.GetImageFromArray(array.astype(np.uint8)) for array in (mask, truth)))
    assert dice(mask, truth) == pytest.approx(overlap.GetDiceCoefficient())


@pytest.mark.parametrize("score", [dice, lambda a, b: surface_dice(a, b, (1, 1, 1))])
def test_two_empty_masks_agree_and_an_empty_one_agrees_with_no_other(score) -> None:
    nothing, something = np.zeros((20, 20, 20), bool), a_block((2, 2, 2), (6, 6, 6))
    assert score(nothing, nothing) == 1.0
    assert score(something, nothing) == 0.0
    assert score(nothing, something) == 0.0


@pytest.mark.parametrize(("spacing_along_k", "expected"), [(1.0, 1.0), (2.5, 8 / 16)])
def test_surfaces_are_compared_in_millimetres(spacing_along_k: float, expected: float) -> None:
    # Two flat plates of 2x2 voxels, two slices thick and one slice apart: every voxel is surface. With 1 mm slices all
    # lie within 2 mm of the other plate; with 2.5 mm slices only the slice they share does.
    mask, truth = a_block((4, 4, 4), (6, 6, 6)), a_block((5, 4, 4), (7, 6, 6))
    assert surface_dice(mask, truth, (spacing_along_k, 1, 1), tolerance_mm=2) == pytest.approx(expected)


def test_surface_dice_agrees_with_nearest_neighbours_by_brute_force() -> None:
    mask, truth = two_noisy_blobs()
    spacing = np.array([3.0, 0.8, 0.8])

    def surface_mm(array: np.ndarray) -> np.ndarray:
        outside = np.pad(~array, 1, constant_values=True)
        touches = np.zeros_like(array)
        for axis in range(3):
            for step in (-1, 1):
                touches |= np.roll(outside, step, axis)[1:-1, 1:-1, 1:-1]
        return np.argwhere(array & touches) * spacing

    first, second = surface_mm(mask), surface_mm(truth)
    near = (cKDTree(second).query(first)[0] <= 2).sum() + (cKDTree(first).query(second)[0] <= 2).sum()
    assert surface_dice(mask, truth, tuple(spacing)) == pytest.approx(near / (len(first) + len(second)))


def test_masks_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        dice(np.zeros((2, 2, 2), bool), np.zeros((2, 2, 3), bool))


def test_interactions_are_counted_up_to_the_first_that_reaches_the_score() -> None:
    assert interactions_to_reach([0.5, 0.81, 0.7, 0.9], 0.8) == 2
    assert interactions_to_reach([0.8], 0.8) == 1
    assert interactions_to_reach([0.5, 0.6], 0.8) is None
