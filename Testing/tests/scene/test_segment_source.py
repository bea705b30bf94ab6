"""The box that holds a segment."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.scene.segment_source import look_at_segment
from MedVLSAM2Lib.scene.segments import create_segment
from MedVLSAM2Lib.volume import VoxelBox

from .conftest import array_of, fill, under_linear_transform

BOX = VoxelBox((3, 4, 5), (10, 12, 20))


def test_it_is_the_smallest(a_segmentation, a_segment, a_ct):
    fill(a_segmentation, a_segment, a_ct, BOX)
    assert look_at_segment(a_segmentation, a_ct, a_segment).extent() == BOX


def test_neighbours_on_the_same_layer_do_not_count(a_segmentation, shared_neighbours, a_ct):
    for segment_id in shared_neighbours:
        expected = VoxelBox.around(array_of(a_segmentation, segment_id, a_ct))
        assert look_at_segment(a_segmentation, a_ct, segment_id).extent() == expected


def test_an_empty_segment_has_an_empty_one(a_segmentation, a_ct):
    assert look_at_segment(a_segmentation, a_ct, create_segment(a_segmentation)).extent().is_empty


def test_on_a_moved_volume_it_still_holds_the_segment(a_slicer, a_segmentation, a_segment, a_ct, a_writer):
    fill(a_segmentation, a_segment, a_ct, BOX)
    under_linear_transform(a_slicer.scene, a_ct)
    box = look_at_segment(a_segmentation, a_ct, a_segment).extent()
    whole = a_writer.read(a_segment)
    assert not whole.is_empty
    assert np.array_equal(a_writer.read(a_segment, box).trimmed().unpack(), whole.trimmed().unpack())
