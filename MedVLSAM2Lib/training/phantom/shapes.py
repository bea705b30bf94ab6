"""Implicit shapes in the patient: for any grid of voxels, how far outside the shape each one lies.

Distances are in mm, negative inside. They are exact near the surface, where partial volume is made of them, and
grow steadily away from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from MedVLSAM2Lib.training.phantom.grid import Bounds, Grid

Ras = tuple[float, float, float]
_EVERYWHERE = 1e6


class Shape(Protocol):
    """A solid in the patient."""

    @property
    def bounds(self) -> Bounds:
        """A box in RAS mm that holds the shape."""
        ...

    def distance(self, grid: Grid) -> np.ndarray:
        """The distance of each voxel of ``grid`` from the surface, float32 (K, J, I), in mm, negative inside."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned about its centre.

    Attributes:
        centre: RAS in mm.
        half_axes: half its extent along R, A and S before it is turned, in mm.
        turns: degrees about the R, the A and the S axis, in this order.
    """

    centre: Ras
    half_axes: Ras
    turns: Ras = (0.0, 0.0, 0.0)

    @property
    def bounds(self) -> Bounds:
        """A box in RAS mm that holds the ellipsoid."""
        reach = np.sqrt((_rotation(self.turns) ** 2) @ (np.array(self.half_axes) ** 2))
        return _box(np.array(self.centre) - reach, np.array(self.centre) + reach)

    def distance(self, grid: Grid) -> np.ndarray:
        """The distance to first order: (|q| - 1) |q| / |∇|, with q the position in half axes."""
        own = self._own_axes(grid)
        squared = sum((p / np.float32(h)) ** 2 for p, h in zip(own, self.half_axes, strict=True))
        slope = sum((p / np.float32(h * h)) ** 2 for p, h in zip(own, self.half_axes, strict=True))
        radius = np.sqrt(squared)
        return radius * (radius - 1) / np.sqrt(np.maximum(slope, np.float32(1e-8)))

    def _own_axes(self, grid: Grid) -> list[np.ndarray]:
        r, a, s = (
            axis - np.float32(c)
            for axis, c in zip((grid.right, grid.anterior, grid.superior), self.centre, strict=True)
        )
        if self.turns == (0.0, 0.0, 0.0):
            return [r, a, s]
        back = _rotation(self.turns).T.astype(np.float32)
        return [row[0] * r + row[1] * a + row[2] * s for row in back]


@dataclass(frozen=True)
class Capsule:
    """A rod with round ends, of another radius at either end: a piece of vessel, bowel or bone."""

    start: Ras
    end: Ras
    start_radius: float
    end_radius: float

    @property
    def bounds(self) -> Bounds:
        """A box in RAS mm that holds the capsule."""
        ends, radius = np.array([self.start, self.end]), max(self.start_radius, self.end_radius)
        return _box(ends.min(axis=0) - radius, ends.max(axis=0) + radius)

    def distance(self, grid: Grid) -> np.ndarray:
        """The distance from the axis less the radius there."""
        axis = np.subtract(self.end, self.start).astype(np.float32)
        r, a, s = grid.right - self.start[0], grid.anterior - self.start[1], grid.superior - self.start[2]
        length = max(float(axis @ axis), 1e-6)
        along = np.clip((r * axis[0] + a * axis[1] + s * axis[2]) / np.float32(length), 0, 1)
        off = (r - along * axis[0]) ** 2 + (a - along * axis[1]) ** 2 + (s - along * axis[2]) ** 2
        return np.sqrt(off) - (self.start_radius + along * np.float32(self.end_radius - self.start_radius))


@dataclass(frozen=True)
class Dome:
    """A column without a floor under the upper half of an ellipsoid: what lies below a diaphragm.

    Attributes:
        centre: of the ellipsoid, RAS in mm.
        half_axes: along R, A and S, in mm.
    """

    centre: Ras
    half_axes: Ras

    @property
    def bounds(self) -> Bounds:
        """A box in RAS mm that holds the dome."""
        (low_r, low_a, _), high = Ellipsoid(self.centre, self.half_axes).bounds
        return (low_r, low_a, -_EVERYWHERE), high

    def distance(self, grid: Grid) -> np.ndarray:
        """The ellipsoid's distance; below its centre, that of the section there."""
        raised = Grid(grid.right, grid.anterior, np.maximum(grid.superior, np.float32(self.centre[2])))
        return Ellipsoid(self.centre, self.half_axes).distance(raised)


