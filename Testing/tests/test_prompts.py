"""Prompts that make no sense are refused in one sentence."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.prompts import Box, Lasso, Point, PriorMask, Prompt, PromptError, Scribble, check, stroke_voxels
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

SHAPE = (10, 20, 30)


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (Point((30.0, 5, 5)), "point lies outside"),
        (Point((float("nan"), 5, 5)), "point lies outside"),
        (Scribble(()), "scribble is empty"),
        (Scribble(((5, 5, 5), (5, 5, 12))), "scribble lies outside"),
        (Lasso(((5, 5, 5), (6, 5, 5)), 2), "at least three points"),
        (Box((5, 5, 5), (5, 5, 5)), "box has no size"),
        (Box((9, 9, 5), (5, 5, 5)), "box has no size"),
        (Box((40, 5, 5), (45, 9, 9)), "box lies outside"),
        (PriorMask(PackedMask(VoxelBox((9, 0, 0), (11, 2, 2)), b"\xff")), "outside the volume"),
    ],
)
def test_a_prompt_that_makes_no_sense_is_refused(prompt: Prompt, sentence: str) -> None:
    with pytest.raises(PromptError, match=sentence):
        check(prompt, SHAPE)


def test_a_click_against_an_earlier_stroke_names_that_prompt() -> None:
    earlier = [Point((1, 1, 1)), Scribble(((5, 5, 5), (9, 5, 5)))]
    with pytest.raises(PromptError, match="contradicts prompt 2"):
        check(Point((7, 5, 5), positive=False), SHAPE, earlier)
    check(Point((7, 6, 5), positive=False), SHAPE, earlier)


def test_a_box_that_reaches_over_the_border_is_fine() -> None:
    check(Box((-4, 3, 2), (8, 30, 9)), SHAPE)


def test_a_flat_box_knows_its_slice_s_axis() -> None:
    assert Box((2, 3, 4), (9, 3, 8)).flat_axis == 1
    assert Box((2, 3, 4), (9, 8, 8)).flat_axis is None


def test_a_stroke_has_no_gaps() -> None:
    voxels = stroke_voxels([(0, 0, 0), (6, 3, 2)])
    for k, j, i in voxels - {(2, 3, 6)}:
        nearest = min(max(abs(a - k), abs(b - j), abs(c - i)) for a, b, c in voxels - {(k, j, i)})
        assert nearest == 1
