"""Where an object differs clearly from what surrounds it, its edge is the scan's; where it does not, the model's."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.model.mask_model import MaskEstimate
from MedVLSAM2Lib.session.intensity_edges import IntensityRatio, with_sharper_edges
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox

from .conftest import ball

SHAPE, MIDDLE, RADIUS = (40, 44, 48), (20, 22, 24), 12


def a_volume(contrast: float, noise: float = 20.0) -> Volume:
    """A noisy CT with a ball that is brighter than the rest by ``contrast``."""
    array = np.random.default_rng(0).normal(40, noise, SHAPE)
    array[ball(SHAPE, MIDDLE, RADIUS)] += contrast
    return Volume(array.astype(np.int16), np.diag([-1.0, -1.0, 1.0, 1.0]), Modality.CT)


def a_coarse_estimate(radius: float) -> MaskEstimate:
    """What a model with wide cells might say: the ball, but of another radius, surer the farther from its edge."""
    k, j, i = np.indices(SHAPE)
    distance = np.sqrt((k - MIDDLE[0]) ** 2 + (j - MIDDLE[1]) ** 2 + (i - MIDDLE[2]) ** 2)
    logits = (radius - distance).astype(np.float32)
    return MaskEstimate(VoxelBox.of_shape(SHAPE), logits, 0.8, is_coarse=True)


def mask_of(estimate: MaskEstimate) -> np.ndarray:
    return estimate.logits[VoxelBox.of_shape(SHAPE).slices] > 0


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.parametrize("radius", [RADIUS - 2.5, RADIUS + 1.5])
def test_an_edge_a_few_voxels_off_moves_to_where_the_intensity_changes(radius: float) -> None:
    truth, estimate = ball(SHAPE, MIDDLE, RADIUS), a_coarse_estimate(radius)
    before, after = mask_of(estimate), mask_of(with_sharper_edges(estimate, a_volume(200)))
    assert dice(before, truth) < 0.87
    assert dice(after, truth) > 0.97


def test_without_contrast_the_model_s_edge_stays() -> None:
    estimate = a_coarse_estimate(RADIUS - 2.5)
    assert with_sharper_edges(estimate, a_volume(0)) is estimate


def test_what_the_model_is_sure_of_stays_whatever_it_looks_like() -> None:
    volume = a_volume(200)
    # A bright neighbour far from the object's edge, and a dark hole in its middle.
    volume.array[2:6, 2:6, 2:6] = 240
    volume.array[19:22, 21:24, 23:26] = 40
    after = mask_of(with_sharper_edges(a_coarse_estimate(RADIUS), volume))
    assert not after[2:6, 2:6, 2:6].any()
    assert after[19:22, 21:24, 23:26].all()


def test_no_voxel_of_the_edge_stands_alone() -> None:
    after = mask_of(with_sharper_edges(a_coarse_estimate(RADIUS - 1.5), a_volume(120, noise=45)))
    padded = np.pad(after, 1).astype(int)
    neighbours = sum(np.roll(padded, step, axis) for axis in range(3) for step in (-1, 1))[1:-1, 1:-1, 1:-1]
    before = np.pad(mask_of(a_coarse_estimate(RADIUS - 1.5)), 1)[1:-1, 1:-1, 1:-1]
    assert (after != before).any()
    assert (after & (neighbours == 0)).sum() == 0


def test_any_part_of_the_logits_is_the_same_part_of_the_whole() -> None:
    sharper = with_sharper_edges(a_coarse_estimate(RADIUS - 2), a_volume(200)).logits
    part = (slice(5, 17), slice(8, 30), slice(11, 12))
    assert np.array_equal(sharper[part], sharper[VoxelBox.of_shape(SHAPE).slices][part])


def test_too_few_voxels_or_a_single_intensity_say_nothing() -> None:
    many, few = np.arange(500.0), np.arange(10.0) + 1000
    assert IntensityRatio.between(many, few) is None
    assert IntensityRatio.between(np.full(500, 7.0), np.full(500, 7.0)) is None


def test_an_answer_without_any_object_is_left_alone() -> None:
    estimate = MaskEstimate(VoxelBox.of_shape(SHAPE), np.full(SHAPE, -9.0), 0.1, VoxelBox.empty(), is_coarse=True)
    assert with_sharper_edges(estimate, a_volume(200)) is estimate


def test_an_object_of_air_and_tissue_has_no_intensity_of_its_own() -> None:
    volume = a_volume(0)
    # The object's upper half is air, the rest is like what surrounds it.
    inside = ball(SHAPE, MIDDLE, RADIUS)
    inside[: MIDDLE[0]] = False
    volume.array[inside] = -900
    estimate = a_coarse_estimate(RADIUS - 2)
    assert with_sharper_edges(estimate, volume) is estimate
