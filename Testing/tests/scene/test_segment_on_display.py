"""What is written is seen, in Slicer's own slice and 3D views."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

from .conftest import block, wait_for

RED = (1.0, 0.0, 0.0)
SMALL, LARGE = VoxelBox((18, 22, 27), (23, 28, 33)), VoxelBox((10, 10, 15), (30, 40, 45))


@pytest.fixture(autouse=True)
def views_closed_afterwards(a_slicer):
    """Open views follow every change of the scene: tests that look at none need not wait for them."""
    yield
    a_slicer.views.close()


def red_pixels(a_slicer, view):
    pixels = a_slicer.pixels(view).astype(int)
    # More red than anything else: the frame around a 3D scene is purple.
    return int(np.count_nonzero(pixels[..., 0] > np.maximum(pixels[..., 1], pixels[..., 2]) + 40))


@pytest.fixture
def a_red_segment(a_segmentation):
    return create_segment(a_segmentation, "red", RED)


def test_each_write_shows_in_the_slice_view(a_slicer, a_ct, a_segmentation, a_red_segment):
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    writer = SegmentWriter(a_segmentation, a_ct)
    assert red_pixels(a_slicer, "Red") == 0

    writer.write(a_red_segment, block(SMALL))
    small = red_pixels(a_slicer, "Red")
    writer.write(a_red_segment, block(LARGE))
    large = red_pixels(a_slicer, "Red")
    # The same number of voxels elsewhere in a layer that is there already: nothing but the voxels themselves change.
    writer.write(a_red_segment, PackedMask.pack(np.zeros(SMALL.shape, bool), SMALL))
    with_hole = red_pixels(a_slicer, "Red")
    writer.undo()

    assert 0 < small < large / 10
    assert with_hole < large
    assert red_pixels(a_slicer, "Red") == 0


def test_the_surface_shows_in_the_3d_view_at_once_or_when_it_is_ready(a_slicer, a_ct, a_segmentation, a_red_segment):
    a_slicer.open_view("3D")
    writer = SegmentWriter(a_segmentation, a_ct)
    writer.write(a_red_segment, block(SMALL))
    a_segmentation.CreateClosedSurfaceRepresentation()
    a_slicer.views["3D"].fit_view_to_content()
    small = red_pixels(a_slicer, "3D")
    writer.write(a_red_segment, block(LARGE))
    large = red_pixels(a_slicer, "3D")

    surfaces = BackgroundSurfaces()
    writer = SegmentWriter(a_segmentation, a_ct, surfaces=surfaces)
    writer.write(a_red_segment, PackedMask.pack(np.zeros(LARGE.shape, bool), LARGE))
    assert 0 < small < large
    assert red_pixels(a_slicer, "3D") == large
    wait_for(surfaces)
    assert red_pixels(a_slicer, "3D") == 0
    surfaces.close()
