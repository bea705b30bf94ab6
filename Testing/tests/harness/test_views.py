"""Mouse events in off-screen views do what they do in Slicer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import slicer

if TYPE_CHECKING:
    from pathlib import Path

    from harness.offscreen_slicer import OffscreenSlicer


@pytest.fixture
def a_point_list(a_slicer: OffscreenSlicer) -> Any:
    points = a_slicer.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    points.CreateDefaultDisplayNodes()
    return points


@pytest.mark.parametrize("view_name", ["Red", "Green", "Yellow"])
def test_a_click_places_a_control_point_where_it_was_made(
    a_slicer: OffscreenSlicer, a_ct: Any, a_point_list: Any, view_name: str
) -> None:
    a_slicer.open_view(view_name)
    a_slicer.show_volume(a_ct)
    with a_slicer.placing(a_point_list):
        a_slicer.click(view_name, (10.0, -14.0, 6.0))
        a_slicer.click(view_name, (-20.0, 22.0, -12.0))
    placed = slicer.util.arrayFromMarkupsControlPoints(a_point_list)
    np.testing.assert_allclose(placed, [[10.0, -14.0, 6.0], [-20.0, 22.0, -12.0]], atol=0.5)


def test_the_observers_of_a_point_list_hear_of_a_click(a_slicer: OffscreenSlicer, a_ct: Any, a_point_list: Any) -> None:
    heard: list[str] = []
    a_point_list.AddObserver(slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent, lambda *_: heard.append("defined"))
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    with a_slicer.placing(a_point_list):
        a_slicer.click_display("Red", 200, 240)
    assert heard == ["defined"]


def test_a_click_outside_place_mode_places_nothing(a_slicer: OffscreenSlicer, a_ct: Any, a_point_list: Any) -> None:
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    a_slicer.click("Red", (10.0, -14.0, 6.0))
    assert a_point_list.GetNumberOfControlPoints() == 0


def test_a_click_that_the_view_does_not_show_is_refused(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    with pytest.raises(ValueError, match="outside the view"):
        a_slicer.click("Red", (5000.0, 0.0, 0.0))


def test_dragging_a_control_point_moves_it(a_slicer: OffscreenSlicer, a_ct: Any, a_point_list: Any) -> None:
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    a_point_list.AddControlPoint(10.0, -14.0, 6.0)
    a_slicer.drag("Red", (10.0, -14.0, 6.0), (-10.0, 14.0, 6.0))
    moved = slicer.util.arrayFromMarkupsControlPoints(a_point_list)
    np.testing.assert_allclose(moved, [[-10.0, 14.0, 6.0]], atol=0.5)


def test_two_clicks_draw_a_box(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    roi = a_slicer.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    roi.CreateDefaultDisplayNodes()
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    with a_slicer.placing(roi):
        a_slicer.click("Red", (20.0, 20.0, 6.0))
        a_slicer.click("Red", (-10.0, -20.0, 6.0))
    np.testing.assert_allclose(roi.GetCenter(), (5.0, 0.0, 6.0), atol=0.5)
    np.testing.assert_allclose(roi.GetSize()[:2], (30.0, 40.0), atol=1.0)


def test_clicks_and_a_double_click_draw_a_closed_curve(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    lasso = a_slicer.scene.AddNewNodeByClass("vtkMRMLMarkupsClosedCurveNode", "Lasso")
    lasso.CreateDefaultDisplayNodes()
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    with a_slicer.placing(lasso):
        a_slicer.click("Red", (20.0, 20.0, 6.0))
        a_slicer.click("Red", (-20.0, 20.0, 6.0))
        a_slicer.double_click("Red", (0.0, -20.0, 6.0))
    assert lasso.GetNumberOfDefinedControlPoints() == 3


def test_the_wheel_goes_through_the_slices(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    view = a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    before = view.get_slice_value()
    a_slicer.mouse("Red").turn_wheel(2)
    assert view.get_slice_value() == pytest.approx(before + 6.0)


def test_screenshots_of_views_show_the_volume(a_slicer: OffscreenSlicer, a_ct: Any, tmp_path: Path) -> None:
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    saved = a_slicer.screenshot("Red", tmp_path / "red.png")
    pixels = a_slicer.pixels("Red")
    assert saved.stat().st_size > 1000
    assert len(np.unique(pixels[200:300, 100:400])) > 2


def test_a_segment_is_seen_in_slices_and_in_3d(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    segmentation = a_slicer.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(a_ct)
    segment = segmentation.GetSegmentation().AddEmptySegment("liver", "liver", (0.0, 1.0, 0.0))
    mask = (slicer.util.arrayFromVolume(a_ct) == 300).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, segment, a_ct)
    segmentation.CreateClosedSurfaceRepresentation()
    for view_name in ("Red", "3D"):
        a_slicer.open_view(view_name)
    a_slicer.show_volume(a_ct)
    slicer.app.layoutManager().resetThreeDViews()
    for view_name in ("Red", "3D"):
        pixels = a_slicer.pixels(view_name).astype(int)
        assert np.count_nonzero(pixels[..., 1] - pixels[..., 0] > 30) > 100


def test_a_view_opened_late_shows_the_active_volume(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    a_slicer.views.close()
    a_slicer.show_volume(a_ct)
    assert a_slicer.open_view("Green").get_background_volume_id() == a_ct.GetID()


def test_the_layout_manager_shows_the_open_views(a_slicer: OffscreenSlicer, a_ct: Any) -> None:
    a_slicer.open_view("Red")
    slicer.util.setSliceViewerLayers(background=a_ct, fit=True)
    widget = slicer.app.layoutManager().sliceWidget("Red")
    assert widget.sliceLogic().GetBackgroundLayer().GetVolumeNode() is a_ct
