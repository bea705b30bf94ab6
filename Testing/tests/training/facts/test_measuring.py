"""Volumes and diameters of shapes of known size."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.training.facts.measuring import axial_diameters, measures_of
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox

SPACINGS = [(1.0, 1.0, 1.0), (3.0, 1.5, 1.5), (5.0, 2.0, 2.5), (6.0, 4.0, 4.0)]


def _ellipsoid(
    half_axes_mm: tuple[float, float, float], spacing_mm: tuple[float, float, float], turn: float = 0.0
) -> np.ndarray:
    """Bool (K, J, I), turned by ``turn`` degrees in the axial plane, in a box of 60 x 60 x 60 mm and more."""
    k, j, i = (np.arange(-40, 40 + step / 2, step) for step in spacing_mm)
    s, a, r = np.meshgrid(k, j, i, indexing="ij")
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    x, y = cos * r + sin * a, -sin * r + cos * a
    return (s / half_axes_mm[0]) ** 2 + (y / half_axes_mm[1]) ** 2 + (x / half_axes_mm[2]) ** 2 < 1


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("turn", [0.0, 20.0, 45.0])
def test_diameters_of_an_ellipsoid_are_its_axes(spacing: tuple[float, float, float], turn: float) -> None:
    long, short = axial_diameters(_ellipsoid((18.0, 13.0, 24.0), spacing, turn), spacing)
    assert long == pytest.approx(48.0, abs=max(spacing[1:]))
    assert short == pytest.approx(26.0, abs=1.3 * max(spacing[1:]))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_volume_density_and_centre_of_an_ellipsoid(spacing: tuple[float, float, float]) -> None:
    mask = _ellipsoid((18.0, 13.0, 24.0), spacing)
    array = np.where(mask, 60, -100).astype(np.int16)
    matrix = np.diag([-spacing[2], -spacing[1], spacing[0], 1.0])
    box = VoxelBox.around(mask)
    found = measures_of(mask[box.slices], box, Volume(array, matrix, Modality.CT))
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * 18 * 13 * 24 / 1000, rel=0.06)
    assert (found.hu_mean, found.hu_sd) == (60.0, 0.0)
    assert np.allclose(found.centre, (-40.0, -40.0, 40.0), atol=0.3)
    assert np.allclose(np.subtract(found.high, found.low), [48, 26, 36], atol=1.5 * max(spacing))


def test_one_voxel_is_as_wide_as_itself() -> None:
    mask = np.ones((1, 1, 1), bool)
    assert axial_diameters(mask, (5.0, 2.0, 2.0)) == pytest.approx((2.0, 2.0))
