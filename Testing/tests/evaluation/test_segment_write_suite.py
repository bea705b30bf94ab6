"""Writing a box into a segmentation, beside writing the whole array."""

from __future__ import annotations

import pytest

pytest.importorskip("slicer_core")

from MedVLSAM2Lib.evaluation.cases import Case
from MedVLSAM2Lib.evaluation.suites.bare_scene import BareScene
from MedVLSAM2Lib.evaluation.suites.scene_sink import open_scene_sink
from MedVLSAM2Lib.evaluation.suites.segment_write import run_segment_write
from MedVLSAM2Lib.volume import PackedMask


def test_both_ways_are_measured_with_one_segment_and_with_two() -> None:
    report = run_segment_write((40, 48, 56))
    assert [times["segments"] for times in report.data["times"]] == [1, 2]
    assert all(times["box_s"] > 0 and times["whole_s"] > 0 for times in report.data["times"])
    assert "56 × 48 × 40" in report.markdown


def test_a_volume_in_the_scene_shares_its_voxels_with_the_session(a_ball: Case) -> None:
    node, volume = BareScene().add_volume(a_ball.volume)
    assert (volume.array == a_ball.volume.array).all()
    volume.array[0, 0, 0] = 77
    assert node.GetImageData().GetScalarComponentAsDouble(0, 0, 0, 0) == 77


def test_a_mask_arrives_in_a_segment_of_its_own(a_ball: Case) -> None:
    _, sink = open_scene_sink(a_ball.volume)
    truth = a_ball.objects[0].truth
    sink.write("ball", PackedMask.pack(truth))
    assert (sink.segment_array("ball") == truth).all()
