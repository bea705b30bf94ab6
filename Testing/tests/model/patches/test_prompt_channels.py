"""Prompts and image windows, drawn into a view where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.prompt_channels import prompt_channels, window_channels
from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.prompts import Box, Lasso, Point, Prompt, Scribble

POSITIVE, NEGATIVE, BOX, LASSO = range(4)
SIDE = 20
# One voxel is two cells along K, one along J and one along I; voxel (k, j, i) = (10, 20, 30) is in the middle.
SPACING = (2.0, 1.0, 1.0)
A_VIEW = View((10.0, 20.0, 30.0), (20.0, 20.0, 20.0))


def drawn(*prompts: Prompt) -> np.ndarray:
    return prompt_channels(prompts, SPACING, A_VIEW, SIDE)


def extent(layer: np.ndarray) -> list[tuple[int, int]]:
    """First and last filled cell along K, J and I."""
    cells = np.argwhere(layer)
    return list(zip(cells.min(0).tolist(), cells.max(0).tolist(), strict=True))


def test_a_click_is_given_in_ijk_and_drawn_in_kji() -> None:
    # i = 33 is three cells after the middle (9.5) along the last axis, k = 11 two along the first.
    layers = drawn(Point((33.0, 20.0, 11.0)))
    assert extent(layers[POSITIVE]) == [(11, 13), (9, 11), (12, 14)]
    assert not layers[NEGATIVE:].any()


def test_a_negative_click_has_its_own_channel() -> None:
    layers = drawn(Point((30.0, 20.0, 10.0), positive=False))
    assert layers[NEGATIVE].sum() == 27
    assert not layers[POSITIVE].any()


def test_a_click_far_outside_the_view_leaves_no_trace() -> None:
    assert not drawn(Point((60.0, 20.0, 10.0))).any()


def test_a_click_on_the_edge_of_the_view_is_still_seen() -> None:
    assert drawn(Point((39.6, 20.0, 10.0)))[POSITIVE].sum() > 0


def test_a_scribble_leaves_no_gap_between_its_points() -> None:
    layer = drawn(Scribble(((24.0, 20.0, 10.0), (36.0, 20.0, 10.0))))[POSITIVE]
    assert extent(layer)[2] == (3, 17)
    assert layer[10, 10, 3:18].all()


def test_a_box_reaches_to_the_outer_faces_of_its_corner_voxels() -> None:
    layer = drawn(Box((27.0, 18.0, 9.0), (33.0, 21.0, 11.0)))[BOX]
    # Three voxels along K are six cells.
    assert extent(layer) == [(7, 12), (7, 10), (6, 12)]
    assert layer.sum() == 6 * 4 * 7


def test_a_flat_box_is_as_thick_as_one_voxel() -> None:
    layer = drawn(Box((27.0, 18.0, 10.0), (33.0, 21.0, 10.0)))[BOX]
    assert extent(layer)[0] == (9, 10)


def test_a_flat_box_thinner_than_a_cell_is_one_cell_thick() -> None:
    coarse = View((10.0, 20.0, 30.0), (160.0, 80.0, 80.0))
    layer = prompt_channels([Box((10.0, 5.0, 10.0), (50.0, 35.0, 10.0))], SPACING, coarse, SIDE)[BOX]
    k = extent(layer)[0]
    assert k[0] == k[1]


def test_a_box_larger_than_the_view_fills_it() -> None:
    assert drawn(Box((0.0, 0.0, 0.0), (99.0, 99.0, 99.0)))[BOX].all()


def test_a_lasso_is_filled_on_its_slice_only() -> None:
    square = ((26.0, 16.0, 10.0), (34.0, 16.0, 10.0), (34.0, 24.0, 10.0), (26.0, 24.0, 10.0))
    layers = drawn(Lasso(square, axis=2))
    assert extent(layers[LASSO]) == [(9, 10), (6, 13), (6, 13)]
    assert layers[LASSO].sum() == 2 * 8 * 8
    assert not layers[NEGATIVE].any()


def test_a_lasso_on_a_sagittal_slice_lies_across_i() -> None:
    square = ((30.0, 16.0, 8.0), (30.0, 24.0, 8.0), (30.0, 24.0, 12.0), (30.0, 16.0, 12.0))
    k, j, i = extent(drawn(Lasso(square, axis=0))[LASSO])
    assert k[1] - k[0] == j[1] - j[0] == 7
    assert i[0] == i[1]


def test_a_negative_lasso_fills_the_negative_channel() -> None:
    triangle = ((26.0, 16.0, 10.0), (34.0, 16.0, 10.0), (30.0, 24.0, 10.0))
    layers = drawn(Lasso(triangle, axis=2, positive=False))
    assert layers[NEGATIVE].sum() > 20
    assert not layers[LASSO].any()


def test_a_lasso_smaller_than_a_cell_is_not_lost() -> None:
    coarse = View((10.0, 20.0, 30.0), (400.0, 400.0, 400.0))
    tiny = ((30.0, 20.0, 10.0), (32.0, 20.0, 10.0), (31.0, 22.0, 10.0))
    assert prompt_channels([Lasso(tiny, axis=2)], SPACING, coarse, SIDE)[LASSO].sum() == 1


def test_a_concave_outline_leaves_its_bay_empty() -> None:
    # A U: its bay is open at the top.
    outline = ((24, 14), (36, 14), (36, 26), (33, 26), (33, 18), (27, 18), (27, 26), (24, 26))
    layer = drawn(Lasso(tuple((float(i), float(j), 10.0) for i, j in outline), axis=2))[LASSO][10]
    i_middle, j_of_bay, j_of_floor = 10, 14, 6
    assert layer[j_of_floor, i_middle]
    assert not layer[j_of_bay, i_middle]


def test_ct_is_shown_through_three_windows() -> None:
    config = PatchConfig(ct_windows=((40, 400), (-450, 1500), (350, 1700)))
    shown = window_channels(np.full((4, 4, 4), 40.0), True, 0, 1, config)
    assert shown[:, 0, 0, 0] == pytest.approx([0.5, 490 / 1500 + 0.5, -310 / 1700 + 0.5])


def test_other_images_are_shown_from_their_low_to_their_high_value_on_all_channels() -> None:
    shown = window_channels(np.full((4, 4, 4), 30.0), False, 10, 50, PatchConfig())
    assert shown[:, 0, 0, 0] == pytest.approx([0.5, 0.5, 0.5])
    assert window_channels(np.full((4, 4, 4), 9e9), False, 10, 50, PatchConfig()).max() == 1
