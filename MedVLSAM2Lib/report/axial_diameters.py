"""The longest diameter of a mask across the patient's axis, and the greatest one perpendicular to it.

Voxels are solid: a mask is the union of its voxels' boxes (parallelepipeds where the grid is sheared), the same solid whose
volume and craniocaudal extent are measured. It is cut by planes of constant S, one a slice, and distances are taken in mm
between the outlines' outermost points, so that a box gives its diagonal and a single voxel its own.
Planes pass through the voxel centres along the array axis that is closest to S; on an axial grid they are the slices.
A digitized smooth shape reads up to one voxel diagonal longer than the shape it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from MedVLSAM2Lib.volume import PackedMask, Volume
from MedVLSAM2Lib.volume.reorientation import Position

_CORNERS = np.array(list(product((-0.5, 0.5), repeat=3)))
_EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(_CORNERS[a] - _CORNERS[b]).sum() == 1]
_DIRECTIONS = np.stack([np.cos(np.arange(16) * np.pi / 8), np.sin(np.arange(16) * np.pi / 8)])
# Rounding must not lose a plane that just touches a voxel's corner, nor a corner on a hull.
_TINY_MM = 1e-6


@dataclass(frozen=True)
class AxialDiameters:
    """Both diameters, in mm, and where their ends are (RAS mm)."""

    long_axis_mm: float
    short_axis_mm: float
    long_axis: tuple[Position, Position]
    short_axis: tuple[Position, Position]


def axial_diameters(volume: Volume, mask: PackedMask) -> AxialDiameters | None:
    """The longest diameter over all axial planes with the greatest perpendicular in the same plane; None of an empty mask.

    The perpendicular is the longest chord at right angles inside the outline's convex hull.
    """
    best: _Cut | None = None
    for cut in sorted(_cuts(volume, mask), key=lambda found: -found.longest_possible):
        if best is not None and cut.longest_possible <= best.diameter[0]:
            break
        if best is None or cut.diameter[0] > best.diameter[0]:
            best = cut
    return None if best is None else best.measured()


class _Cut:
    """The points where one plane cuts the voxels' edges: R and A in mm, (N, 2)."""

    def __init__(self, s_mm: float, points: np.ndarray) -> None:
        self.s_mm = s_mm
        self.points = points
        # Some of the directions lies within a 32nd of a turn of the diameter's own.
        widest = float(np.ptp(points @ _DIRECTIONS, axis=0).max()) / np.cos(np.pi / len(_DIRECTIONS[0])) + _TINY_MM
        self.longest_possible = min(widest, float(np.linalg.norm(np.ptp(points, axis=0))))
        self._diameter: tuple[float, np.ndarray, np.ndarray] | None = None
        self._hull: np.ndarray | None = None

    @property
    def hull(self) -> np.ndarray:
        if self._hull is None:
            self._hull = convex_hull(self.points)
        return self._hull

    @property
    def diameter(self) -> tuple[float, np.ndarray, np.ndarray]:
        if self._diameter is None:
            apart = np.linalg.norm(self.hull[:, None] - self.hull[None], axis=2)
            first, second = np.unravel_index(int(apart.argmax()), apart.shape)
            self._diameter = float(apart[first, second]), self.hull[first], self.hull[second]
        return self._diameter

    def measured(self) -> AxialDiameters:
        length, start, end = self.diameter
        low, high = greatest_perpendicular(self.hull, start, end)
        across = float(np.linalg.norm(high - low))
        return AxialDiameters(length, across, (self._ras(start), self._ras(end)), (self._ras(low), self._ras(high)))

    def _ras(self, point: np.ndarray) -> Position:
        return float(point[0]), float(point[1]), self.s_mm


def _cuts(volume: Volume, mask: PackedMask) -> Iterator[_Cut]:
    centres = _surface_centres(volume, mask)
    if centres.size == 0:
        return
    axes = volume.ijk_to_ras[:3, :3]
    corners = _CORNERS @ axes.T
    reach = float(corners[:, 2].max())
    step = float(abs(axes[2, volume.reorientation.axes[2]]))
    origin = float((volume.ijk_to_ras @ [0, 0, 0, 1])[2])
    first = np.ceil((centres[:, 2] - reach - _TINY_MM - origin) / step).astype(int)
    numbers, points = [], []
    for later in range(int(2 * (reach + _TINY_MM) / step) + 1):
        number = first + later
        heights = number * step + origin - centres[:, 2]
        for start, end in _EDGES:
            low, rise = corners[start], corners[end] - corners[start]
            if abs(rise[2]) < _TINY_MM:
                continue
            share = (heights - low[2]) / rise[2]
            crossed = (share >= -_TINY_MM) & (share <= 1 + _TINY_MM)
            points.append((centres[crossed] + low + share[crossed, None] * rise)[:, :2])
            numbers.append(number[crossed])
    yield from _by_plane(np.concatenate(numbers), np.concatenate(points), step, origin)


