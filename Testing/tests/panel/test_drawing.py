"""Prompts are drawn in one go, with the button held down, or point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import Box, Lasso, Scribble
from tests.panel.user import INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

AROUND = ((-16.0, -16.0, 0.0), (16.0, -16.0, 0.0), (16.0, 16.0, 0.0), (-16.0, 16.0, 0.0))
"""World corners around the bright block on slice 20: voxels (22…38, 17…33)."""


def drawn(a_user: User, volume: Any) -> Any:
    """The one prompt that was answered."""
    a_user.wait()
    (prompt,) = a_user.prompts(volume)
    return prompt


def test_a_dragged_scribble_is_the_way_of_the_mouse(a_user: User, a_ct: Any) -> None:
    a_user.take("scribble")
    a_user.drag((-8.0, 0.0, 0.0), (8.0, 0.0, 0.0), (8.0, 8.0, 0.0))
    scribble = drawn(a_user, a_ct)
    assert isinstance(scribble, Scribble)
    np.testing.assert_allclose(scribble.points[0], (34, 25, 20), atol=0.3)
    np.testing.assert_allclose(scribble.points[-1], (26, 21, 20), atol=0.3)
    assert np.linalg.norm(np.array(scribble.points) - (26, 25, 20), axis=1).min() < 0.5
    assert a_user.mask(a_ct)[20, 25, 30]


def test_the_line_is_seen_while_it_is_drawn(a_slicer: OffscreenSlicer, a_user: User) -> None:
    a_user.take("lasso")
    before = a_slicer.pixels("Red")
    mouse = a_slicer.mouse("Red")
    way = [mouse.pixel_at(position) for position in AROUND]
    mouse.press_and_move(way)
    a_slicer.process_events()
    assert (a_slicer.pixels("Red") != before).any()
    mouse.release(way[-1])
    a_user.wait()


def test_a_dragged_lasso_is_an_outline_on_its_slice(a_user: User, a_ct: Any) -> None:
    a_user.take("lasso")
    a_user.drag(*AROUND)
    lasso = drawn(a_user, a_ct)
    assert isinstance(lasso, Lasso)
    assert (lasso.axis, lasso.slice_index) == (2, 20)
    points = np.array(lasso.points)
    np.testing.assert_allclose(points.min(axis=0), (22, 17, 20), atol=0.4)
    np.testing.assert_allclose(points.max(axis=0), (38, 33, 20), atol=0.4)


@pytest.mark.parametrize(("view", "axis"), [("Red", 2), ("Green", 1), ("Yellow", 0)])
def test_a_dragged_box_lies_on_one_slice_of_any_view(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any, view: str, axis: int
) -> None:
    a_slicer.open_view(view)
    a_slicer.show_volume(a_ct)
    corners = np.array([(-16.0, -16.0, -16.0), (16.0, 16.0, 16.0)])
    corners[:, axis] = 0.0
    a_user.take("box")
    a_user.drag(tuple(corners[0]), tuple(corners[1]), view=view)
    box = drawn(a_user, a_ct)
    assert isinstance(box, Box)
    assert box.flat_axis == axis
    extent = np.array(box.maximum) - np.array(box.minimum)
    np.testing.assert_allclose(extent, np.where(np.arange(3) == axis, 0, (16, 16, 32 / 3)), atol=0.6)


def test_two_clicked_corners_on_one_slice_make_a_box_of_that_slice(
    a_slicer: OffscreenSlicer, a_user: User, a_ct: Any
) -> None:
    a_user.take("box")
    a_slicer.click("Red", AROUND[0])
    a_user.click(AROUND[2])
    box = drawn(a_user, a_ct)
    assert isinstance(box, Box)
    assert box.flat_axis == 2
    np.testing.assert_allclose(box.minimum, (22, 17, 20), atol=0.4)
    np.testing.assert_allclose(box.maximum, (38, 33, 20), atol=0.4)


def test_two_clicked_corners_on_two_slices_make_a_box_in_3d(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    a_user.take("box")
    a_slicer.click("Red", (-16.0, -16.0, -15.0))
    a_user.click((16.0, 16.0, 15.0))
    box = drawn(a_user, a_ct)
    assert isinstance(box, Box)
    assert box.flat_axis is None
    np.testing.assert_allclose((box.minimum[2], box.maximum[2]), (15, 25), atol=0.1)


def test_a_scribble_is_still_drawn_point_by_point(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    a_user.take("scribble")
    for position in ((-8.0, 0.0, 0.0), (0.0, 0.0, 0.0), (8.0, 4.0, 0.0)):
        a_slicer.click("Red", position)
    assert not a_user.panel.segmenter.is_busy
    a_user.key("Return")
    scribble = drawn(a_user, a_ct)
    assert isinstance(scribble, Scribble)
    np.testing.assert_allclose(scribble.points[0], (34, 25, 20), atol=0.3)
    np.testing.assert_allclose(scribble.points[-1], (26, 23, 20), atol=0.3)


def test_the_next_stroke_can_be_drawn_at_once(a_user: User, a_ct: Any) -> None:
    a_user.take("scribble")
    a_user.drag((-8.0, 0.0, 0.0), (8.0, 0.0, 0.0))
    a_user.drag((-8.0, 4.0, 0.0), (8.0, 4.0, 0.0))
    a_user.wait()
    assert len(a_user.prompts(a_ct)) == 2
    assert len(a_user.prompts_in_view()) == 2


def test_a_stroke_half_drawn_when_the_tool_is_put_down_disappears(a_slicer: OffscreenSlicer, a_user: User) -> None:
    a_user.take("scribble")
    mouse = a_slicer.mouse("Red")
    way = [mouse.pixel_at(position) for position in AROUND]
    mouse.press_and_move(way)
    a_user.key("Escape")
    mouse.release(way[-1])
    a_slicer.process_events()
    assert a_user.panel.placer.tool is None
    assert a_slicer.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsCurveNode") == 0


def test_a_view_that_opens_later_can_be_drawn_in(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    a_slicer.views.close()
    a_user.take("box")
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    a_user.drag(AROUND[0], AROUND[2])
    assert isinstance(drawn(a_user, a_ct), Box)


def test_the_tool_is_put_down_with_slicers_own_mouse_mode(a_slicer: OffscreenSlicer, a_user: User) -> None:
    a_user.take("box")
    a_slicer.stop_placing()
    assert a_user.panel.placer.tool is None
    assert not a_user.ui.boxButton.checked
    a_slicer.click("Red", INSIDE)
    assert not a_user.panel.segmenter.is_busy
