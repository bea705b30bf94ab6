"""DICOM series with DICOM segmentations as training data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.report.drafting import draft_report
from MedVLSAM2Lib.report.exporters.dicom_segmentation import make_segmentation
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.exporters.dicom_support import to_bytes
from MedVLSAM2Lib.report.templates import bundled_templates, read_template
from MedVLSAM2Lib.training.data.own_scans import TrainingDataError, own_scans
from MedVLSAM2Lib.volume import VoxelBox
from tests.report.conftest import Phantom, make_phantom
from tests.report.exporters.series import write_series
from tests.report.shapes import a_volume, turned

OBLIQUE = a_volume((3.0, 3.0, 4.0), (34, 26, 12), turned(15, 10) @ np.diag([-1.0, -1.0, -1.0]))


def a_patient(folder: Path, *names: str) -> Phantom:
    """A series, and beside it a SEG of each name with the same segments."""
    files = write_series(folder / "CT", make_phantom(OBLIQUE).volume)
    phantom = make_phantom(read_volume(folder / "CT"))
    template = read_template(bundled_templates() / "abdomen_pelvis.json")
    report = draft_report(template, phantom.segments.values(), None, "", {"Modality": "CT"})
    segmentation = make_segmentation(report, phantom.volume, phantom.masks, SourceSeries.read(files))
    for name in names:
        (folder / name).write_bytes(to_bytes(segmentation))
    return phantom


def test_a_series_is_learned_from_with_the_segments_of_its_seg(tmp_path: Path) -> None:
    phantom = a_patient(tmp_path / "somebody", "seg.dcm")
    (case,) = own_scans(tmp_path)
    assert case.name == "somebody_CT"
    assert case.spacing_mm == pytest.approx((4.0, 3.0, 3.0))
    assert np.array_equal(case.image, read_volume(tmp_path / "somebody" / "CT").canonical().array)
    assert sorted(case.label_names.values()) == sorted(one.name for one in phantom.segments.values())
    expected = np.zeros(phantom.volume.shape, np.uint8)
    for segment_id, mask in phantom.masks.items():  # the cyst lies in the kidney, and on top of it
        number = next(n for n, name in case.label_names.items() if name == phantom.segments[segment_id].name)
        expected[mask.unpack(VoxelBox.of_shape(phantom.volume.shape))] = number
    assert np.array_equal(case.labels, phantom.volume.reorientation.array_to_canonical(expected))


def test_several_seg_of_a_series_are_one_case(tmp_path: Path) -> None:
    phantom = a_patient(tmp_path, "first.dcm", "second.dcm")
    (case,) = own_scans(tmp_path)
    assert len(case.label_names) == 2 * len(phantom.segments)


def test_a_series_without_a_seg_is_left_out(tmp_path: Path) -> None:
    a_patient(tmp_path / "one")
    with pytest.raises(TrainingDataError, match="a DICOM segmentation of it"):
        list(own_scans(tmp_path))


def test_a_damaged_seg_is_a_sentence(tmp_path: Path) -> None:
    a_patient(tmp_path, "seg.dcm")
    whole = (tmp_path / "seg.dcm").read_bytes()
    (tmp_path / "seg.dcm").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingDataError):
        list(own_scans(tmp_path))
