"""Shapes of known size measure what they are, on any grid."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest

from MedVLSAM2Lib.report.axial_diameters import axial_diameters
from MedVLSAM2Lib.report.measurements import measure_segment
from MedVLSAM2Lib.report.quantities import DEFINITIONS, Quantity, write_value
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VoxelBox
from tests.report.shapes import a_box, a_mask, a_volume, an_ellipsoid, turned

OBLIQUE = turned(about_r_deg=25, about_s_deg=15)
LEFT_HANDED = np.diag([-1.0, 1.0, 1.0])
SAGITTAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])


def _values(volume: Volume, mask: PackedMask) -> dict[Quantity, float]:
    return {name: found.value for name, found in measure_segment(volume, mask, "s").measurements.items()}


def _reach(volume: Volume) -> float:
    """How much longer than the shape it came from a digitized one may read: a voxel's own diagonal."""
    return float(np.linalg.norm(np.abs(volume.ijk_to_ras[:3, :3]).sum(axis=1)))


def test_a_box_on_an_anisotropic_grid_is_measured_exactly() -> None:
    volume = a_volume((0.5, 2.0, 3.0))
    values = _values(volume, a_mask(volume, a_box((12, 20, 18))))
    assert values[Quantity.VOLUME] == pytest.approx(12 * 20 * 18 / 1000)
    assert values[Quantity.LONG_AXIS] == pytest.approx(sqrt(12**2 + 20**2))
    # The longest chord at right angles to the diagonal ends on both long edges.
    assert values[Quantity.SHORT_AXIS] == pytest.approx(12 * sqrt(12**2 + 20**2) / 20)
    assert values[Quantity.CRANIOCAUDAL] == pytest.approx(18)
    assert values[Quantity.PARTS] == 1


@pytest.mark.parametrize("axes", [np.eye(3), LEFT_HANDED, SAGITTAL, OBLIQUE, OBLIQUE @ LEFT_HANDED, OBLIQUE @ SAGITTAL])
def test_an_ellipsoid_keeps_its_size_at_any_orientation(axes: np.ndarray) -> None:
    volume = a_volume((0.7, 0.9, 1.6), (90, 90, 60), axes)
    values = _values(volume, a_mask(volume, an_ellipsoid((25, 15, 20))))
    slack = _reach(volume)
    assert values[Quantity.VOLUME] == pytest.approx(4 / 3 * pi * 25 * 15 * 20 / 1000, rel=0.01)
    assert 50 - slack <= values[Quantity.LONG_AXIS] <= 50 + slack
    assert 30 - slack <= values[Quantity.SHORT_AXIS] <= 30 + slack
    assert 40 - slack <= values[Quantity.CRANIOCAUDAL] <= 40 + slack


def test_a_finer_grid_comes_closer_to_the_shape() -> None:
    errors = []
    for spacing in (2.0, 0.5):
        volume = a_volume((spacing,) * 3, (int(48 / spacing),) * 3, OBLIQUE)
        values = _values(volume, a_mask(volume, an_ellipsoid((18, 18, 18))))
        errors.append(
            max(abs(values[q] - 36) for q in (Quantity.LONG_AXIS, Quantity.SHORT_AXIS, Quantity.CRANIOCAUDAL))
        )
    assert errors[1] < 1.0
    assert errors[1] < errors[0]


def test_a_sheared_grid_measures_as_a_straight_one() -> None:
    volume = a_volume((0.8, 0.8, 2.0), (70, 90, 40), shear=0.6)
    values = _values(volume, a_mask(volume, an_ellipsoid((20, 12, 16))))
    assert values[Quantity.VOLUME] == pytest.approx(4 / 3 * pi * 20 * 12 * 16 / 1000, rel=0.01)
    assert values[Quantity.LONG_AXIS] == pytest.approx(40, abs=_reach(volume))
    assert values[Quantity.SHORT_AXIS] == pytest.approx(24, abs=_reach(volume))


def test_a_single_voxel_has_the_size_of_its_box() -> None:
    volume = a_volume((2.0, 3.0, 5.0))
    mask = PackedMask.pack(np.ones((1, 1, 1), bool), VoxelBox((30, 20, 10), (31, 21, 11)))
    values = _values(volume, mask)
    assert values[Quantity.VOLUME] == pytest.approx(0.03)
    assert values[Quantity.LONG_AXIS] == pytest.approx(sqrt(13))
    assert values[Quantity.CRANIOCAUDAL] == pytest.approx(5)


def test_the_diameters_lie_in_one_axial_plane_at_right_angles_and_as_long_as_told() -> None:
    volume = a_volume((0.7, 0.9, 1.6), (90, 90, 60), OBLIQUE)
    found = axial_diameters(volume, a_mask(volume, an_ellipsoid((25, 15, 20), centre=(3, -2, 4))))
    assert found is not None
    (a, b), (c, d) = (np.array(ends) for ends in (found.long_axis, found.short_axis))
    assert np.ptp([a[2], b[2], c[2], d[2]]) < 1e-9
    assert np.dot(b - a, d - c) == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(b - a) == pytest.approx(found.long_axis_mm)
    assert np.linalg.norm(d - c) == pytest.approx(found.short_axis_mm)
    assert a[2] == pytest.approx(4, abs=2.5)


