"""Memory stays what it is while scans come and go: the soak of ``Testing/soak.py``, short."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from soaking.growth import Desk, Growth, grow_by_clicks, grow_by_volumes

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@pytest.fixture
def a_desk(a_slicer: OffscreenSlicer, the_worker: Path) -> Desk:
    """Somebody in front of the module; what the worker takes is not looked at."""
    return Desk(a_slicer, lambda: 0)


@pytest.fixture
def voxels() -> np.ndarray:
    """7 MiB: a scan that is not let go of cannot be overlooked."""
    array = np.full((96, 192, 192), -1000, np.int16)
    array[10:-10, 30:-30, 30:-30] = 40
    array[30:60, 60:130, 50:110] = 120
    return array


def test_a_scan_that_was_deleted_is_let_go_of(a_desk: Desk, voxels: np.ndarray) -> None:
    growth = grow_by_volumes(a_desk, [voxels + np.int16(number) for number in range(12)], lambda _: None)

    assert len(growth.host) == 12
    assert Growth.slope(growth.host) < voxels.nbytes / 4


def test_clicks_on_one_scan_leave_nothing_as_large_as_a_mask(a_desk: Desk, voxels: np.ndarray) -> None:
    growth = grow_by_clicks(a_desk, voxels, 24, lambda _: None)

    assert all("is segmented" in sentence for sentence in a_desk.sentences), a_desk.sentences
    assert Growth.slope(growth.host) < voxels.size / 4
