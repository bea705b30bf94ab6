"""The same weights give the same masks as the ``sam2`` package, to within rounding."""

from __future__ import annotations

import pytest

pytest.importorskip("sam2")

from MedVLSAM2Lib.evaluation.suites.slices_equality import LARGEST_DIFFERENCE, QUICK_CASES, EqualityCase, compare


@pytest.mark.parametrize("case", QUICK_CASES, ids=lambda case: f"{case.network} at {case.image_size}")
def test_it_gives_what_the_package_gives(case: EqualityCase) -> None:
    apart = [difference for difference in compare(case) if difference.largest >= LARGEST_DIFFERENCE]
    assert not apart