def _by_plane(numbers: np.ndarray, points: np.ndarray, step: float, origin: float) -> Iterator[_Cut]:
    order = np.argsort(numbers, kind="stable")
    planes, starts = np.unique(numbers[order], return_index=True)
    for plane, part in zip(planes, np.split(points[order], starts[1:]), strict=True):
        yield _Cut(float(plane) * step + origin, part)


def _surface_centres(volume: Volume, mask: PackedMask) -> np.ndarray:
    """The centres (RAS mm, (N, 3)) of the voxels with a neighbour outside: only they can lie on an outline."""
    own = mask.unpack()
    padded = np.pad(own, 1)
    inside = np.ones_like(own)
    for axis in range(3):
        for shift in (0, 2):
            window = [slice(1, -1)] * 3
            window[axis] = slice(shift, shift + own.shape[axis])
            inside &= padded[tuple(window)]
    kji = np.argwhere(own & ~inside) + mask.box.low
    return kji[:, ::-1] @ volume.ijk_to_ras[:3, :3].T + volume.ijk_to_ras[:3, 3]


def convex_hull(points: np.ndarray) -> np.ndarray:
    """The corners of the convex hull of ``points`` (N, 2), counter-clockwise; fewer than three when they are in line."""
    candidates = np.unique(np.round(_outside_of_extremes(points), 9), axis=0)
    if len(candidates) < 3:
        return candidates
    lower, upper = _chain(candidates), _chain(candidates[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _outside_of_extremes(points: np.ndarray) -> np.ndarray:
    """``points`` without those strictly inside the polygon of the extremes in 16 directions (Akl and Toussaint 1978)."""
    extremes = points[(points @ _DIRECTIONS).argmax(axis=0)]
    following = np.roll(extremes, -1, axis=0)
    edges = following - extremes
    relative = points[:, None] - extremes[None]
    left = edges[:, 0] * relative[..., 1] - edges[:, 1] * relative[..., 0]
    # Two directions with the same extreme make an edge of no length, which has no inside.
    real = np.linalg.norm(edges, axis=1) > _TINY_MM
    return points[~(left[:, real] > _TINY_MM).all(axis=1)] if real.any() else points


def _chain(points: np.ndarray) -> list[list[float]]:
    """Andrew's monotone chain over sorted points."""
    chain: list[list[float]] = []
    # Plain floats: a loop over NumPy rows is four times slower.
    for point in points.tolist():
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(a: list[float], b: list[float], c: list[float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def greatest_perpendicular(hull: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the longest chord of a convex ``hull`` (N, 2) at right angles to the line from ``start`` to ``end``."""
    along = (end - start) / max(float(np.linalg.norm(end - start)), _TINY_MM)
    across = np.array([-along[1], along[0]])
    t, n = (hull - start) @ along, (hull - start) @ across
    # The chord's length is piecewise linear and concave along the axis: it is greatest at a corner.
    positions = np.unique(t)
    low, high = _side(t, n, positions, lowest=True), _side(t, n, positions, lowest=False)
    best = int((high - low).argmax())
    foot = start + positions[best] * along
    return foot + low[best] * across, foot + high[best] * across


def _side(t: np.ndarray, n: np.ndarray, positions: np.ndarray, *, lowest: bool) -> np.ndarray:
    """The lower or upper outline's ``n`` at ``positions`` along the axis."""
    sign = 1.0 if lowest else -1.0
    order = np.lexsort((sign * n, t))
    points = np.stack([t, sign * n], axis=1)[order]
    keep = np.r_[True, np.diff(points[:, 0]) > _TINY_MM]
    chain = np.array(_chain(points[keep]))
    return sign * np.interp(positions, chain[:, 0], chain[:, 1])
