"""What the simulated user clicks on."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser
from MedVLSAM2Lib.evaluation.suites.orientations import orientations, reoriented
from MedVLSAM2Lib.prompts import Box, Point, nearest_voxel
from MedVLSAM2Lib.volume import Modality, Volume

SHAPE = (20, 30, 40)


@pytest.fixture
def a_volume() -> Volume:
    rng = np.random.default_rng(0)
    return Volume(rng.integers(0, 100, SHAPE).astype(np.int16), np.diag([-1.0, -1.0, 3.0, 1.0]), Modality.CT)


@pytest.fixture
def an_object() -> np.ndarray:
    """Two slices: a large one with its middle at I 12, J 10, and a smaller one above it."""
    truth = np.zeros(SHAPE, bool)
    truth[5, 6:15, 6:19] = True
    truth[6, 8:11, 10:13] = True
    return truth


def test_the_first_click_is_in_the_middle_of_the_largest_axial_slice(a_volume, an_object) -> None:
    assert SimulatedUser(a_volume, an_object).first_click() == Point((12.0, 10.0, 5.0))


def test_of_equally_deep_voxels_the_middle_one_is_clicked(a_volume) -> None:
    tube = np.zeros(SHAPE, bool)
    tube[3:6, 10:13, 4:31] = True
    assert SimulatedUser(a_volume, tube).next_click(np.zeros(SHAPE, bool)) == Point((17.0, 11.0, 4.0))


def test_the_next_click_is_in_the_middle_of_the_largest_part_that_was_missed(a_volume, an_object) -> None:
    mask = an_object.copy()
    mask[5, 6:15, 14:19] = False
    mask[6] = False
    assert SimulatedUser(a_volume, an_object).next_click(mask) == Point((16.0, 10.0, 5.0), positive=True)


def test_the_next_click_is_negative_where_the_largest_error_is_too_much(a_volume, an_object) -> None:
    mask = an_object.copy()
    mask[12:17, 20:25, 30:35] = True
    assert SimulatedUser(a_volume, an_object).next_click(mask) == Point((32.0, 22.0, 14.0), positive=False)


def test_depth_is_measured_in_millimetres(a_volume) -> None:
    # 3 mm slices: the middle of a block three slices high lies where the slices are widest, not at its middle slice.
    truth = np.zeros(SHAPE, bool)
    truth[4:7, 5:8, 5:30] = True
    truth[7, 4:9, 20:25] = True
    truth[3, 4:9, 20:25] = True
    click = SimulatedUser(a_volume, truth).next_click(np.zeros(SHAPE, bool))
    assert click is not None
    _, j, i = nearest_voxel(click.position)
    assert 20 <= i < 25
    assert j == 6


def test_a_perfect_mask_needs_no_click(a_volume, an_object) -> None:
    assert SimulatedUser(a_volume, an_object).next_click(an_object) is None


def test_the_box_is_a_twentieth_looser_than_the_object_on_every_side(a_volume, an_object) -> None:
    box = SimulatedUser(a_volume, an_object).box()
    assert box.minimum == pytest.approx((6 - 0.65, 6 - 0.45, 5 - 0.1))
    assert box.maximum == pytest.approx((18 + 0.65, 14 + 0.45, 6 + 0.1))


def test_the_box_stays_inside_the_volume(a_volume) -> None:
    assert SimulatedUser(a_volume, np.ones(SHAPE, bool)).box() == Box((0.0, 0.0, 0.0), (39.0, 29.0, 19.0))


def test_what_is_clicked_does_not_depend_on_how_the_axes_are_stored(a_volume, an_object) -> None:
    mask = np.zeros(SHAPE, bool)
    mask[4:9, 9:13, 4:12] = True
    user = SimulatedUser(a_volume, an_object)
    turns = list(orientations(SHAPE))
    assert len({(turn.axes, turn.flipped) for turn in turns}) == len(list(permutations(range(3)))) * len(
        list(product((0, 1), repeat=3))
    )
    for turn in turns:
        other = SimulatedUser(reoriented(a_volume, turn), turn.array_to_canonical(an_object))
        expected = turn.position_to_canonical(user.first_click().position)
        assert other.first_click().position == pytest.approx(expected)
        next_click, wanted = other.next_click(turn.array_to_canonical(mask)), user.next_click(mask)
        assert next_click is not None
        assert wanted is not None
        assert next_click.positive == wanted.positive
        assert next_click.position == pytest.approx(turn.position_to_canonical(wanted.position))


def test_an_empty_truth_is_refused(a_volume) -> None:
    with pytest.raises(ValueError, match="needs an object"):
        SimulatedUser(a_volume, np.zeros(SHAPE, bool))
