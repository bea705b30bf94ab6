"""Scans of one's own as training data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from MedVLSAM2Lib.training.data.cache import load_cases, prepare
from MedVLSAM2Lib.training.data.own_scans import TrainingDataError, own_scans
from tests.training.conftest import a_patient, write


def write_segmentation(labels: np.ndarray, names: dict[int, str], path: Path) -> None:
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing((2.0, 2.0, 3.0))
    for number, (value, name) in enumerate(names.items()):
        image.SetMetaData(f"Segment{number}_Name", name)
        image.SetMetaData(f"Segment{number}_LabelValue", str(value))
        image.SetMetaData(f"Segment{number}_Layer", "0")
    SimpleITK.WriteImage(image, str(path))


@pytest.fixture
def a_folder(tmp_path: Path) -> Path:
    for number in range(3):
        image, labels = a_patient(number)
        write(image, tmp_path / "site" / f"scan{number}.nii.gz")
        write_segmentation(labels, {1: "liver", 7: "spleen"}, tmp_path / "site" / f"scan{number}.seg.nrrd")
    image, labels = a_patient(9)
    write(image, tmp_path / "other" / "image.nii.gz")
    write(labels, tmp_path / "other" / "label.nii.gz")
    (tmp_path / "other" / "labels.json").write_text(json.dumps({"7": "spleen"}))
    return tmp_path


def test_scans_are_read_with_the_names_of_their_segments(a_folder: Path) -> None:
    cases = {case.name: case for case in own_scans(a_folder)}
    assert set(cases) == {"site_scan0", "site_scan1", "site_scan2", "other_image"}
    assert cases["site_scan1"].label_names == {1: "liver", 2: "spleen"}
    assert cases["other_image"].label_names == {1: "spleen"}
    _, labels = a_patient(1)
    assert np.array_equal(cases["site_scan1"].labels == 2, labels == 7)
    assert cases["site_scan1"].spacing_mm == pytest.approx((3.0, 2.0, 2.0))


def test_a_segmentation_that_was_cropped_lies_where_it_was_drawn(tmp_path: Path) -> None:
    image, labels = a_patient(1)
    write(image, tmp_path / "scan.nii.gz")
    cropped = SimpleITK.GetImageFromArray(labels[4:24, 6:36, 6:40])
    cropped.SetSpacing((2.0, 2.0, 3.0))
    cropped.SetOrigin((12.0, 12.0, 12.0))
    cropped.SetMetaData("Segment0_Name", "liver")
    cropped.SetMetaData("Segment0_LabelValue", "1")
    SimpleITK.WriteImage(cropped, str(tmp_path / "scan.seg.nrrd"))
    (case,) = own_scans(tmp_path)
    assert np.array_equal(case.labels == 1, labels == 1)


def test_they_are_prepared_and_can_be_asked_for_by_name(a_folder: Path, tmp_path: Path) -> None:
    prepare(a_folder, tmp_path / "cache")
    names = {item.name for case in load_cases(tmp_path / "cache") for item in case.objects}
    assert {"liver", "spleen"} <= names


def test_a_folder_without_scans_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="side by side"):
        list(own_scans(tmp_path))
