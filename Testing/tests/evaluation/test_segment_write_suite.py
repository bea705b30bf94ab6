"""Writing a box into a segmentation, beside writing the whole array."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("slicer_core")

from MedVLSAM2Lib.evaluation.phantom import LIVER, ellipsoid_ct
from MedVLSAM2Lib.evaluation.suites.bare_scene import BareScene
from MedVLSAM2Lib.evaluation.suites.scene_sink import open_scene_sink
from MedVLSAM2Lib.evaluation.suites.segment_write import run_segment_write
from MedVLSAM2Lib.volume import PackedMask

SHAPE = (40, 48, 56)


def test_both_ways_are_measured_with_one_segment_and_with_two() -> None:
    report = run_segment_write(SHAPE)
    assert [times["segments"] for times in report.data["times"]] == [1, 2]
    assert all(times["box_s"] > 0 and times["whole_s"] > 0 for times in report.data["times"])
    assert "56 × 48 × 40" in report.markdown


def test_a_volume_in_the_scene_shares_its_voxels_with_the_session() -> None:
    phantom = ellipsoid_ct(SHAPE, (3.0, 2.0, 2.0))
    node, volume = BareScene().add_volume(phantom)
    assert (volume.array == phantom.array).all()
    volume.array[0, 0, 0] = 77
    assert node.GetImageData().GetScalarComponentAsDouble(0, 0, 0, 0) == 77


def test_a_mask_arrives_in_a_segment_of_its_own() -> None:
    volume, sink = open_scene_sink(ellipsoid_ct(SHAPE, (3.0, 2.0, 2.0)))
    box = LIVER.box(volume.shape)
    sink.write("liver", PackedMask.pack(LIVER.inside(volume.shape, box), box))
    written = sink.segment_array("liver")
    expected = np.zeros(volume.shape, bool)
    expected[box.slices] = LIVER.inside(volume.shape, box)
    assert (written == expected).all()
