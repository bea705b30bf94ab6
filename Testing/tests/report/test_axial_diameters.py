"""The diameters are those a slow and simple search finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from MedVLSAM2Lib.report.axial_diameters import axial_diameters, convex_hull, greatest_perpendicular
from MedVLSAM2Lib.volume import PackedMask, Volume

_AXIAL = np.diag([-0.7, 1.1, 3.0, 1.0])


def _longest_by_search(mask: np.ndarray) -> float:
    """The greatest distance between any two corners of voxels of one slice."""
    longest = 0.0
    for plane in mask:
        j, i = np.nonzero(plane)
        corners = np.array([(x + dx, y + dy) for x, y in zip(i, j, strict=True) for dx in (0, 1) for dy in (0, 1)])
        if len(corners):
            apart = (corners[:, None] - corners[None]) * (0.7, 1.1)
            longest = max(longest, float(np.linalg.norm(apart, axis=2).max()))
    return longest


def _perpendicular_by_search(hull: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """The longest of many chords at right angles to the axis."""
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]])
    t, n = (hull - start) @ along, (hull - start) @ across
    longest = 0.0
    for at in np.linspace(t.min(), t.max(), 2001):
        crossed = []
        for a in range(len(hull)):
            b = (a + 1) % len(hull)
            if min(t[a], t[b]) <= at <= max(t[a], t[b]) and t[a] != t[b]:
                crossed.append(n[a] + (at - t[a]) / (t[b] - t[a]) * (n[b] - n[a]))
        if crossed:
            longest = max(longest, max(crossed) - min(crossed))
    return longest


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.9))
def test_any_mask_s_longest_diameter_is_found(seed: int, filled: float) -> None:
    mask = np.random.default_rng(seed).random((3, 7, 9)) < filled
    volume = Volume(np.arange(mask.size).reshape(mask.shape), _AXIAL)
    found = axial_diameters(volume, PackedMask.pack(mask))
    assert (0.0 if found is None else found.long_axis_mm) == pytest.approx(_longest_by_search(mask))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40))
def test_any_outline_s_greatest_perpendicular_is_found(seed: int, count: int) -> None:
    points = np.random.default_rng(seed).normal(size=(count, 2)) * (3, 2)
    hull = convex_hull(points)
    apart = np.linalg.norm(hull[:, None] - hull[None], axis=2)
    a, b = np.unravel_index(int(apart.argmax()), apart.shape)
    low, high = greatest_perpendicular(hull, hull[a], hull[b])
    assert np.dot(high - low, hull[b] - hull[a]) == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(high - low) == pytest.approx(_perpendicular_by_search(hull, hull[a], hull[b]), rel=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_a_hull_holds_every_point_and_turns_one_way(seed: int, count: int) -> None:
    points = np.random.default_rng(seed).integers(0, 12, (count, 2)).astype(float)
    hull = convex_hull(points)
    if len(hull) < 3:
        return
    for a, b in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        left = (b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0])
        assert left.min() >= -1e-9
