"""A volume refuses what cannot be segmented, and knows where its voxels are."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.volume import Modality, Volume, VolumeError

IDENTITY = np.eye(4)


def an_array(dtype: type = np.int16) -> np.ndarray:
    return np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(dtype)


def with_nan() -> np.ndarray:
    array = an_array(np.float32)
    array[1, 2, 3] = np.nan
    return array


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((2, 3, 4, 5)), "4 dimensions"),
        (np.zeros((0, 3, 4)), "is empty"),
        (np.full((3, 3, 3), 7), "same value in every voxel"),
        (with_nan(), "not numbers"),
        (an_array(complex), "complex128 values"),
    ],
)
def test_an_array_that_cannot_be_segmented_is_refused_in_one_sentence(array: np.ndarray, sentence: str) -> None:
    with pytest.raises(VolumeError, match=sentence):
        Volume(array, IDENTITY)


@pytest.mark.parametrize(
    ("matrix", "sentence"),
    [
        (np.diag([0.0, 1, 1, 1]), "spacing of zero"),
        (np.array([[1.0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "same direction"),
        (np.diag([1.0, 1, np.nan, 1]), "no usable IJK to RAS matrix"),
        (np.diag([1.0, 1, 1, 2]), "projective"),
    ],
)
def test_a_grid_that_is_none_is_refused_in_one_sentence(matrix: np.ndarray, sentence: str) -> None:
    with pytest.raises(VolumeError, match=sentence):
        Volume(an_array(), matrix)


def test_a_volume_that_differs_in_one_voxel_is_not_constant() -> None:
    array = np.zeros((50, 60, 70), np.int16)
    array[3, 1, 2] = 1
    assert Volume(array, IDENTITY).shape == (50, 60, 70)


def test_spacing_is_given_in_array_order_for_oblique_and_sheared_grids() -> None:
    angle = np.deg2rad(20)
    turned = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    matrix = np.eye(4)
    matrix[:3, :3] = turned @ np.diag([0.7, 0.8, 5.0])
    matrix[:3, 2] += [0, 1.0, 0]
    volume = Volume(an_array(), matrix)
    assert np.allclose(volume.spacing_mm, [np.sqrt(26), 0.8, 0.7])
    assert np.isclose(volume.voxel_volume_mm3, 0.7 * 0.8 * 5.0)


def test_positions_go_to_ras_and_back() -> None:
    matrix = np.array([[-0.7, 0, 0.1, 80], [0, 0.7, 0, -60], [0, 0.1, 3, 12], [0, 0, 0, 1.0]])
    volume = Volume(an_array(), matrix)
    assert np.allclose(volume.ras_to_ijk(volume.ijk_to_ras_position((2.5, 1.0, 3.25))), (2.5, 1.0, 3.25))


def test_the_canonical_volume_shares_the_memory_and_the_place() -> None:
    volume = Volume(an_array(), np.array([[0, 0, 2.0, 1], [1.0, 0, 0, 2], [0, -3.0, 0, 3], [0, 0, 0, 1]]), Modality.CT)
    canonical = volume.canonical()
    assert np.shares_memory(canonical.array, volume.array)
    assert np.allclose(np.sign(np.diag(canonical.ijk_to_ras)[:3]), [-1, -1, 1])
    ijk = volume.reorientation.position_to_canonical((4, 1, 2))
    assert np.allclose(canonical.ijk_to_ras_position(ijk), volume.ijk_to_ras_position((4, 1, 2)))
    i, j, k = (round(v) for v in ijk)
    assert canonical.array[k, j, i] == volume.array[2, 1, 4]


def test_ct_is_seen_in_a_soft_tissue_window_and_anything_else_between_percentiles() -> None:
    assert Volume(an_array(), IDENTITY, Modality.CT).window.width == 400
    window = Volume(an_array(), IDENTITY, Modality.MR).window
    assert 0 < window.low < 5
    assert 115 < window.high < 119
