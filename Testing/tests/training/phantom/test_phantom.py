"""The phantom is a CT whose every voxel is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from MedVLSAM2Lib.training.phantom import Finding, Phantom, make_phantom
from MedVLSAM2Lib.volume import Modality

COARSE = {"shape_kji": (100, 100, 100), "spacing_mm": (6.0, 4.0, 4.0)}
ORGANS = ("right lung", "left lung", "heart", "liver", "spleen", "right kidney", "left kidney", "stomach", "aorta")


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(**COARSE)


def test_equal_seeds_give_equal_voxels_and_others_another_person(phantom: Phantom) -> None:
    again, other = make_phantom(**COARSE), make_phantom(seed=1, **COARSE)
    assert np.array_equal(phantom.volume.array, again.volume.array)
    assert np.array_equal(phantom.labels, again.labels)
    assert (phantom.labels != other.labels).mean() > 0.02


def test_is_a_ct_in_hounsfield_units(phantom: Phantom) -> None:
    assert phantom.volume.modality is Modality.CT
    assert phantom.volume.units == "HU"
    assert phantom.volume.array.dtype == np.int16
    assert phantom.labels.shape == phantom.volume.shape
    assert np.median(phantom.volume.array[phantom.labels == 0]) == pytest.approx(-1000, abs=5)


@pytest.mark.parametrize(
    ("organ", "low", "high"), [("liver", 90, 130), ("spleen", 100, 140), ("left lung", -900, -780), ("aorta", 140, 180)]
)
def test_organs_measure_what_they_do_in_the_portal_venous_phase(
    phantom: Phantom, organ: str, low: float, high: float
) -> None:
    assert low < np.median(phantom.volume.array[phantom.mask(organ)]) < high


@pytest.mark.parametrize("organ", ORGANS)
def test_every_large_organ_is_there_at_its_true_size(phantom: Phantom, organ: str) -> None:
    millilitres = phantom.mask(organ).sum() * phantom.volume.voxel_volume_mm3 / 1000
    assert 50 < millilitres < 3500


def test_right_is_right_and_left_is_left(phantom: Phantom) -> None:
    assert phantom.innermost("liver")[0] > 30
    assert phantom.innermost("right kidney")[0] > 30
    assert phantom.innermost("spleen")[0] < -30
    assert phantom.innermost("left kidney")[0] < -30
    assert phantom.innermost("heart")[2] > phantom.innermost("urinary bladder")[2]
    assert phantom.innermost("sternum")[1] > phantom.innermost("vertebra L3")[1]


def test_the_innermost_position_lies_inside(phantom: Phantom) -> None:
    i, j, k = (round(v) for v in phantom.volume.ras_to_ijk(phantom.innermost("right kidney")))
    assert phantom.mask("right kidney")[k, j, i]


def test_an_organ_out_of_the_volumes_reach_says_so() -> None:
    slab = make_phantom(shape_kji=(4, 40, 40), spacing_mm=(3.0, 10.0, 10.0))
    with pytest.raises(ValueError, match="does not reach the urinary bladder"):
        slab.innermost("urinary bladder")


def _finding(phantom: Phantom, name: str) -> Finding:
    return next(finding for finding in phantom.findings if finding.name == name)


@pytest.mark.parametrize("name", ["lung nodule", "liver cyst", "liver metastasis", "renal cyst"])
def test_findings_are_as_large_and_as_dense_as_they_say(name: str) -> None:
    phantom = make_phantom(shape_kji=(150, 180, 180), spacing_mm=(3.0, 2.0, 2.0))
    finding, mask = _finding(phantom, name), phantom.mask(name)
    expected = np.pi / 6 * np.prod(finding.size_mm)
    assert mask.sum() * phantom.volume.voxel_volume_mm3 == pytest.approx(expected, rel=0.1)
    away_from_the_edge = ndimage.binary_erosion(mask)
    assert np.median(phantom.volume.array[away_from_the_edge]) == pytest.approx(finding.hu, abs=15)
    assert np.allclose(phantom.innermost(name), finding.centre, atol=4.0)


def test_the_effusion_is_a_small_one_behind_the_right_lung(phantom: Phantom) -> None:
    effusion = phantom.mask("pleural effusion")
    assert 15 < effusion.sum() * phantom.volume.voxel_volume_mm3 / 1000 < 150
    assert _finding(phantom, "pleural effusion").centre[0] > 30
    assert _finding(phantom, "pleural effusion").centre[1] < -50


def test_finer_voxels_show_the_same_person(phantom: Phantom) -> None:
    fine = make_phantom(shape_kji=(200, 200, 200), spacing_mm=(3.0, 2.0, 2.0))
    of_organs = [(p.mask(organ).sum() * p.volume.voxel_volume_mm3 for p in (phantom, fine)) for organ in ORGANS]
    for coarse_mm3, fine_mm3 in of_organs:
        assert coarse_mm3 == pytest.approx(fine_mm3, rel=0.06)