def test_the_slice_of_the_longest_diameter_is_told_in_the_volume_s_own_order() -> None:
    volume = a_volume((1.0, 1.0, 2.0), axes=np.diag([1.0, 1.0, -1.0]))
    place = measure_segment(volume, a_mask(volume, an_ellipsoid((10, 10, 10), centre=(0, 0, 20.9))), "s").place
    assert place is not None
    assert (place.axis, place.count) == (2, 60)
    assert volume.ijk_to_ras_position((0, 0, place.index))[2] == pytest.approx(21)
    assert place.ras == pytest.approx((0, 0, 21), abs=1)
    sagittal = a_volume((1.0, 1.0, 2.0), axes=SAGITTAL)
    place = measure_segment(sagittal, a_mask(sagittal, an_ellipsoid((10, 10, 10), centre=(0, 0, 9.5))), "s").place
    assert place is not None
    assert place.axis == 1


def test_hounsfield_units_are_told_of_a_ct_only() -> None:
    volume = a_volume()
    mask = a_mask(volume, a_box((2, 2, 2)))
    array = volume.array.copy()
    array[29:31, 29:31, 29:31] = np.array([10, 30]).reshape(2, 1, 1)
    values = _values(Volume(array, volume.ijk_to_ras, Modality.CT, "HU"), mask)
    assert (values[Quantity.MEAN_HU], values[Quantity.SD_HU]) == (20, 10)
    assert Quantity.MEAN_HU not in _values(Volume(array, volume.ijk_to_ras, Modality.MR), mask)


def test_separate_parts_are_counted_and_corners_connect() -> None:
    volume = a_volume()
    array = np.zeros(volume.shape, bool)
    array[1, 1, 1] = array[2, 2, 2] = array[10, 10, 10] = True
    assert _values(volume, PackedMask.pack(array))[Quantity.PARTS] == 2


def test_a_stray_voxel_far_away_does_not_stretch_a_lesion() -> None:
    volume = a_volume()
    lesion, stray = a_box((10, 8, 6)), a_box((1, 1, 1), (25.5, 25.5, 0.5))
    values = _values(volume, a_mask(volume, lambda ras: lesion(ras) | stray(ras)))
    assert values[Quantity.LONG_AXIS] == pytest.approx(sqrt(164))
    assert values[Quantity.CRANIOCAUDAL] == pytest.approx(6)
    assert values[Quantity.PARTS] == 2
    assert values[Quantity.VOLUME] == pytest.approx(0.481)


def test_an_empty_mask_has_no_volume_and_no_size() -> None:
    values = _values(a_volume(), PackedMask.empty())
    assert values == {Quantity.VOLUME: 0, Quantity.PARTS: 0}


def test_change_is_told_against_the_prior_in_both_units_and_percent() -> None:
    volume = a_volume()
    prior = measure_segment(volume, a_mask(volume, a_box((10, 10, 10))), "before")
    now = measure_segment(volume, a_mask(volume, a_box((20, 20, 10))), "s", prior=prior)
    assert now.value(Quantity.VOLUME_CHANGE) == pytest.approx(3)
    assert now.value(Quantity.VOLUME_CHANGE_PERCENT) == pytest.approx(300)
    assert now.value(Quantity.LONG_AXIS_CHANGE) == pytest.approx(10 * sqrt(2))
    assert now.value(Quantity.LONG_AXIS_CHANGE_PERCENT) == pytest.approx(100)


def test_a_prior_that_was_empty_gives_no_percentage() -> None:
    volume = a_volume()
    prior = measure_segment(volume, PackedMask.empty(), "before")
    now = measure_segment(volume, a_mask(volume, a_box((10, 10, 10))), "s", prior=prior)
    assert now.value(Quantity.VOLUME_CHANGE) == pytest.approx(1)
    assert now.value(Quantity.VOLUME_CHANGE_PERCENT) is None


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        (Quantity.VOLUME, 1523.4, "1523 ml"),
        (Quantity.VOLUME, 12.44, "12.4 ml"),
        (Quantity.VOLUME, 0.127, "0.13 ml"),
        (Quantity.LONG_AXIS, 9.46, "9.5 mm"),
        (Quantity.LONG_AXIS, 23.5, "24 mm"),
        (Quantity.MEAN_HU, -18.2, "−18 HU"),
        (Quantity.MEAN_HU, -0.2, "0 HU"),
        (Quantity.VOLUME_CHANGE_PERCENT, 12.2, "+12 %"),
        (Quantity.LONG_AXIS_CHANGE, -3.14, "−3.1 mm"),
        (Quantity.PARTS, 3.0, "3"),
    ],
)
def test_numbers_are_written_as_a_report_has_them(quantity: Quantity, value: float, text: str) -> None:
    assert write_value(quantity, value).replace("\N{NO-BREAK SPACE}", " ") == text


def test_every_quantity_has_a_ucum_unit_and_a_coded_concept() -> None:
    assert set(DEFINITIONS) == set(Quantity)
    assert all(definition.unit.scheme == "UCUM" for definition in DEFINITIONS.values())
    # DICOM holds no longer code values and meanings.
    codes = [code for d in DEFINITIONS.values() for code in (d.unit, d.concept, d.method, d.derivation) if code]
    assert all(len(code.value) <= 32 and len(code.meaning) <= 64 and len(code.scheme) <= 16 for code in codes)
