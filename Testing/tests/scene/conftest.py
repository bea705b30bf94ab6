"""Scans, segmentations and masks that the tests of the scene share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import slicer
import vtk

from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

SHAPE = (40, 50, 60)
BOX = VoxelBox((10, 12, 14), (20, 24, 28))


def block(box: VoxelBox) -> PackedMask:
    """A mask that is all true in ``box``."""
    return PackedMask.pack(np.ones(box.shape, bool), box)


def array_of(segmentation: Any, segment_id: str, volume: Any) -> np.ndarray:
    """A segment as Slicer itself hands it out: boolean, of the volume's shape (K, J, I)."""
    return slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment_id, volume) != 0


def fill(segmentation: Any, segment_id: str, volume: Any, *boxes: VoxelBox) -> np.ndarray:
    """Put boxes into a segment as Slicer itself does; returns what it now is."""
    mask = np.zeros(SHAPE, np.uint8)
    for box in boxes:
        mask[box.slices] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, segment_id, volume)
    return mask != 0


def wait_for(surfaces: BackgroundSurfaces) -> None:
    """Poll as the panel's timer does, until every surface is as new as its voxels."""
    deadline = time.monotonic() + 60
    while surfaces.is_busy:
        assert time.monotonic() < deadline
        surfaces.poll()
        time.sleep(0.005)


def vtk_matrix(array: np.ndarray) -> Any:
    return slicer.util.vtkMatrixFromArray(array)


def rotation_about(axis: tuple[float, float, float], degrees: float) -> np.ndarray:
    transform = vtk.vtkTransform()
    transform.RotateWXYZ(degrees, *axis)
    return slicer.util.arrayFromVTKMatrix(transform.GetMatrix())


def under_linear_transform(scene: Any, *nodes: Any, degrees: float = 25.0) -> Any:
    """A rotation with a shift, as parent of ``nodes``."""
    matrix = rotation_about((1, 2, 3), degrees)
    matrix[:3, 3] = (11, -7, 5)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    transform.SetMatrixTransformToParent(vtk_matrix(matrix))
    for node in nodes:
        node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def under_warp(scene: Any, *nodes: Any) -> Any:
    """A thin-plate spline that bends by a few millimetres, as parent of ``nodes``."""
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for corner in np.ndindex(2, 2, 2):
        point = np.array(corner) * 160.0 - 80.0
        source.InsertNextPoint(point)
        target.InsertNextPoint(point)
    source.InsertNextPoint(0, 0, 0)
    target.InsertNextPoint(6, -4, 5)
    spline = vtk.vtkThinPlateSplineTransform()
    spline.SetBasisToR()
    spline.SetSourceLandmarks(source)
    spline.SetTargetLandmarks(target)
    transform = scene.AddNewNodeByClass("vtkMRMLTransformNode", "warped")
    transform.SetAndObserveTransformToParent(spline)
    for node in nodes:
        node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


@pytest.fixture
def a_segmentation(a_ct: Any) -> Any:
    """An empty segmentation with the geometry of ``a_ct``."""
    return create_segmentation(a_ct)


@pytest.fixture
def a_segment(a_segmentation: Any) -> str:
    return create_segment(a_segmentation, "target")


@pytest.fixture
def a_writer(a_segmentation: Any, a_ct: Any) -> SegmentWriter:
    """A writer that knows no Segment Editor."""
    return SegmentWriter(a_segmentation, a_ct)


@pytest.fixture
def an_editor_node(a_slicer: Any, a_segmentation: Any, a_ct: Any) -> Any:
    """A Segment Editor node as the Segment Editor leaves it when it was opened once."""
    node = a_slicer.scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
    node.SetAndObserveSegmentationNode(a_segmentation)
    node.SetAndObserveSourceVolumeNode(a_ct)
    return node


@pytest.fixture
def shared_neighbours(a_segmentation: Any, a_segment: str, a_ct: Any) -> dict[str, np.ndarray]:
    """Two neighbours on one layer with the (still empty) target: one beside its box, one reaching into it."""
    boxes = {
        "beside": VoxelBox((10, 12, 28), (20, 24, 40)),
        "reaching in": VoxelBox((15, 18, 20), (30, 30, 40)),
    }
    ids = {name: create_segment(a_segmentation, name) for name in boxes}
    for name, box in boxes.items():
        fill(a_segmentation, ids[name], a_ct, box)
    a_segmentation.GetSegmentation().CollapseBinaryLabelmaps(True)
    return {segment_id: array_of(a_segmentation, segment_id, a_ct) for segment_id in ids.values()}


@pytest.fixture
def count_events(a_segmentation: Any) -> Callable[[], dict[str, int]]:
    """How often the segmentation node said that voxels changed, since the test began."""
    counts = {"SourceRepresentationModified": 0, "RepresentationModified": 0}

    def count(name: str) -> Callable[..., None]:
        def add_one(*_: object) -> None:
            counts[name] += 1

        return add_one

    for name in counts:
        a_segmentation.AddObserver(getattr(slicer.vtkSegmentation, name), count(name))
    return lambda: dict(counts)
