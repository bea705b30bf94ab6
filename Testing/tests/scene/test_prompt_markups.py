"""What is drawn of a prompt is read back as the same prompt, however the scan lies in the scene."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.prompts import Box, Lasso, Point, Scribble
from MedVLSAM2Lib.scene.prompt_markups import draw_prompt, flatten_if_on_one_slice, new_prompt_markups, span_flat_box
from MedVLSAM2Lib.scene.prompt_reader import box_from_roi, lasso_from_curve, point_from_markups, scribble_from_curve
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame

from .conftest import rotation_about, under_linear_transform

GREEN = (0.2, 0.8, 0.4)


@pytest.fixture(params=["straight", "under a transform"])
def a_frame(request, a_slicer, a_ct):
    if request.param != "straight":
        under_linear_transform(a_slicer.scene, a_ct)
    return VolumeFrame(a_ct)


@pytest.fixture
def draw(a_slicer, a_frame):
    def drawn(prompt, node_class):
        node = new_prompt_markups(a_slicer.scene, node_class, "prompt", GREEN)
        draw_prompt(node, prompt, a_frame)
        return node

    return drawn


def test_a_point(draw, a_frame):
    node = draw(Point((10.25, 20.5, 30.0)), "vtkMRMLMarkupsFiducialNode")
    assert point_from_markups(node, 0, a_frame, positive=True).position == pytest.approx((10.25, 20.5, 30.0), abs=1e-6)


@pytest.mark.parametrize("high", [(20.0, 25.0, 30.0), (20.0, 25.0, 12.0), (8.0, 25.0, 30.0)])
def test_a_box_in_3d_and_on_one_slice(draw, a_frame, high):
    box = Box((8.0, 10.0, 12.0), high)
    read = box_from_roi(draw(box, "vtkMRMLMarkupsROINode"), a_frame)
    assert read.flat_axis == box.flat_axis
    assert read.minimum == pytest.approx(box.minimum, abs=1e-6)
    assert read.maximum == pytest.approx(box.maximum, abs=1e-6)


def test_a_scribble(draw, a_frame):
    scribble = Scribble(((10.0, 10.0, 10.0), (14.0, 10.0, 10.0), (14.0, 16.0, 12.0)))
    read = scribble_from_curve(draw(scribble, "vtkMRMLMarkupsCurveNode"), a_frame, positive=True)
    assert read.points[0] == pytest.approx(scribble.points[0], abs=1e-6)
    assert read.points[-1] == pytest.approx(scribble.points[-1], abs=1e-6)
    assert np.linalg.norm(np.array(read.points) - scribble.points[1], axis=1).min() < 0.5


def test_a_lasso(draw, a_frame):
    lasso = Lasso(((10.0, 10.0, 20.0), (20.0, 10.0, 20.0), (20.0, 20.0, 20.0)), 2)
    read = lasso_from_curve(draw(lasso, "vtkMRMLMarkupsClosedCurveNode"), a_frame, positive=True)
    assert (read.axis, read.slice_index) == (2, 20)
    for corner in lasso.points:
        assert np.linalg.norm(np.array(read.points) - corner, axis=1).min() < 1e-6


def test_a_rectangle_on_a_slice_that_lies_askew_is_a_box_of_the_nearest_slice(a_slicer, a_ct):
    frame = VolumeFrame(a_ct)
    node = new_prompt_markups(a_slicer.scene, "vtkMRMLMarkupsROINode", "box", GREEN)
    axes = rotation_about((1.0, 0.0, 0.0), 20.0)[:3, :3]
    first, second = (axes @ np.array([x, y, 0.0]) for x, y in ((-20.0, -15.0), (20.0, 15.0)))
    span_flat_box(node, axes, tuple(first), tuple(second))
    box = box_from_roi(node, frame)
    assert box.flat_axis == 2
    assert box.minimum[2] == 20
    np.testing.assert_allclose((box.minimum[0], box.maximum[0]), (20, 40), atol=1e-6)


def test_a_box_of_two_corners_on_one_slice_is_flat_and_of_two_slices_is_not(a_slicer):
    for far, is_flat in ((6.0, True), (18.0, False)):
        node = new_prompt_markups(a_slicer.scene, "vtkMRMLMarkupsROINode", "box", GREEN)
        node.SetCenter((0.0, 0.0, (6.0 + far) / 2))
        node.SetSize(40.0, 30.0, 12.0)
        flatten_if_on_one_slice(node, (-20.0, -15.0, 6.0))
        assert (node.GetSize()[2] < 0.1) is is_flat
        assert node.GetSize()[:2] == pytest.approx((40.0, 30.0))


def test_a_prompt_is_neither_listed_nor_saved_nor_moved(draw):
    node = draw(Point((10.0, 20.0, 30.0)), "vtkMRMLMarkupsFiducialNode")
    assert isinstance(node, slicer.vtkMRMLMarkupsFiducialNode)
    assert node.GetHideFromEditors()
    assert not node.GetSaveWithScene()
    assert node.GetLocked()