@dataclass(frozen=True)
class Column:
    """A column along the body whose cross-section is a superellipse that changes with height.

    Attributes:
        heights: S in mm, rising; between them the section is interpolated.
        half_widths, half_depths: half the section's extent along R and along A at each height, in mm.
        centres: A of the section's centre at each height, in mm.
        roundness: the exponent; 2 is an ellipse, more is squarer.
    """

    heights: tuple[float, ...]
    half_widths: tuple[float, ...]
    half_depths: tuple[float, ...]
    centres: tuple[float, ...]
    roundness: float = 2.4

    @property
    def bounds(self) -> Bounds:
        """A box in RAS mm that holds the column."""
        width = max(self.half_widths)
        front = max(c + d for c, d in zip(self.centres, self.half_depths, strict=True))
        back = min(c - d for c, d in zip(self.centres, self.half_depths, strict=True))
        return ((-width, back, self.heights[0]), (width, front, self.heights[-1]))

    def section(self, height: float) -> tuple[float, float, float]:
        """Half width, half depth and centre (A) at ``height``, in mm."""
        width, depth, centre = (
            float(np.interp(height, self.heights, values))
            for values in (self.half_widths, self.half_depths, self.centres)
        )
        return width, depth, centre

    def grown(self, sides_mm: float, front_and_back_mm: float) -> Column:
        """The same column, thicker on either side and in front and behind (thinner where negative)."""
        return Column(
            self.heights,
            tuple(max(width + sides_mm, 1.0) for width in self.half_widths),
            tuple(max(depth + front_and_back_mm, 1.0) for depth in self.half_depths),
            self.centres,
            self.roundness,
        )

    def distance(self, grid: Grid) -> np.ndarray:
        """The distance in the axial plane, to first order near the surface."""
        heights = grid.superior.ravel()
        width, depth, centre = (
            np.interp(heights, self.heights, values).astype(np.float32)[:, None, None]
            for values in (self.half_widths, self.half_depths, self.centres)
        )
        power = np.float32(self.roundness)
        sum_of_powers = np.abs(grid.right / width) ** power + np.abs((grid.anterior - centre) / depth) ** power
        ends = np.maximum(self.heights[0] - heights, heights - self.heights[-1])[:, None, None]
        sides = (sum_of_powers - 1) * (np.minimum(width, depth) / power)
        return np.maximum(sides, ends.astype(np.float32))


@dataclass(frozen=True)
class InFrontOf:
    """Everything anterior to a level: where gas gathers in a patient who lies on the back."""

    level: float

    @property
    def bounds(self) -> Bounds:
        """All there is in front of the level."""
        return ((-_EVERYWHERE, self.level, -_EVERYWHERE), (_EVERYWHERE,) * 3)

    def distance(self, grid: Grid) -> np.ndarray:
        """How far behind the level each voxel lies."""
        return self.level - grid.anterior


@dataclass(frozen=True)
class Behind:
    """Everything posterior to a level that leans: where fluid gathers in a patient who lies on the back.

    ``level`` is its A at ``height``; it falls ``fall`` mm per mm going up.
    """

    level: float
    height: float = 0.0
    fall: float = 0.0

    @property
    def bounds(self) -> Bounds:
        """Everywhere: the level leans."""
        return ((-_EVERYWHERE,) * 3, (_EVERYWHERE,) * 3)

    def distance(self, grid: Grid) -> np.ndarray:
        """How far in front of the level each voxel lies."""
        return grid.anterior - (self.level - np.float32(self.fall) * (grid.superior - self.height))


