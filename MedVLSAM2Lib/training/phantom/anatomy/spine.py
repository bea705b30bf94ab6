"""The vertebrae, and the curve they follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.phantom.shapes import Capsule, Column, Common, Ellipsoid, Offset, Ras, Shape
from MedVLSAM2Lib.training.phantom.structures import CORTICAL_BONE, DISC, SPINAL_CANAL, SPONGY_BONE, Structure

_CURVE_HEIGHTS = (-420.0, -330.0, -285.0, -245.0, -215.0, -150.0, -80.0, 0.0, 90.0, 200.0, 260.0, 300.0)
_CURVE_DEPTHS = (-88.0, -86.0, -74.0, -54.0, -37.0, -24.0, -33.0, -48.0, -57.0, -47.0, -33.0, -26.0)
_DISC_MM = 6.0
_CANAL_RADIUS_MM = 8.0

VERTEBRAE: dict[str, float] = {
    "L5": -215.0, "L4": -179.0, "L3": -144.0, "L2": -110.0, "L1": -77.0,
    "T12": -46.0, "T11": -18.0, "T10": 8.0, "T9": 33.0, "T8": 57.0, "T7": 80.0, "T6": 103.0,
    "T5": 125.0, "T4": 147.0, "T3": 168.0, "T2": 189.0, "T1": 209.0, "C7": 228.0, "C6": 245.0,
}  # fmt: skip
"""S of the middle of each vertebra's body, in mm, from below."""


@dataclass(frozen=True)
class Spine:
    """The spine from C6 to the sacrum."""

    def front(self, height: float) -> Ras:
        """The middle of the vertebral bodies at S ``height``, in RAS mm."""
        return 0.0, float(np.interp(height, _CURVE_HEIGHTS, _CURVE_DEPTHS)), float(height)

    def structures(self) -> list[Structure]:
        """Sacrum, discs, vertebrae and the spinal canal."""
        parts = self._sacrum()
        for height in np.arange(-228.0, 250.0, 6.0):
            parts.append(Structure(self._body(float(height), 4.0, -3.0), DISC, "intervertebral discs"))
        for level, height in VERTEBRAE.items():
            thickness = self._room(level) - _DISC_MM
            parts += self._arch(height, thickness)
            parts.append(Structure(self._body(height, thickness, 0.0), CORTICAL_BONE, f"vertebra {level}"))
            parts.append(Structure(self._body(height, thickness - 3.0, -1.8), SPONGY_BONE))
        return parts + self._canal()

    def _room(self, level: str) -> float:
        heights = list(VERTEBRAE.values())
        here = heights.index(VERTEBRAE[level])
        return heights[here + 1] - heights[here] if here + 1 < len(heights) else heights[here] - heights[here - 1]

    def _half_axes(self, height: float) -> tuple[float, float]:
        return float(np.interp(height, (-215, 210), (25.0, 14.0))), float(np.interp(height, (-215, 210), (18.0, 10.0)))

    def _body(self, height: float, thickness: float, wider: float) -> Shape:
        width, depth = self._half_axes(height)
        centre = self.front(height)
        return Column(
            (height - thickness / 2, height, height + thickness / 2),
            (width + wider, width + wider - 1.5, width + wider),
            (depth + wider, depth + wider - 1.5, depth + wider),
            (centre[1],) * 3,
            roundness=2.2,
        )

    def _arch(self, height: float, thickness: float) -> list[Structure]:
        width, depth = self._half_axes(height)
        middle = self.front(height)[1]
        behind = middle - depth - 2 * _CANAL_RADIUS_MM - 3.0
        top, low = height + thickness * 0.2, height - thickness * 0.35
        rods = [Capsule((0.0, behind, height), (0.0, behind - 24.0, low), 4.5, 5.0)]
        for side in (1, -1):
            joint = (side * (width * 0.7 + 2), middle - depth - 8.0, top)
            rods += [
                Capsule((side * width * 0.65, middle - depth + 3.0, top), joint, 5.0, 5.0),
                Capsule(joint, (0.0, behind, height), 4.5, 4.0),
                Capsule(joint, (side * (width + 20), middle - depth - 14.0, top), 4.5, 3.5),
                Capsule((joint[0], joint[1] - 4.0, top + 8.0), (joint[0], joint[1] - 4.0, low - 4.0), 5.5, 5.5),
            ]
        return [Structure(rod, CORTICAL_BONE, "vertebral arches") for rod in rods] + [
            Structure(Offset(rod, -1.8), SPONGY_BONE) for rod in rods
        ]

    def _canal(self) -> list[Structure]:
        canal = []
        for height in range(-290, 260, 10):
            start, end = self._canal_centre(float(height)), self._canal_centre(float(height + 10))
            piece = Capsule(start, end, _CANAL_RADIUS_MM, _CANAL_RADIUS_MM)
            canal.append(Structure(piece, SPINAL_CANAL, "spinal canal"))
        return canal

    def _canal_centre(self, height: float) -> Ras:
        depth = self._half_axes(max(height, -215.0))[1]
        return 0.0, self.front(height)[1] - depth - _CANAL_RADIUS_MM - 1.0, height

    def _sacrum(self) -> list[Structure]:
        wings = Ellipsoid(self.front(-262.0), (56.0, 20.0, 42.0), (-30.0, 0.0, 0.0))
        tail = Ellipsoid(self.front(-305.0), (28.0, 11.0, 46.0), (-12.0, 0.0, 0.0))
        below = Column((-380.0, -233.0), (200.0, 200.0), (200.0, 200.0), (0.0, 0.0))
        return [
            Structure(shape, tissue, "sacrum")
            for thinner, tissue in ((0.0, CORTICAL_BONE), (-2.2, SPONGY_BONE))
            for shape in (Offset(Common(part, below), thinner) for part in (wings, tail))
        ]
