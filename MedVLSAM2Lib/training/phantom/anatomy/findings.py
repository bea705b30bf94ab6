"""What is wrong with the person: a few findings of known size and place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.abdomen import KIDNEY_CENTRES
from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.tubes import moved
from MedVLSAM2Lib.training.phantom.grid import Grid
from MedVLSAM2Lib.training.phantom.shapes import Behind, Common, Ellipsoid, Ras, Shape, Without
from MedVLSAM2Lib.training.phantom.structures import Finding, Structure, Tissue

EFFUSION = Tissue(9, 3)
_STEP_MM = 2.0


def findings(
    lungs: Mapping[str, Shape], diaphragm: Shape, chance: Chance
) -> tuple[list[Structure], tuple[Finding, ...]]:
    """The structures to paint last, and what a report should say of each."""
    right_kidney, left_kidney = KIDNEY_CENTRES["right"], KIDNEY_CENTRES["left"]
    rounds = [
        _round("lung nodule", "lung nodule", "left lung", (-92.0, -30.0, 112.0), 6.5, Tissue(35, 8), chance),
        _round("liver cyst", "liver cyst", "liver", (92.0, 26.0, -78.0), 13.0, Tissue(6, 2), chance),
        _round("liver metastasis", "liver mass", "liver", (84.0, -38.0, -58.0), 11.0, Tissue(68, 9), chance),
        _round(
            "renal cyst",
            "renal cyst",
            "left kidney",
            moved(left_kidney, (-27.0, -2.0, 22.0)),
            15.0,
            Tissue(8, 2),
            chance,
        ),
        _round(
            "renal stone",
            "kidney stone",
            "right kidney",
            moved(right_kidney, (-8.0, 2.0, -16.0)),
            3.2,
            Tissue(950, 30),
            chance,
        ),
    ]
    fluid, effusion = _effusion(lungs["right"], diaphragm)
    return [fluid, *(structure for structure, _ in rounds)], (effusion, *(finding for _, finding in rounds))


def _round(
    name: str, kind: str, organ: str, centre: Ras, radius: float, tissue: Tissue, chance: Chance
) -> tuple[Structure, Finding]:
    half = chance.sized(radius, 0.2)
    ball = Ellipsoid(chance.near(centre, min(0.25 * radius, 3.0)), (half, chance.sized(half), chance.sized(half)))
    r, a, s = (2 * axis for axis in ball.half_axes)
    return Structure(ball, tissue, name), Finding(name, kind, organ, ball.centre, (r, a, s), tissue.hu)


def _effusion(lung: Shape, diaphragm: Shape) -> tuple[Structure, Finding]:
    """A little fluid behind the right lung; its level rises towards the base."""
    fluid = Without(Common(lung, Behind(level=-60.0, height=0.0, fall=0.14)), diaphragm)
    centre, size = extent(fluid)
    name = "pleural effusion"
    return Structure(fluid, EFFUSION, name), Finding(name, name, "right lung", centre, size, EFFUSION.hu)


def extent(shape: Shape) -> tuple[Ras, Ras]:
    """The middle and the size of the box a shape fills, RAS in mm, to within a step."""
    grid = Grid.of_bounds(shape.bounds, _STEP_MM)
    filled = np.argwhere(shape.distance(grid) < 0)
    ends = [
        (float(axis.ravel()[column.min()]), float(axis.ravel()[column.max()]))
        for axis, column in zip((grid.right, grid.anterior, grid.superior), filled.T[::-1], strict=True)
    ]
    r, a, s = ((first + last) / 2 for first, last in ends)
    size_r, size_a, size_s = (abs(last - first) for first, last in ends)
    return (r, a, s), (size_r, size_a, size_s)
