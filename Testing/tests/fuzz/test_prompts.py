"""Prompts of any shape are used or refused in one sentence, and what is used stays within the scan."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from MedVLSAM2Lib.prompts import (
    Box,
    Lasso,
    Phrase,
    Point,
    PriorMask,
    Prompt,
    PromptError,
    Scribble,
    check,
    fixed_voxels,
    to_canonical,
)
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.prompt_json import prompts_from_json, prompts_to_json
from MedVLSAM2Lib.session.prompt_rules import apply_rules, reach
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox
from tests.fuzz.cases import TYPED, a_result_or_one_sentence, cases, json_values, mutated

SHAPE = (5, 6, 7)
SCAN = Volume(np.arange(210, dtype=np.int16).reshape(SHAPE), np.diag([-1.0, 2.0, -3.0, 1.0]))
NUMBERS = st.floats() | st.floats(-1, 8) | st.integers(-1, 8).map(float) | st.sampled_from([-0.5, 6.5, 1e308, math.nan])
POSITIONS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
POSITION_LISTS = st.lists(POSITIONS, max_size=5).map(tuple)
CORNERS = st.tuples(*[st.integers(-3, 9)] * 3)


def a_mask(low: tuple[int, int, int], size: tuple[int, int, int]) -> PackedMask:
    box = VoxelBox(low, tuple(a + max(b, 0) for a, b in zip(low, size, strict=True)))
    return PackedMask.pack(np.ones(box.shape, bool), box)


PROMPTS = st.one_of(
    st.builds(Point, POSITIONS, st.booleans()),
    st.builds(Box, POSITIONS, POSITIONS),
    st.builds(Scribble, POSITION_LISTS, st.booleans()),
    st.builds(Lasso, POSITION_LISTS, st.integers(-1, 3), st.booleans()),
    st.builds(PriorMask, st.builds(a_mask, CORNERS, CORNERS)),
    st.builds(Phrase, TYPED, st.integers(-2, 3)),
)


@cases(700)
@given(prompts=st.lists(PROMPTS, min_size=1, max_size=4))
def test_prompts_are_used_or_refused(prompts: list[Prompt]) -> None:
    taken: list[Prompt] = []
    for prompt in prompts:
        with a_result_or_one_sentence(PromptError):
            check(prompt, SHAPE, taken)
            taken.append(prompt)
    whole = VoxelBox.of_shape(SHAPE)
    drawn = [to_canonical(prompt, SCAN.reorientation) for prompt in taken if not isinstance(prompt, Phrase | PriorMask)]
    for prompt in drawn:
        fixed = fixed_voxels(prompt)
        assert fixed is None or all(whole.contains(voxel) for voxel in fixed[0])
    apply_rules(np.zeros(SHAPE, bool), whole, drawn)
    assert reach(drawn).intersection(whole) == reach(drawn)


@cases(200)
@given(prompts=st.lists(PROMPTS, max_size=4).map(tuple))
def test_prompts_kept_in_a_scene_come_back(prompts: tuple[Prompt, ...]) -> None:
    assert str(prompts_from_json(prompts_to_json(prompts))) == str(prompts)


KEPT = prompts_to_json((Point((1.0, 2.0, 3.0)), PriorMask(a_mask((0, 0, 0), (2, 2, 2))))).encode()


@cases(300)
@given(text=mutated(KEPT).map(lambda raw: raw.decode("latin-1")) | json_values("prompts", "attachments").map(str))
def test_damaged_prompts_in_a_scene_are_refused(text: str) -> None:
    with a_result_or_one_sentence(SceneError):
        prompts_from_json(text)


def test_prompts_nested_without_end_are_refused() -> None:
    with a_result_or_one_sentence(SceneError):
        prompts_from_json('{"attachments":[],"prompts":' + "[" * 100_000 + "]" * 100_000 + "}")
