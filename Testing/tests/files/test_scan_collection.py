"""Scans kept to learn from: what is written, what is held out, what is no collection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.files.scan_collection import HELD_OUT_NAME, CollectionError, ScanCollection
from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError, SegmentLook, write_segments
from MedVLSAM2Lib.training.data.own_scans import own_scans
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume

SHAPE = (8, 10, 12)


def a_volume(seed: int = 0) -> Volume:
    matrix = np.diag([-2.0, -2.0, 3.0, 1.0])
    matrix[:3, 3] = (30.0, -4.0, 5.0)
    voxels = np.random.default_rng(seed).integers(-1000, 500, SHAPE).astype(np.int16)
    return Volume(voxels, matrix, Modality.CT, "HU", "Somebody")


def a_mask(*places: slice) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[places] = True
    return mask


LIVER, CYST = a_mask(*np.s_[1:6, 1:6, 1:6]), a_mask(*np.s_[4:7, 4:8, 4:8])


@pytest.fixture
def a_collection(tmp_path: Path) -> ScanCollection:
    return ScanCollection(tmp_path / "kept")


def keep(collection: ScanCollection, *names: str) -> None:
    for name in names:
        segments = [(SegmentLook("liver"), PackedMask.pack(LIVER)), (SegmentLook("renal cyst"), PackedMask.pack(CYST))]
        collection.add(name, a_volume(), segments)


def test_what_is_kept_is_what_training_reads_overlaps_and_geometry_included(a_collection: ScanCollection) -> None:
    keep(a_collection, "abc")
    (scan,) = a_collection.scans()
    assert (scan.name, scan.segments) == ("abc", ("liver", "renal cyst"))
    (case,) = own_scans(a_collection.folder)
    assert case.image is not None
    assert np.array_equal(case.image, a_volume().array)
    assert case.spacing_mm == pytest.approx((3.0, 2.0, 2.0))
    assert np.array_equal(case.labels == 1, LIVER & ~CYST)
    assert np.array_equal(case.labels == 2, CYST)
    assert case.held_out is None


def test_of_few_scans_none_is_held_out_and_of_three_one_and_it_stays_so(a_collection: ScanCollection) -> None:
    keep(a_collection, "a", "b")
    assert a_collection.hold_out() == frozenset()
    keep(a_collection, "c")
    # The others were learned from.
    assert a_collection.hold_out() == {"c"}
    keep(a_collection, "d", "e")
    assert a_collection.hold_out() == {"c"}
    assert {case.name for case in own_scans(a_collection.folder) if case.held_out} == {"c"}
    a_collection.remove("c")
    assert a_collection.hold_out() == frozenset()
    assert [scan.name for scan in a_collection.scans()] == ["a", "b", "d", "e"]


def test_a_list_of_held_out_scans_that_is_none_is_a_sentence(a_collection: ScanCollection) -> None:
    keep(a_collection, "a")
    (a_collection.folder / HELD_OUT_NAME).write_text("[]")
    with pytest.raises(CollectionError, match="begin anew"):
        a_collection.hold_out()


def test_several_segments_need_a_file_that_can_hold_them(tmp_path: Path) -> None:
    with pytest.raises(SegmentationFileError, match="cannot hold several"):
        write_segments(tmp_path / "x.nii.gz", [(SegmentLook(), PackedMask.pack(LIVER))], a_volume())
