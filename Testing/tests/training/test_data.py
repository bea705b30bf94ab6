"""From the training folders to cases that can be trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.training.data import tissues
from MedVLSAM2Lib.training.data.cache import is_held_out, load_cases, prepare
from MedVLSAM2Lib.training.data.cases import LABELS, TISSUES, Case, is_any_of
from MedVLSAM2Lib.training.data.objects import groups_of, objects_of_layer


def case_named(cases: list[Case], name: str) -> Case:
    return next(case for case in cases if case.name == name)


def test_every_folder_is_read(the_cases: list[Case]) -> None:
    assert {case.group for case in the_cases} == {
        "head_neck", "tumour", "trunk", "map_trunk", "map_abdomen", "map_head", "map_head_neck"
    }  # fmt: skip


def test_spacing_and_axes_are_those_of_the_file(the_cases: list[Case]) -> None:
    case = case_named(the_cases, "pt_1")
    assert case.spacing_mm == (3.0, 2.0, 2.0)
    assert case.shape == (28, 40, 44)
    organ = next(item for item in case.objects if item.name == "brainstem")
    assert (organ.lo[0], organ.hi[0]) == (7, 18)
    assert organ.lo[2] == 10


def test_clicks_of_an_object_lie_inside_it(the_cases: list[Case]) -> None:
    for case in the_cases:
        for item in case.objects:
            inside = is_any_of(item.ids)[case.layers[item.layer][tuple(item.clicks.T)]]
            assert inside.all(), (case.name, item.name)


def test_held_out_patients_are_decided_by_name(the_cases: list[Case]) -> None:
    assert {case.name for case in the_cases if case.held_out} == {"pt_20", "STS_006"}
    assert is_held_out("head_neck", "pt_120")
    assert not is_held_out("head_neck", "pt_121")
    assert not is_held_out("trunk", "pt_20")


def test_preparing_again_reads_nothing(a_cache: Path, tmp_path: Path) -> None:
    before = (a_cache / "cases.json").stat().st_mtime_ns
    prepare(tmp_path / "not there", a_cache)
    assert (a_cache / "cases.json").stat().st_mtime_ns == before


def test_a_cache_of_another_version_is_made_again(a_data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text(json.dumps({"version": 0}))
    prepare(a_data_folder, tmp_path)
    assert load_cases(tmp_path)


def test_tissues_of_a_chest_are_found() -> None:
    image = np.full((30, 60, 80), -1024, np.int16)
    image[2:28, 6:54, 6:74] = -90
    image[2:28, 10:50, 10:70] = 45
    image[4:26, 15:40, 14:34] = image[4:26, 15:40, 46:66] = -850
    image[4:26, 42:48, 36:44] = 600
    layer = tissues.tissue_layer(image, (3.0, 3.0, 3.0))
    assert layer[15, 8, 40] == tissues.FAT
    assert layer[15, 12, 40] == tissues.SOFT
    assert layer[15, 45, 40] == tissues.BONE
    assert {layer[15, 25, 24], layer[15, 25, 56]} == {tissues.FIRST_LUNG, tissues.SECOND_LUNG}
    assert layer[15, 1, 1] == 0


def test_air_around_the_body_is_not_gas() -> None:
    layer = tissues.tissue_layer(np.full((10, 10, 10), -1024, np.int16), (1.0, 1.0, 1.0))
    assert not layer.any()


def test_what_people_ask_for_as_one_is_one_object() -> None:
    names = {1: "lung_upper_lobe_left", 2: "lung_lower_lobe_left", 3: "lung_upper_lobe_right", 4: "liver"}
    groups = dict(groups_of(names))
    assert groups["left lung"] == (1, 2)
    assert groups["both lungs"] == (1, 2, 3)
    assert "right lung" not in groups


def test_specks_are_no_objects() -> None:
    layer = np.zeros((10, 10, 10), np.uint8)
    layer[:2, :2, :2] = 1
    layer[5:9, 5:9, 5:9] = 2
    found = objects_of_layer(LABELS, layer, {}, (1.0, 1.0, 1.0), np.random.default_rng(0))
    assert [item.ids for item in found] == [(2,)]


def test_a_label_map_has_no_scan(the_cases: list[Case]) -> None:
    case = case_named(the_cases, "s1")
    assert TISSUES not in case.layers
    with pytest.raises(ValueError, match="s1 is a label map without a scan"):
        _ = case.scan
