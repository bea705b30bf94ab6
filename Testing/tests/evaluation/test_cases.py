"""Labelled scans become volumes with named objects."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.cases import CaseError, find_cases
from MedVLSAM2Lib.volume import Modality


def test_every_labelled_scan_is_found_by_name(a_folder_of_scans: Path) -> None:
    assert [case.name for case in find_cases(a_folder_of_scans)] == ["ball", "sts_X/CT", "sts_X/MR_T1"]


def test_cases_can_be_chosen_by_pattern(a_folder_of_scans: Path) -> None:
    assert [case.name for case in find_cases(a_folder_of_scans, ["sts_*/CT", "ball"])] == ["ball", "sts_X/CT"]


def test_a_case_of_an_unknown_name_gives_all_its_labels_but_crumbs(a_folder_of_scans: Path, a_ball) -> None:
    (case,) = (files.load() for files in find_cases(a_folder_of_scans, ["ball"]))
    assert [(found.name, found.group) for found in case.objects] == [("ball", "other")]
    assert (case.objects[0].truth == a_ball.objects[0].truth).all()


def test_a_scan_s_name_tells_its_modality_and_its_mask_is_a_tumour(a_folder_of_scans: Path) -> None:
    cases = [files.load() for files in find_cases(a_folder_of_scans, ["sts_*"])]
    assert [case.volume.modality for case in cases] == [Modality.CT, Modality.MR]
    groups = [(found.name, found.group) for case in cases for found in case.objects]
    assert groups == [("tumour", "soft-tissue tumour, CT"), ("tumour", "soft-tissue tumour, MR")]


def test_positions_in_the_file_s_lps_become_ras(a_folder_of_scans: Path) -> None:
    volume = find_cases(a_folder_of_scans, ["ball"])[0].load().volume
    assert volume.ijk_to_ras_position((0, 0, 0)) == pytest.approx((-10, 20, 30))
    assert volume.ijk_to_ras_position((1, 2, 3)) == pytest.approx((-11.5, 17, 36))


def test_a_folder_without_cases_says_so(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="No labelled case"):
        find_cases(tmp_path)


def test_a_file_that_is_no_image_says_so(a_folder_of_scans: Path) -> None:
    (a_folder_of_scans / "ball" / "image.nii.gz").write_bytes(b"not an image")
    with pytest.raises(CaseError, match="cannot be read"):
        find_cases(a_folder_of_scans, ["ball"])[0].load()


def test_the_development_scans_give_the_objects_of_the_table(scans: Path) -> None:
    cases = [files.load() for files in find_cases(scans)]
    groups = Counter(found.group for case in cases for found in case.objects)
    assert groups["parotid"] == 12
    assert groups["mandible"] == 6
    assert groups["abdominal organs, CT"] == 15
    assert groups["lungs"] == 2
    assert "other" not in groups
    by_name = {case.name: case for case in cases}
    assert by_name["openkbp_pt_4"].volume.modality is Modality.CT
    assert by_name["totalseg_mr"].volume.modality is Modality.MR
    assert by_name["sct_t2_lesion"].volume.modality is Modality.MR


def test_flipped_axes_put_the_liver_on_the_right(scans: Path) -> None:
    case = find_cases(scans, ["totalseg_example"])[0].load()
    centres = {found.name: np.argwhere(found.truth).mean(axis=0)[::-1] for found in case.objects}
    right = {name: case.volume.ijk_to_ras_position(tuple(centre))[0] for name, centre in centres.items()}
    assert right["liver"] > right["spleen"]
    assert right["kidney_right"] > right["kidney_left"]
