"""Lungs, airways, heart and the great vessels."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.spine import Spine
from MedVLSAM2Lib.training.phantom.anatomy.torso import Torso
from MedVLSAM2Lib.training.phantom.anatomy.tubes import Inside, Tree, moved, smooth_line, tube
from MedVLSAM2Lib.training.phantom.shapes import Column, Ellipsoid, Joined, Ras, Shape
from MedVLSAM2Lib.training.phantom.structures import (
    AIRWAY_WALL,
    ARTERIAL_BLOOD,
    BLOOD,
    FAT,
    GAS,
    LUNG,
    MUSCLE,
    MYOCARDIUM,
    VENOUS_BLOOD,
    Structure,
)

LUNG_CENTRES: dict[str, Ras] = {"right": (82.0, -6.0, 74.0), "left": (-84.0, -8.0, 74.0)}
_LUNG_HALF_AXES = (70.0, 96.0, 146.0)
_HILA: dict[str, Ras] = {"right": (34.0, -14.0, 84.0), "left": (-36.0, -18.0, 88.0)}


def lungs(torso: Torso, chance: Chance) -> tuple[list[Structure], dict[str, Shape]]:
    """Both lungs with their vessels and bronchi, and the shape of each."""
    structures: list[Structure] = []
    shapes = {side: _lung(side, torso, chance) for side in LUNG_CENTRES}
    for side, shape in shapes.items():
        name = f"{side} lung"
        structures.append(Structure(shape, LUNG, name))
        structures += [Structure(branch, BLOOD, name) for branch in _vessels(side, torso, chance)]
        structures += _bronchi(side, torso, chance)
    return structures, shapes


def _lung(side: str, torso: Torso, chance: Chance) -> Shape:
    # Chest wall and diaphragm cut it to shape; the medial face is flat.
    sign = 1 if side == "right" else -1
    body = chance.ellipsoid(LUNG_CENTRES[side], _LUNG_HALF_AXES, (0.0, -4.0 * sign, 0.0), spread_mm=2.0)
    return torso.in_cavity(body)


def _in_lung(side: str, torso: Torso) -> Inside:
    centre, half_axes = np.array(LUNG_CENTRES[side]), np.array(_LUNG_HALF_AXES) - 6.0
    dome = torso.right_dome if side == "right" else torso.left_dome

    def inside(position: np.ndarray) -> bool:
        width, depth, middle = torso.cavity.section(float(position[2]))
        wall = (position[0] / (width - 5)) ** 2 + ((position[1] - middle) / (depth - 5)) ** 2
        raised = np.array([*position[:2], max(position[2], dome.centre[2])])
        above = (((raised - dome.centre) / (np.array(dome.half_axes) + 4.0)) ** 2).sum()
        return bool((((position - centre) / half_axes) ** 2).sum() < 1 and wall < 1 and above > 1)

    return inside


def _vessels(side: str, torso: Torso, chance: Chance) -> list[Shape]:
    sign, hilum = (1, _HILA["right"]) if side == "right" else (-1, _HILA["left"])
    branches: list[Shape] = []
    for r, a, s in (
        (0.6, 0.3, 0.9), (0.7, -0.6, 0.6), (1.0, 0.2, 0.1), (0.6, 0.8, 0.1), (0.7, 0.6, -0.7), (0.8, -0.3, -0.6),
        (0.4, -0.7, -0.8), (0.6, -0.9, 0.0), (0.4, 0.9, 0.6), (0.3, 0.0, 1.0),
    ):  # fmt: skip
        tree = Tree(chance.sized(4.6, 0.15), thinnest=0.85)
        root = chance.near(hilum, 7.0)
        branches += tree.grown(root, (sign * r, a, s), _in_lung(side, torso), chance.rng)
    return branches


def _bronchi(side: str, torso: Torso, chance: Chance) -> list[Structure]:
    sign, hilum = (1, _HILA["right"]) if side == "right" else (-1, _HILA["left"])
    structures: list[Structure] = []
    for r, a, s in ((0.7, -0.2, 0.8), (0.8, 0.6, -0.1), (0.7, -0.4, -0.7)):
        tree = Tree(4.2, thinnest=2.2, length=6.0)
        for branch in tree.grown(hilum, (sign * r, a, s), _in_lung(side, torso), chance.rng):
            line = (branch.start, branch.end)
            structures += tube(line, (branch.start_radius, branch.end_radius), AIRWAY_WALL, "airways")
            structures += tube(line, (branch.start_radius - 1.2, branch.end_radius - 1.0), GAS, "airways")
    return structures


def mediastinum(torso: Torso, spine: Spine, chance: Chance) -> list[Structure]:
    """What lies between the lungs: fat, oesophagus, airways, heart and great vessels."""
    middle = Column(
        (-12.0, 20.0, 110.0, 190.0, 232.0),
        (30.0, 26.0, 25.0, 27.0, 24.0),
        (70.0, 72.0, 66.0, 46.0, 22.0),
        (0.0, 0.0, -6.0, -10.0, -14.0),
    )
    oesophagus = smooth_line(
        [(-4.0, spine.front(s)[1] + 19.0, float(s)) for s in (228, 180, 120, 60, 10)] + [(-20.0, -22.0, -24.0)]
    )
    return [
        Structure(torso.in_cavity(middle), FAT, "mediastinal fat"),
        *tube(oesophagus, 7.0, MUSCLE, "oesophagus"),
        *heart(chance),
        *_great_vessels(spine),
        *_trachea(),
    ]


def _trachea() -> list[Structure]:
    carina = (0.0, -16.0, 116.0)
    lines = [
        ([(0.0, -2.0, 250.0), (0.0, -12.0, 180.0), carina], 9.2),
        ([carina, (18.0, -16.0, 98.0), _HILA["right"]], 6.6),
        ([carina, (-20.0, -18.0, 101.0), _HILA["left"]], 6.2),
    ]
    walls = [part for line, radius in lines for part in tube(smooth_line(line), radius, AIRWAY_WALL, "airways")]
    return walls + [part for line, radius in lines for part in tube(smooth_line(line), radius - 1.5, GAS, "airways")]


def heart(chance: Chance) -> list[Structure]:
    """The heart muscle and the blood in its four chambers, in its fat."""
    at = chance.near((-20.0, 22.0, 34.0), 3.0)

    def placed(offset: Ras, half_axes: Ras, turns: Ras = (0.0, 0.0, 0.0)) -> Ellipsoid:
        return Ellipsoid(moved(at, offset), half_axes, turns)

    tilt = (24.0, 32.0, 28.0)
    muscle = Joined(
        (
            placed((-12.0, 2.0, -6.0), (40.0, 34.0, 40.0), tilt),
            placed((28.0, -2.0, 2.0), (28.0, 28.0, 34.0)),
            placed((8.0, -24.0, 16.0), (36.0, 20.0, 22.0)),
        ),
        softness=16.0,
    )
    chambers = (
        placed((-24.0, -4.0, -8.0), (19.0, 18.0, 30.0), (28.0, 38.0, 20.0)),
        placed((2.0, 22.0, -12.0), (31.0, 11.0, 24.0), (12.0, 20.0, 18.0)),
        placed((38.0, -2.0, 2.0), (15.0, 20.0, 27.0)),
        placed((8.0, -26.0, 17.0), (30.0, 15.0, 17.0)),
    )
    fat = placed((-2.0, 2.0, -2.0), (60.0, 47.0, 52.0), tilt)
    return [
        Structure(fat, FAT, "mediastinal fat"),
        Structure(chance.uneven(muscle, 1.5, 40.0), MYOCARDIUM, "heart"),
        *(Structure(chamber, BLOOD) for chamber in chambers),
    ]


def _great_vessels(spine: Spine) -> list[Structure]:
    arch = [(-2.0, 16.0, 66.0), (12.0, 28.0, 100.0), (10.0, 18.0, 132.0), (-4.0, 0.0, 150.0), (-20.0, -24.0, 146.0)]
    descending = [(-22.0, spine.front(s)[1] + 24.0, float(s)) for s in (120, 80, 40, 0)]
    trunk = [(-24.0, 44.0, 64.0), (-22.0, 34.0, 88.0), (-16.0, 16.0, 104.0)]
    return [
        *tube(
            smooth_line([(-16.0, 16.0, 104.0), (12.0, -2.0, 98.0), (40.0, -6.0, 92.0)]), 10.5, BLOOD, "pulmonary artery"
        ),
        *tube(
            smooth_line([(-16.0, 16.0, 104.0), (-34.0, -4.0, 104.0), (-48.0, -18.0, 98.0)]),
            10.5,
            BLOOD,
            "pulmonary artery",
        ),
        *tube(smooth_line(trunk), 13.0, BLOOD, "pulmonary artery"),
        *tube(
            smooth_line([(26.0, 14.0, 50.0), (27.0, 10.0, 110.0), (26.0, 8.0, 158.0)]),
            9.5,
            VENOUS_BLOOD,
            "superior vena cava",
        ),
        *tube(smooth_line([(26.0, 8.0, 158.0), (-8.0, 24.0, 172.0), (-40.0, 22.0, 196.0)]), 6.5, VENOUS_BLOOD),
        *tube(smooth_line([(8.0, 12.0, 142.0), (16.0, 4.0, 180.0), (34.0, 8.0, 214.0)]), 5.5, ARTERIAL_BLOOD),
        *tube(smooth_line([(-14.0, -8.0, 148.0), (-18.0, -8.0, 185.0), (-32.0, 4.0, 214.0)]), 5.0, ARTERIAL_BLOOD),
        *tube(smooth_line(arch + descending), 13.0, ARTERIAL_BLOOD, "aorta"),
    ]
