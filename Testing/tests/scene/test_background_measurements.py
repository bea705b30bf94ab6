"""Segments are measured beside the thread that draws, as they are when it is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from MedVLSAM2Lib.report import Quantity, SegmentMeasurements, measure_segment
from MedVLSAM2Lib.scene.background_measurements import BackgroundMeasurements, Subject
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation
from MedVLSAM2Lib.scene.volume_reader import read_volume
from MedVLSAM2Lib.volume import VoxelBox

from .conftest import BOX, block, fill, under_linear_transform, under_warp


class Results:
    """What was handed over."""

    def __init__(self) -> None:
        self.measured: list[SegmentMeasurements] = []
        self.failed: list[str] = []
        self.measurements = BackgroundMeasurements(
            lambda _, measured: self.measured.append(measured), lambda _, sentence: self.failed.append(sentence)
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while self.measurements.remaining:
            assert time.monotonic() < deadline
            self.measurements.poll()
            time.sleep(0.005)


@pytest.fixture
def results() -> Iterator[Results]:
    made = Results()
    yield made
    made.measurements.close()


def test_the_numbers_are_those_of_the_segment(results, a_segmentation, a_segment, a_ct):
    fill(a_segmentation, a_segment, a_ct, BOX)
    results.measurements.measure(Subject(a_segmentation, a_segment, a_ct))
    results.wait()
    assert results.measured == [measure_segment(read_volume(a_ct), block(BOX), a_segment)]


def test_several_come_in_the_order_they_were_asked_for(results, a_segmentation, a_ct):
    ids = [create_segment(a_segmentation, str(n)) for n in range(5)]
    for segment_id in ids:
        fill(a_segmentation, segment_id, a_ct, BOX)
        results.measurements.measure(Subject(a_segmentation, segment_id, a_ct))
    results.wait()
    assert [one.segment_id for one in results.measured] == ids


def test_what_changes_meanwhile_is_measured_again(results, a_segmentation, a_segment, a_ct):
    fill(a_segmentation, a_segment, a_ct, BOX)
    results.measurements.measure(Subject(a_segmentation, a_segment, a_ct))
    results.measurements.poll()
    half = VoxelBox(BOX.low, (15, *BOX.high[1:]))
    fill(a_segmentation, a_segment, a_ct, half)
    results.wait()
    assert results.measured == [measure_segment(read_volume(a_ct), block(half), a_segment)]


@pytest.mark.parametrize("moved", [under_linear_transform, under_warp])
def test_a_segmentation_moved_away_from_its_volume_is_measured_where_it_lies(
    results, a_slicer, a_segmentation, a_segment, a_ct, a_writer, moved
):
    fill(a_segmentation, a_segment, a_ct, BOX)
    moved(a_slicer.scene, a_segmentation)
    results.measurements.measure(Subject(a_segmentation, a_segment, a_ct))
    results.wait()
    expected = measure_segment(read_volume(a_ct), a_writer.read(a_segment), a_segment)
    assert results.measured == [expected]
    assert expected.value(Quantity.VOLUME)


def test_a_prior_gives_the_change(results, a_segmentation, a_segment, a_ct):
    prior = create_segmentation(a_ct, "prior")
    prior_id = create_segment(prior, "target")
    fill(prior, prior_id, a_ct, VoxelBox(BOX.low, (15, *BOX.high[1:])))
    fill(a_segmentation, a_segment, a_ct, BOX)
    results.measurements.measure(Subject(a_segmentation, a_segment, a_ct, Subject(prior, prior_id, a_ct)))
    results.wait()
    assert results.measured[0].value(Quantity.VOLUME_CHANGE_PERCENT) == pytest.approx(100)


def test_a_deleted_segment_is_told_in_one_sentence(results, a_segmentation, a_segment, a_ct):
    results.measurements.measure(Subject(a_segmentation, a_segment, a_ct))
    a_segmentation.GetSegmentation().RemoveSegment(a_segment)
    results.wait()
    assert results.measured == []
    assert results.failed == ["The segment was deleted; choose another one or create a new one."]


def test_a_volume_that_cannot_be_measured_is_told_in_one_sentence(
    results, a_slicer: Any, a_segmentation, a_segment, a_ct
):
    import numpy as np
    import slicer

    fill(a_segmentation, a_segment, a_ct, BOX)
    slicer.util.updateVolumeFromArray(a_ct, np.zeros((40, 50, 60), np.int16))
    results.measurements.measure(Subject(a_segmentation, a_segment, a_ct))
    results.wait()
    assert "same value in every voxel" in results.failed[0]
