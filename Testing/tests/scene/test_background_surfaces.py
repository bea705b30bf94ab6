"""Surfaces are made beside the thread that draws, and come out as if they were not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

from .conftest import BOX, block, fill, wait_for

SMALL = VoxelBox((2, 2, 2), (5, 5, 5))


@pytest.fixture
def surfaces() -> Iterator[BackgroundSurfaces]:
    made = BackgroundSurfaces()
    yield made
    made.close()


@pytest.fixture
def a_writer(a_segmentation, a_ct, surfaces):
    return SegmentWriter(a_segmentation, a_ct, surfaces=surfaces)


@pytest.fixture
def neighbour(a_segmentation, a_ct, a_segment):
    segment_id = create_segment(a_segmentation, "neighbour")
    fill(a_segmentation, segment_id, a_ct, VoxelBox((25, 25, 25), (35, 35, 35)))
    fill(a_segmentation, a_segment, a_ct, SMALL)
    a_segmentation.GetSegmentation().CollapseBinaryLabelmaps(True)
    a_segmentation.CreateClosedSurfaceRepresentation()
    return segment_id


def surface(segmentation, segment_id):
    return segmentation.GetSegmentation().GetSegment(segment_id).GetRepresentation("Closed surface")


def test_the_old_surface_stays_until_the_new_one_is_ready(
    a_writer, a_segmentation, a_segment, neighbour, surfaces, count_events
):
    kept, bounds = surface(a_segmentation, neighbour), surface(a_segmentation, a_segment).GetBounds()
    kept_time = kept.GetMTime()
    a_writer.write(a_segment, block(BOX))
    assert surfaces.is_busy
    assert surface(a_segmentation, a_segment).GetBounds() == bounds
    before = count_events()
    wait_for(surfaces)

    assert surface(a_segmentation, a_segment).GetBounds() != bounds
    assert kept is surface(a_segmentation, neighbour)
    assert kept.GetMTime() == kept_time
    assert count_events()["RepresentationModified"] == before["RepresentationModified"] + 1


def test_it_is_the_surface_that_slicer_itself_makes(a_writer, a_segmentation, a_segment, neighbour, surfaces):
    a_writer.write(a_segment, block(BOX))
    wait_for(surfaces)
    made = surface(a_segmentation, a_segment)
    points, bounds = made.GetNumberOfPoints(), made.GetBounds()
    a_segmentation.RemoveClosedSurfaceRepresentation()
    a_segmentation.CreateClosedSurfaceRepresentation()

    assert surface(a_segmentation, a_segment).GetNumberOfPoints() == points
    assert np.allclose(surface(a_segmentation, a_segment).GetBounds(), bounds)


def test_after_several_writes_the_last_one_is_shown(a_writer, a_segmentation, a_segment, neighbour, surfaces):
    for size in range(2, 9):
        a_writer.write(a_segment, block(VoxelBox((2, 2, 2), (2 + size, 4, 4))))
        surfaces.poll()
    wait_for(surfaces)
    once = surface(a_segmentation, a_segment).GetBounds()
    a_segmentation.RemoveClosedSurfaceRepresentation()
    a_segmentation.CreateClosedSurfaceRepresentation()

    assert np.allclose(surface(a_segmentation, a_segment).GetBounds(), once)


def test_a_segment_that_is_emptied_loses_its_surface(a_writer, a_segmentation, a_segment, neighbour, surfaces):
    a_writer.begin_step()
    a_writer.write(a_segment, block(BOX))
    wait_for(surfaces)
    a_writer.write(a_segment, PackedMask.pack(np.zeros((40, 50, 60), bool), VoxelBox.of_shape((40, 50, 60))))
    wait_for(surfaces)

    assert surface(a_segmentation, a_segment).GetNumberOfPoints() == 0


@pytest.mark.parametrize("what", ["segment", "surface", "node"])
def test_what_is_removed_meanwhile_is_left_alone(
    a_slicer, a_writer, a_segmentation, a_segment, neighbour, surfaces, what
):
    a_writer.write(a_segment, block(BOX))
    surfaces.poll()
    if what == "segment":
        a_segmentation.GetSegmentation().RemoveSegment(a_segment)
    elif what == "surface":
        a_segmentation.RemoveClosedSurfaceRepresentation()
    else:
        a_slicer.scene.RemoveNode(a_segmentation)
    wait_for(surfaces)

    is_there = a_segmentation.GetSegmentation().GetSegment(a_segment) is not None
    assert is_there == (what != "segment")
    if what == "surface":
        assert surface(a_segmentation, a_segment) is None


def test_segments_without_a_surface_get_none(a_writer, a_segmentation, a_segment, surfaces):
    a_writer.write(a_segment, block(BOX))

    assert not surfaces.is_busy
    assert surface(a_segmentation, a_segment) is None