@dataclass(frozen=True)
class Common:
    """What two shapes share."""

    first: Shape
    second: Shape

    @property
    def bounds(self) -> Bounds:
        """The box that both boxes share."""
        (low, high), (other_low, other_high) = self.first.bounds, self.second.bounds
        return _box(np.maximum(low, other_low), np.minimum(high, other_high))

    def distance(self, grid: Grid) -> np.ndarray:
        """The larger of both distances."""
        return np.maximum(self.first.distance(grid), self.second.distance(grid))


@dataclass(frozen=True)
class Without:
    """What of the first shape lies outside the second."""

    first: Shape
    second: Shape

    @property
    def bounds(self) -> Bounds:
        """The first shape's box."""
        return self.first.bounds

    def distance(self, grid: Grid) -> np.ndarray:
        """The larger of the first's distance and the second's turned inside out."""
        return np.maximum(self.first.distance(grid), -self.second.distance(grid))


@dataclass(frozen=True)
class Joined:
    """Several shapes that flow into one another within ``softness`` mm."""

    parts: tuple[Shape, ...]
    softness: float = 8.0

    @property
    def bounds(self) -> Bounds:
        """The box that holds all parts and what swells between them."""
        low = np.min([part.bounds[0] for part in self.parts], axis=0)
        high = np.max([part.bounds[1] for part in self.parts], axis=0)
        return _box(low - self.softness / 4, high + self.softness / 4)

    def distance(self, grid: Grid) -> np.ndarray:
        """The polynomial smooth minimum of the parts' distances."""
        joined = self.parts[0].distance(grid)
        for part in self.parts[1:]:
            other = part.distance(grid)
            overlap = np.maximum(self.softness - np.abs(joined - other), 0) / np.float32(self.softness)
            joined = np.minimum(joined, other) - overlap**2 * np.float32(self.softness / 4)
        return joined


@dataclass(frozen=True)
class Offset:
    """A shape made thicker by ``by`` mm on every side, or thinner where negative."""

    shape: Shape
    by: float

    @property
    def bounds(self) -> Bounds:
        """The shape's box, moved out by as much."""
        low, high = self.shape.bounds
        return _box(np.array(low) - self.by, np.array(high) + self.by)

    def distance(self, grid: Grid) -> np.ndarray:
        """The shape's distance, less by as much."""
        return self.shape.distance(grid) - np.float32(self.by)


@dataclass(frozen=True)
class Uneven:
    """A shape with bumps and hollows.

    Attributes:
        shape: the even shape.
        depth: how far the surface moves at most, in mm.
        length: from bump to bump along each axis, in mm.
        phases: where the bumps lie: one angle in radians for each axis.
    """

    shape: Shape
    depth: float
    length: float
    phases: Ras

    @property
    def bounds(self) -> Bounds:
        """The shape's box and what the bumps add."""
        return Offset(self.shape, self.depth).bounds

    def distance(self, grid: Grid) -> np.ndarray:
        """The shape's distance, moved by a product of three sines."""
        turn = np.float32(2 * np.pi / self.length)
        r, a, s = (
            np.sin(axis * turn + np.float32(phase))
            for axis, phase in zip((grid.right, grid.anterior, grid.superior), self.phases, strict=True)
        )
        return self.shape.distance(grid) + np.float32(self.depth) * (r * a * s)


def _rotation(turns: Ras) -> np.ndarray:
    """Own axes → R, A, S (3×3)."""
    about_r, about_a, about_s = np.deg2rad(turns)
    cos, sin = np.cos, np.sin
    r = np.array([[1, 0, 0], [0, cos(about_r), -sin(about_r)], [0, sin(about_r), cos(about_r)]])
    a = np.array([[cos(about_a), 0, sin(about_a)], [0, 1, 0], [-sin(about_a), 0, cos(about_a)]])
    s = np.array([[cos(about_s), -sin(about_s), 0], [sin(about_s), cos(about_s), 0], [0, 0, 1]])
    return s @ a @ r


def _box(low: np.ndarray, high: np.ndarray) -> Bounds:
    r, a, s = (float(value) for value in low)
    other_r, other_a, other_s = (float(value) for value in high)
    return (r, a, s), (other_r, other_a, other_s)
