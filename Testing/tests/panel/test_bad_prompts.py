"""A prompt that makes no sense gets one sentence, leaves no mark, and costs nothing that was made before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.panel.user import INSIDE, User

OUTSIDE = (0.0, 54.0, 0.0)


def a_point_outside(a_user: User) -> None:
    a_user.take("point")
    a_user.click(OUTSIDE)


def a_contradictory_point(a_user: User) -> None:
    a_user.take("point")
    a_user.press("negative")
    a_user.click(INSIDE)


def an_empty_scribble(a_user: User) -> None:
    a_user.take("scribble")
    a_user.key("Return")


def a_scribble_outside(a_user: User) -> None:
    a_user.take("scribble")
    a_user.drag(OUTSIDE, (20.0, 54.0, 0.0))


def a_lasso_of_two_points(a_user: User) -> None:
    a_user.take("lasso")
    for position in (INSIDE, (10.0, 0.0, 0.0)):
        a_user.slicer.click("Red", position)
    a_user.press("finish")


def a_lasso_outside(a_user: User) -> None:
    a_user.take("lasso")
    a_user.drag((-20.0, 54.0, 0.0), (20.0, 54.0, 0.0), (0.0, 58.0, 0.0))


def a_box_of_no_size(a_user: User) -> None:
    a_user.take("box")
    a_user.slicer.click("Red", INSIDE)
    a_user.click((0.5, 0.5, 0.0))


def a_box_dragged_along_a_line(a_user: User) -> None:
    a_user.take("box")
    a_user.drag(INSIDE, (20.0, 0.0, 0.0))


def a_box_outside(a_user: User) -> None:
    a_user.take("box")
    a_user.drag((-20.0, 52.5, 0.0), (20.0, 58.0, 0.0))


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (a_point_outside, "outside the volume"),
        (a_contradictory_point, "contradicts prompt 1"),
        (an_empty_scribble, "scribble is empty"),
        (a_scribble_outside, "outside the volume"),
        (a_lasso_of_two_points, "at least three points"),
        (a_lasso_outside, "outside the volume"),
        (a_box_of_no_size, "box has no size"),
        (a_box_dragged_along_a_line, "box has no size"),
        (a_box_outside, "outside the volume"),
    ],
)
def test_a_prompt_that_makes_no_sense_is_refused_in_one_sentence(
    a_user: User, a_ct: Any, caplog: pytest.LogCaptureFixture, prompt: Callable[[User], None], words: str
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    before = a_user.mask(a_ct)

    prompt(a_user)
    a_user.wait_to_read(words)

    assert a_user.says.endswith(".")
    assert a_user.says.count(". ") == 0
    assert any(a_user.says in message for message in caplog.messages)
    assert np.array_equal(a_user.mask(a_ct), before)
    assert len(a_user.prompts(a_ct)) == 1
    assert len(a_user.prompts_in_view()) == 1
    a_user.press("undo")
    assert not a_user.mask(a_ct).any()


def test_the_tool_stays_in_hand_after_a_refusal(a_user: User, a_ct: Any) -> None:
    a_point_outside(a_user)
    a_user.prompt(INSIDE)
    assert a_user.mask(a_ct).any()
