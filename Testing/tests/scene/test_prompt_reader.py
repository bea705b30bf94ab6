"""Markups become prompts in the voxels of the volume they are placed on."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import PromptError
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.prompt_reader import box_from_roi, lasso_from_curve, point_from_markups, scribble_from_curve
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame

from .conftest import rotation_about, under_linear_transform, under_warp, vtk_matrix


@pytest.fixture
def a_frame(a_ct):
    return VolumeFrame(a_ct)


@pytest.fixture
def place(a_slicer, a_frame):
    """Places control points at voxel positions (I, J, K) in a new markups node."""

    def add(node_class, *voxels):
        node = a_slicer.scene.AddNewNodeByClass(node_class)
        for voxel in voxels:
            node.AddControlPointWorld(a_frame.world(voxel))
        return node

    return add


@pytest.fixture
def roi(a_slicer, a_frame):
    """An ROI around a voxel position (I, J, K), its size in mm."""

    def add(centre, size_mm):
        node = a_slicer.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
        node.SetCenterWorld(a_frame.world(centre))
        node.SetSize(size_mm)
        return node

    return add


def polygon(radius, centre=(30, 25), count=24):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return [(centre[0] + radius * np.cos(a), centre[1] + radius * np.sin(a)) for a in angles]


class TestPoint:
    def test_a_control_point_is_a_click(self, place, a_frame):
        node = place("vtkMRMLMarkupsFiducialNode", (3, 4, 5), (10.25, 20.5, 30))
        point = point_from_markups(node, 1, a_frame, positive=False)
        assert point.position == pytest.approx((10.25, 20.5, 30))
        assert not point.positive

    @pytest.mark.parametrize("volumes", [under_linear_transform, under_warp, None])
    @pytest.mark.parametrize("points", [under_linear_transform, under_warp, None])
    def test_it_marks_the_voxel_it_is_seen_on(self, a_slicer, a_ct, place, a_frame, volumes, points):
        node = place("vtkMRMLMarkupsFiducialNode")
        if volumes:
            volumes(a_slicer.scene, a_ct)
        if points:
            points(a_slicer.scene, node)
        node.AddControlPointWorld(a_frame.world((10, 20, 30)))
        assert point_from_markups(node, 0, a_frame, positive=True).position == pytest.approx((10, 20, 30), abs=0.02)

    def test_moving_the_volume_moves_the_voxel_under_it(self, a_slicer, a_ct, place, a_frame):
        node = place("vtkMRMLMarkupsFiducialNode", (10, 20, 30))
        under_linear_transform(a_slicer.scene, a_ct)
        assert point_from_markups(node, 0, a_frame, positive=True).position != pytest.approx((10, 20, 30), abs=0.5)

    def test_outside_the_volume_it_is_refused(self, place, a_frame):
        node = place("vtkMRMLMarkupsFiducialNode", (-3, 4, 5))
        with pytest.raises(PromptError, match="outside the volume"):
            point_from_markups(node, 0, a_frame, positive=True)

    def test_a_deleted_one_is_named(self, a_slicer, place, a_frame):
        node = place("vtkMRMLMarkupsFiducialNode", (3, 4, 5))
        with pytest.raises(SceneError, match="control point was deleted"):
            point_from_markups(node, 1, a_frame, positive=True)
        a_slicer.scene.RemoveNode(node)
        with pytest.raises(SceneError, match="point list was deleted"):
            point_from_markups(node, 0, a_frame, positive=True)


class TestBox:
    def test_an_roi_is_the_box_of_its_corners(self, roi, a_frame):
        box = box_from_roi(roi((30, 25, 20), (40, 20, 30)), a_frame)
        assert box.minimum == pytest.approx((20, 20, 15))
        assert box.maximum == pytest.approx((40, 30, 25))
        assert box.flat_axis is None

    def test_a_rotated_roi_is_the_box_around_it(self, roi, a_frame):
        node = roi((30, 25, 20), (20, 20, 30))
        to_node = np.array(rotation_about((0, 0, 1), 45))
        to_node[:3, 3] = node.GetCenterWorld()
        node.GetObjectToNodeMatrix().DeepCopy(vtk_matrix(to_node))
        box = box_from_roi(node, a_frame)
        half = 10 * np.sqrt(2) / 2
        assert box.minimum == pytest.approx((30 - half, 25 - half, 15), abs=1e-6)
        assert box.maximum == pytest.approx((30 + half, 25 + half, 25), abs=1e-6)

    @pytest.mark.parametrize("parent", [under_linear_transform, under_warp])
    def test_a_transform_of_both_leaves_it_as_it_is(self, a_slicer, a_ct, roi, a_frame, parent):
        node = roi((30, 25, 20), (40, 20, 30))
        at_rest = box_from_roi(node, a_frame)
        parent(a_slicer.scene, a_ct, node)
        moved = box_from_roi(node, a_frame)
        assert moved.minimum == pytest.approx(at_rest.minimum, abs=0.02)
        assert moved.maximum == pytest.approx(at_rest.maximum, abs=0.02)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_one_thinner_than_a_voxel_is_a_2d_box(self, roi, a_frame, axis):
        size = [40.0, 40.0, 40.0]
        size[axis] = 0.5
        box = box_from_roi(roi((30.4, 25.4, 20.4), size), a_frame)
        assert box.flat_axis == axis
        assert box.minimum[axis] == box.maximum[axis] == (30, 25, 20)[axis]

    def test_what_lies_outside_is_cut_off(self, roi, a_frame):
        box = box_from_roi(roi((0, 25, 39), (40, 20, 30)), a_frame)
        assert box.minimum == pytest.approx((0, 20, 34))
        assert box.maximum == pytest.approx((10, 30, 39))

    def test_wholly_outside_or_without_size_it_is_refused(self, roi, a_frame):
        with pytest.raises(PromptError, match="outside the volume"):
            box_from_roi(roi((-40, 25, 20), (20, 20, 30)), a_frame)
        with pytest.raises(PromptError, match="no size"):
            box_from_roi(roi((30, 25, 20), (0, 0, 0)), a_frame)


class TestScribble:
    def test_its_points_follow_the_curve_at_most_a_voxel_apart(self, place, a_frame):
        node = place("vtkMRMLMarkupsCurveNode", (10, 10, 20), (30, 10, 20), (30, 40, 20))
        node.SetCurveTypeToLinear()
        scribble = scribble_from_curve(node, a_frame, positive=False)
        points = np.array(scribble.points)
        assert not scribble.positive
        assert points[0] == pytest.approx((10, 10, 20))
        assert points[-1] == pytest.approx((30, 40, 20))
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        assert steps.max() <= 1.0 + 1e-6
        assert len(points) < 60

    def test_a_single_point_is_a_stroke_too(self, place, a_frame):
        node = place("vtkMRMLMarkupsCurveNode", (10, 10, 20))
        assert scribble_from_curve(node, a_frame, positive=True).points[0] == pytest.approx((10, 10, 20))

    def test_the_longest_part_inside_is_kept(self, place, a_frame):
        node = place("vtkMRMLMarkupsCurveNode", (5, 10, 20), (-10, 10, 20), (-10, 20, 20), (30, 20, 20))
        node.SetCurveTypeToLinear()
        points = np.array(scribble_from_curve(node, a_frame, positive=True).points)
        assert np.allclose(points[:, 1], 20)
        assert points[:, 0].min() >= -0.5
        assert points[-1] == pytest.approx((30, 20, 20))

    def test_empty_or_outside_it_is_refused(self, place, a_frame):
        with pytest.raises(PromptError, match="empty"):
            scribble_from_curve(place("vtkMRMLMarkupsCurveNode"), a_frame, positive=True)
        with pytest.raises(PromptError, match="outside the volume"):
            scribble_from_curve(place("vtkMRMLMarkupsCurveNode", (-9, 1, 1), (-5, 1, 1)), a_frame, positive=True)


class TestLasso:
    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_it_lies_across_the_axis_it_is_flat_along(self, place, a_frame, axis):
        voxels = [list(point) for point in polygon(8, centre=(25, 20))]
        for voxel in voxels:
            voxel.insert(axis, 15.2)
        lasso = lasso_from_curve(place("vtkMRMLMarkupsClosedCurveNode", *voxels), a_frame, positive=True)
        assert lasso.axis == axis
        assert lasso.slice_index == 15
        assert {point[axis] for point in lasso.points} == {15.0}

    def test_drawn_on_an_oblique_slice_it_is_projected_on_the_nearest(self, place, a_frame):
        voxels = [(i, j, 20 + 0.2 * (i - 30)) for i, j in polygon(10)]
        lasso = lasso_from_curve(place("vtkMRMLMarkupsClosedCurveNode", *voxels), a_frame, positive=False)
        assert (lasso.axis, lasso.slice_index, lasso.positive) == (2, 20, False)

    def test_flatness_is_measured_in_millimetres(self, a_ct, place, a_frame):
        a_ct.SetSpacing(0.5, 0.5, 5)
        # 4 mm along I, 10 mm along K: though that is 8 voxels against 2.
        voxels = [(26, 10, 19), (34, 40, 19), (34, 40, 21), (26, 10, 21)]
        assert lasso_from_curve(place("vtkMRMLMarkupsClosedCurveNode", *voxels), a_frame, positive=True).axis == 0

    def test_what_lies_outside_is_moved_to_the_rim(self, place, a_frame):
        voxels = [(i, j, 20.0) for i, j in polygon(10, centre=(2, 25))]
        points = np.array(
            lasso_from_curve(place("vtkMRMLMarkupsClosedCurveNode", *voxels), a_frame, positive=True).points
        )
        assert points[:, 0].min() == 0
        assert points[:, 0].max() > 11

    def test_outside_or_with_too_few_points_it_is_refused(self, place, a_frame):
        with pytest.raises(PromptError, match="three points"):
            lasso_from_curve(place("vtkMRMLMarkupsClosedCurveNode", (1, 1, 1), (9, 9, 1)), a_frame, positive=True)
        for centre, k in (((-40, 25), 20), ((30, 25), 80)):
            voxels = [(i, j, k) for i, j in polygon(10, centre=centre)]
            with pytest.raises(PromptError, match="outside the volume"):
                lasso_from_curve(place("vtkMRMLMarkupsClosedCurveNode", *voxels), a_frame, positive=True)
