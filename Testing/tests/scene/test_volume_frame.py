"""World positions to voxels and back, through every parent."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame

from .conftest import SHAPE, rotation_about, under_linear_transform, under_warp, vtk_matrix

VOXEL = (12.0, 30.5, 7.25)


def test_at_rest_it_is_the_nodes_matrix(a_ct):
    frame = VolumeFrame(a_ct)
    assert frame.shape == SHAPE
    assert frame.spacing == (2, 2, 3)
    assert frame.world((1, 2, 3)) == (58, 46, -51)
    assert frame.ijk((58, 46, -51)) == (1, 2, 3)


@pytest.mark.parametrize("parent", [under_linear_transform, under_warp])
def test_through_a_transform_and_back(a_slicer, a_ct, parent):
    at_rest = VolumeFrame(a_ct).world(VOXEL)
    parent(a_slicer.scene, a_ct)
    frame = VolumeFrame(a_ct)

    assert np.linalg.norm(np.subtract(frame.world(VOXEL), at_rest)) > 0.5
    assert frame.ijk(frame.world(VOXEL)) == pytest.approx(VOXEL, abs=1e-2)


def test_through_nested_transforms(a_slicer, a_ct):
    inner = under_linear_transform(a_slicer.scene, a_ct)
    under_warp(a_slicer.scene, inner)
    frame = VolumeFrame(a_ct)
    local = slicer.util.arrayFromVTKMatrix(inner.GetMatrixTransformToParent()) @ np.array([58.0, 46, -51, 1])
    expected = inner.GetParentTransformNode().GetTransformToParent().TransformPoint(local[:3])
    assert frame.world((1, 2, 3)) == pytest.approx(expected, abs=1e-6)
    assert frame.ijk(frame.world(VOXEL)) == pytest.approx(VOXEL, abs=1e-2)


def test_it_follows_the_volume(a_slicer, a_ct):
    frame = VolumeFrame(a_ct)
    a_ct.SetIJKToRASMatrix(vtk_matrix(rotation_about((0, 0, 1), 90)))
    assert frame.world((1, 0, 0)) == pytest.approx((0, 1, 0))


def test_many_at_once(a_ct):
    assert VolumeFrame(a_ct).ijk_of_all(np.array([[58.0, 46, -51], [60, 50, -60]])).tolist() == [[1, 2, 3], [0, 0, 0]]


def test_a_deleted_volume_is_named(a_slicer, a_ct):
    frame = VolumeFrame(a_ct)
    a_slicer.scene.RemoveNode(a_ct)
    with pytest.raises(SceneError, match="volume was deleted"):
        frame.ijk((0, 0, 0))
