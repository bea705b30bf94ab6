"""Asked for an object where there is none, and how the answers are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.cases import Case, LabelledObject
from MedVLSAM2Lib.evaluation.empty_targets import ask_for_nothing, box_on_nothing, empty_target_f1
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser
from MedVLSAM2Lib.prompts import Box, Prompt
from MedVLSAM2Lib.volume import Volume


@pytest.fixture
def a_ball_and_air(a_ball: Case) -> Case:
    """The ball in noise, and beyond it as much of air as there is body."""
    body = a_ball.volume.array
    array = np.concatenate([body, np.full_like(body, -1000)], axis=2)
    truth = np.concatenate([a_ball.objects[0].truth, np.zeros(body.shape, bool)], axis=2)
    return Case("ball", replace(a_ball.volume, array=array), (LabelledObject("ball", "other", truth),))


@dataclass
class BoxFiller:
    """Fills a box where anything in it is brighter than ``level``."""

    level: float
    name: str = "box filler"

    def start(self, volume: Volume, volume_id: str) -> BoxFiller:
        self.volume = volume
        return self

    def add(self, prompts: Sequence[Prompt]) -> np.ndarray:
        mask = np.zeros(self.volume.shape, bool)
        for prompt in prompts:
            assert isinstance(prompt, Box)
            low, high = np.floor(prompt.minimum[::-1]).astype(int), np.ceil(prompt.maximum[::-1]).astype(int) + 1
            part = tuple(slice(max(first, 0), last) for first, last in zip(low, high, strict=True))
            mask[part] = (self.volume.array[part] > self.level).any()
        return mask


def test_the_box_of_an_object_is_drawn_where_the_scan_shows_nothing(a_ball_and_air: Case) -> None:
    truth = a_ball_and_air.objects[0].truth
    box = SimulatedUser(a_ball_and_air.volume, truth).box()
    moved = box_on_nothing(a_ball_and_air.volume, truth, box)
    assert moved is not None
    assert np.allclose(np.subtract(moved.maximum, moved.minimum), np.subtract(box.maximum, box.minimum))
    assert moved.minimum[0] > 43  # in the air
    assert all(
        low >= 0 and high <= n - 1 for low, high, n in zip(moved.minimum, moved.maximum, (88, 40, 30), strict=True)
    )


def test_a_scan_without_an_empty_place_is_asked_nothing(a_ball: Case) -> None:
    assert ask_for_nothing(BoxFiller(0), a_ball, a_ball.objects[0]) is None


@pytest.mark.parametrize(("level", "is_empty"), [(-500.0, True), (-2000.0, False)])
def test_no_mask_is_the_right_answer_to_an_empty_target(a_ball_and_air: Case, level: float, is_empty: bool) -> None:
    answer = ask_for_nothing(BoxFiller(level), a_ball_and_air, a_ball_and_air.objects[0])
    assert answer is not None
    assert answer.is_empty == is_empty
    assert (answer.volume_ml > 0) != is_empty


def test_f1_counts_empty_masks_as_positive() -> None:
    assert empty_target_f1(false_masks=0, right_empties=10, wrong_empties=0) == 1.0
    assert empty_target_f1(false_masks=10, right_empties=0, wrong_empties=0) == 0.0
    # Precision 6 of 8, recall 6 of 10.
    assert empty_target_f1(false_masks=4, right_empties=6, wrong_empties=2) == pytest.approx(2 / 3)
    # Who never finds anything is not told to be good.
    assert empty_target_f1(false_masks=0, right_empties=10, wrong_empties=10) == pytest.approx(2 / 3)
