"""Simulated users."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.model.patches.drawing import enclosed, points_along
from MedVLSAM2Lib.training.prompting.cell_prompts import CellBox, CellOutline, CellPrompt, CellStroke, drawn
from MedVLSAM2Lib.training.prompting.corrections import clicks_at_peaks, corrections
from MedVLSAM2Lib.training.prompting.earlier_masks import FAULTS, faulty_mask
from MedVLSAM2Lib.training.prompting.first_prompts import (
    a_box,
    a_click,
    a_flat_box,
    a_lasso,
    a_scribble,
    first_prompts,
)
from MedVLSAM2Lib.training.prompting.outline import hand_drawn, outline_of

SIDE = 24


def a_target() -> np.ndarray:
    """A ball with a tail: not convex, not in the middle."""
    k, j, i = np.indices((SIDE, SIDE, SIDE))
    target = (k - 9) ** 2 + (j - 12) ** 2 + (i - 8) ** 2 < 30
    target[9, 12, 8:20] = True
    return target


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.fixture(params=range(6))
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(request.param)


def test_a_click_lands_on_the_object(rng: np.random.Generator) -> None:
    prompt = a_click(a_target(), rng)
    assert isinstance(prompt, CellStroke)
    assert a_target()[tuple(np.floor(prompt.cells[0] + 0.5).astype(int))]


def test_a_box_holds_the_object_and_not_much_more(rng: np.random.Generator) -> None:
    prompt = a_box(a_target(), rng)
    assert isinstance(prompt, CellBox)
    cells = np.argwhere(a_target())
    size = np.ptp(cells, axis=0) + 1
    assert (prompt.lo <= cells.min(0) - 0.5 + 0.02 * size).all()
    assert (prompt.hi >= cells.max(0) + 0.5 - 0.02 * size).all()
    assert (prompt.hi - prompt.lo <= 1.31 * size).all()


def test_a_flat_box_lies_on_one_slice(rng: np.random.Generator) -> None:
    layer = drawn([a_flat_box(a_target(), rng)], SIDE)[2]
    assert sum(first == last for first, last in zip(*ends(layer), strict=True)) >= 1


def ends(layer: np.ndarray) -> tuple[list[int], list[int]]:
    cells = np.argwhere(layer)
    return cells.min(0).tolist(), cells.max(0).tolist()


def test_a_scribble_stays_inside_the_object(rng: np.random.Generator) -> None:
    prompt = a_scribble(a_target(), rng)
    assert isinstance(prompt, CellStroke)
    way = np.floor(points_along(prompt.cells) + 0.5).astype(int)
    assert a_target()[tuple(way.T)].all()


def test_a_lasso_encloses_about_the_object_on_its_slice(rng: np.random.Generator) -> None:
    prompt = a_lasso(a_target(), rng)
    assert isinstance(prompt, CellOutline)
    across = [axis for axis in range(3) if axis != prompt.axis]
    index = int(prompt.cells[0, prompt.axis])
    inside = enclosed(prompt.cells[:, across], (SIDE, SIDE))
    assert dice(inside, np.take(a_target(), index, prompt.axis)) > 0.7


def test_an_outline_encloses_exactly_its_mask() -> None:
    mask = a_target()[:, 12]
    assert (enclosed(outline_of(mask), mask.shape) == mask).all()


def test_the_longest_of_several_outlines_is_taken_and_holes_are_not() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:12, 2:12] = True
    mask[5:8, 5:8] = False
    mask[15:17, 15:17] = True
    inside = enclosed(outline_of(mask), mask.shape)
    assert inside.sum() == 100
    assert not outline_of(np.zeros((5, 5), bool)).size


def test_a_hand_is_steady_enough(rng: np.random.Generator) -> None:
    mask = np.indices((40, 40)).sum(0) > 40
    assert dice(enclosed(hand_drawn(mask, rng), mask.shape), mask) > 0.85


def test_all_kinds_of_first_prompts_occur() -> None:
    kinds = {type(first_prompts(a_target(), None, np.random.default_rng(seed))[0]) for seed in range(60)}
    assert kinds == {CellStroke, CellBox, CellOutline}


def test_a_view_around_a_click_mostly_begins_with_it() -> None:
    click = np.array([9.0, 12.0, 8.0])
    first = [first_prompts(a_target(), click, np.random.default_rng(seed))[0] for seed in range(60)]
    kept = sum(isinstance(prompt, CellStroke) and (prompt.cells == click).all() for prompt in first)
    assert 40 < kept < 60


@pytest.mark.parametrize(
    "prompt",
    [
        CellStroke(np.array([[9.0, 12.0, 8.0], [9.0, 14.0, 8.0]])),
        CellBox(np.array([4.0, 5.0, 6.0]), np.array([12.0, 13.0, 14.0])),
        CellOutline(np.array([[9.0, 4.0, 4.0], [9.0, 4.0, 14.0], [9.0, 14.0, 9.0]]), axis=0),
    ],
)
def test_a_prompt_moves_with_the_view(prompt: CellPrompt) -> None:
    shifted = drawn([prompt.moved(np.ones(3), np.array([2.0, 1.0, 3.0]))], SIDE)
    assert (shifted[:, 2:, 1:, 3:] == drawn([prompt], SIDE)[:, :-2, :-1, :-3]).all()


def as_batch(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(mask)[None, None]


def test_the_correction_is_positive_where_something_is_missing() -> None:
    target = a_target()
    answer = target.copy()
    answer[:, :, :8] = False
    prompt = clicks_at_peaks(as_batch(answer), as_batch(target))[0]
    assert isinstance(prompt, CellStroke)
    assert prompt.positive
    assert (target & ~answer)[tuple(prompt.cells[0].astype(int))]


def test_the_correction_is_negative_where_too_much_is_marked() -> None:
    target = a_target()
    answer = target.copy()
    answer[18:23, 2:8, 2:8] = True
    prompt = clicks_at_peaks(as_batch(answer), as_batch(target))[0]
    assert isinstance(prompt, CellStroke)
    assert not prompt.positive
    assert (prompt.cells[0] >= [18, 2, 2]).all()


def test_a_perfect_answer_is_not_corrected(rng: np.random.Generator) -> None:
    target = as_batch(a_target())
    assert corrections(target, target, rng) == [None]
    assert clicks_at_peaks(target, target) == [None]


def test_corrections_touch_what_is_wrong() -> None:
    target, answer = a_target(), np.zeros((SIDE,) * 3, bool)
    answer[14:22, 14:22, 14:22] = True
    for seed in range(40):
        prompt = corrections(as_batch(answer), as_batch(target), np.random.default_rng(seed))[0]
        assert prompt is not None
        layers = drawn([prompt], SIDE) > 0
        assert ((layers[0] | layers[3]) & target).any() or (layers[1] & answer & ~target).any()


def test_a_faulty_mask_is_still_about_the_object(rng: np.random.Generator) -> None:
    mask = faulty_mask(a_target(), rng)
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
    assert (mask > 0.5)[a_target()].any() or mask.max() == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_fails_on_an_empty_mask(fault, rng: np.random.Generator) -> None:
    assert fault(np.zeros((SIDE,) * 3, bool), rng).shape == (SIDE,) * 3
