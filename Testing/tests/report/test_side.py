"""Left is the patient's left, whatever way the voxels run."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.report.side import Midline, Side, side_of
from MedVLSAM2Lib.volume import PackedMask, Volume
from tests.report.shapes import a_box, a_mask, a_volume, turned

FLIPPED = np.diag([-1.0, -1.0, 1.0])


@pytest.mark.parametrize("axes", [np.eye(3), FLIPPED, turned(20, 25)])
def test_a_mask_on_one_side_is_of_that_side(axes: np.ndarray) -> None:
    volume = a_volume(axes=axes)
    for r, side in ((12, Side.RIGHT), (-12, Side.LEFT), (0, Side.MIDLINE)):
        found = side_of(volume, a_mask(volume, a_box((8, 8, 8), (r, 0, 0))))
        assert found is not None
        assert found.side is side


def test_a_pair_is_on_both_sides_and_one_that_crosses_is_in_the_middle() -> None:
    volume = a_volume()
    left, right = a_box((8, 8, 8), (-12, 0, 0)), a_box((8, 8, 8), (12, 0, 0))
    pair = side_of(volume, a_mask(volume, lambda ras: left(ras) | right(ras)))
    assert pair is not None
    assert (pair.side, pair.right_share) == (Side.BOTH, 0.5)
    crossing = side_of(volume, a_mask(volume, a_box((40, 8, 8))))
    assert crossing is not None
    assert crossing.side is Side.MIDLINE


def test_a_small_satellite_does_not_change_the_side() -> None:
    volume = a_volume()
    organ, satellite = a_box((12, 12, 12), (12, 0, 0)), a_box((5, 5, 5), (-12, 0, 0))
    found = side_of(volume, a_mask(volume, lambda ras: organ(ras) | satellite(ras)))
    assert found is not None
    assert found.side is Side.RIGHT


def test_the_body_tells_the_midline_where_it_lies_beside_the_middle_of_the_image() -> None:
    volume = a_volume()
    array = np.full(volume.shape, -1000, np.int16)
    array[:, 10:50, 4:34] = 40
    shifted = Volume(array, volume.ijk_to_ras, volume.modality)
    found = side_of(shifted, a_mask(volume, a_box((4, 4, 4), (-6, 0, 0))))
    assert found is not None
    assert found.midline.r_mm == pytest.approx(-11, abs=1)
    assert "median of the body" in found.midline.how
    assert found.side is Side.RIGHT


def test_a_body_that_fills_the_image_is_told_and_a_known_midline_is_believed() -> None:
    volume = a_volume()
    full = Volume(np.where(volume.array < 0, 0, volume.array + np.arange(60) % 2), volume.ijk_to_ras, volume.modality)
    mask = a_mask(volume, a_box((8, 8, 8), (6, 0, 0)))
    found = side_of(full, mask)
    assert found is not None
    assert found.midline.how == "the middle of the image, which the body fills"
    known = side_of(full, mask, Midline(20.0, "the spine"))
    assert known is not None
    assert (known.side, known.midline.how) == (Side.LEFT, "the spine")


def test_an_empty_mask_has_no_side() -> None:
    assert side_of(a_volume(), PackedMask.empty()) is None
