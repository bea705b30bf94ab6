"""The organs below the diaphragm, and their vessels."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.spine import Spine
from MedVLSAM2Lib.training.phantom.anatomy.torso import Torso
from MedVLSAM2Lib.training.phantom.anatomy.tubes import Tree, moved, ras, smooth_line, tube
from MedVLSAM2Lib.training.phantom.shapes import Common, Ellipsoid, InFrontOf, Joined, Offset, Ras, Shape
from MedVLSAM2Lib.training.phantom.structures import (
    ARTERIAL_BLOOD,
    BILE,
    BOWEL_CONTENT,
    BOWEL_WALL,
    GAS,
    LIVER,
    PANCREAS,
    PORTAL_BLOOD,
    RENAL_CORTEX,
    RENAL_MEDULLA,
    SPLEEN,
    STOOL,
    URINE,
    VENOUS_BLOOD,
    VISCERAL_FAT,
    WATER,
    Structure,
)

_DIAPHRAGM_MM = 5.0
_BOWEL_LOOPS = 34
_SHRUNKEN = 0.78


def abdomen(torso: Torso, spine: Spine, chance: Chance, shrunken: str | None = None) -> dict[str, list[Structure]]:
    """Every organ between diaphragm and pelvic floor by its name, those in front last; a ``shrunken`` kidney is small."""
    return {
        "small bowel": _small_bowel(chance),
        "colon": _colon(chance),
        "right kidney": kidney("right", chance, _SHRUNKEN if shrunken == "right kidney" else 1.0),
        "left kidney": kidney("left", chance, _SHRUNKEN if shrunken == "left kidney" else 1.0),
        "pancreas": _pancreas(chance),
        "large vessels": _large_vessels(spine),
        "spleen": _spleen(torso, chance),
        "stomach": _stomach(torso, chance),
        **_liver(torso, chance),
        "pelvic organs": _pelvic_organs(chance),
    }


def _under_diaphragm(organ: Shape, torso: Torso) -> Shape:
    return torso.in_cavity(Common(organ, Offset(torso.below_diaphragm, -_DIAPHRAGM_MM)), gap_mm=4.0)


def _liver(torso: Torso, chance: Chance) -> dict[str, list[Structure]]:
    lobes = Joined(
        (
            chance.ellipsoid((74.0, -2.0, -78.0), (72.0, 82.0, 78.0), (0.0, 8.0, 0.0)),
            chance.ellipsoid((6.0, 40.0, -50.0), (66.0, 34.0, 36.0), (0.0, -14.0, -6.0)),
        ),
        softness=22.0,
    )
    liver = _under_diaphragm(chance.uneven(lobes, 2.5, 62.0), torso)
    gallbladder = chance.ellipsoid((50.0, 44.0, -116.0), (13.0, 14.0, 26.0), (24.0, 0.0, 0.0))
    return {
        "liver": [Structure(liver, LIVER, "liver"), *_liver_vessels(chance)],
        "gallbladder": [
            Structure(Offset(gallbladder, 1.8), BOWEL_WALL, "gallbladder"),
            Structure(gallbladder, BILE, "gallbladder"),
        ],
    }


def _liver_vessels(chance: Chance) -> list[Structure]:
    middle, inner = np.array((70.0, -2.0, -72.0)), np.array((56.0, 62.0, 56.0))

    def inside(position: np.ndarray) -> bool:
        return bool((((position - middle) / inner) ** 2).sum() < 1)

    confluence: Ras = (22.0, -18.0, -16.0)
    veins: list[Structure] = []
    for direction in ((1.0, -0.1, -0.5), (0.8, 0.8, -0.7), (0.9, -0.6, -0.6)):
        start = moved(confluence, ras(14 * np.array(direction)))
        veins += tube([confluence, start], 5.0, VENOUS_BLOOD)
        veins += [
            Structure(b, VENOUS_BLOOD) for b in Tree(4.6, 1.4, spread=26).grown(start, direction, inside, chance.rng)
        ]
    hilum: Ras = (36.0, 10.0, -82.0)
    veins += tube(smooth_line([(8.0, 0.0, -118.0), (20.0, 6.0, -98.0), hilum]), 6.5, PORTAL_BLOOD, "portal vein")
    for direction in ((1.0, -0.3, 0.2), (0.8, 0.5, -0.4), (0.7, -0.5, -0.6)):
        veins += [Structure(b, PORTAL_BLOOD) for b in Tree(4.8, 1.4).grown(hilum, direction, inside, chance.rng)]
    return veins


def _spleen(torso: Torso, chance: Chance) -> list[Structure]:
    bulk = chance.ellipsoid((-101.0, -40.0, -58.0), (25.0, 46.0, 52.0), (14.0, 0.0, 22.0))
    return [Structure(_under_diaphragm(chance.uneven(bulk, 2.0, 48.0), torso), SPLEEN, "spleen")]


def kidney(side: str, chance: Chance, size: float = 1.0) -> list[Structure]:
    """Cortex, medulla, the sinus' fat and the pelvis of one kidney."""
    sign, centre = (1, KIDNEY_CENTRES["right"]) if side == "right" else (-1, KIDNEY_CENTRES["left"])
    turns: Ras = (8.0, sign * -12.0, sign * 28.0)
    bean = chance.ellipsoid(centre, (size * 28.0, size * 23.0, size * 54.0), turns, spread_mm=2.0)
    medial = moved(bean.centre, (-sign * size * 22.0, 9.0, 0.0))
    name = f"{side} kidney"
    pyramids = chance.uneven(Offset(bean, -8.5), 3.5, 22.0)
    sinus = Joined(
        (Ellipsoid(medial, (15.0, 9.0, 23.0)), Ellipsoid(moved(medial, (sign * 9, -4, 0)), (9.0, 7.0, 28.0)))
    )
    pelvis = Ellipsoid(moved(medial, (sign * 2, -1, -3)), (9.0, 4.5, 9.0))
    ureter = smooth_line(
        [
            pelvis.centre,
            (sign * 34.0, -38.0, centre[2] - 60),
            (sign * 36.0, -32.0, -240.0),
            (sign * 24.0, -18.0, -306.0),
        ]
    )
    return [
        Structure(bean, RENAL_CORTEX, name),
        Structure(pyramids, RENAL_MEDULLA, name),
        Structure(sinus, VISCERAL_FAT, "visceral fat"),
        Structure(pelvis, URINE, f"{side} renal pelvis"),
        *tube(ureter, 2.4, URINE),
    ]


KIDNEY_CENTRES: dict[str, Ras] = {"right": (62.0, -46.0, -138.0), "left": (-62.0, -46.0, -122.0)}


def _stomach(torso: Torso, chance: Chance) -> list[Structure]:
    bag = Joined(
        (
            chance.ellipsoid((-52.0, 2.0, -46.0), (36.0, 42.0, 34.0)),
            chance.ellipsoid((-50.0, 26.0, -78.0), (28.0, 30.0, 36.0), (-20.0, 10.0, 0.0)),
            chance.ellipsoid((-24.0, 44.0, -112.0), (34.0, 20.0, 20.0), (0.0, 20.0, 0.0)),
            chance.ellipsoid((14.0, 40.0, -120.0), (22.0, 16.0, 16.0)),
        ),
        softness=18.0,
    )
    folded = _under_diaphragm(bag, torso)
    lumen = chance.uneven(Offset(folded, -4.0), 1.6, 18.0)
    gas = Common(lumen, InFrontOf(float(chance.rng.uniform(20, 32))))
    return [
        Structure(folded, BOWEL_WALL, "stomach"),
        Structure(lumen, BOWEL_CONTENT, "stomach"),
        Structure(gas, GAS, "stomach"),
    ]


def _pancreas(chance: Chance) -> list[Structure]:
    line = [
        chance.near(p, 2.0) for p in ((26, 8, -138), (16, 12, -118), (-8, 18, -106), (-42, -4, -98), (-76, -28, -86))
    ]
    splenic_vein = [(12.0, 2.0, -114.0), (-10.0, 4.0, -104.0), (-44.0, -16.0, -96.0), (-80.0, -36.0, -76.0)]
    gland = tube(smooth_line(line, 6.0), 9.5, PANCREAS, "pancreas")
    lobules = [
        Structure(Ellipsoid(chance.near(part.shape.start, 7.0), (6.0, 6.0, 6.0)), PANCREAS, "pancreas")
        for part in gland
        if hasattr(part.shape, "start")
    ]
    return gland + lobules + tube(smooth_line(splenic_vein), 4.2, PORTAL_BLOOD, "portal vein")


def _large_vessels(spine: Spine) -> list[Structure]:
    def along(right: float, before: float, heights: tuple[int, ...]) -> list[Ras]:
        return [(right, spine.front(s)[1] + before, float(s)) for s in heights]

    aorta = [
        (-22.0, spine.front(0)[1] + 24.0, 0.0),
        *along(-12.0, 29.0, (-50, -110, -150)),
        (-2.0, spine.front(-186)[1] + 28.0, -186.0),
    ]
    cava = [
        *along(8.0, 28.0, (-196,)),
        *along(20.0, 27.0, (-150, -100)),
        (23.0, -24.0, -50.0),
        (24.0, -10.0, 0.0),
        (24.0, 12.0, 26.0),
    ]
    vessels = tube(smooth_line(cava), 10.5, VENOUS_BLOOD, "inferior vena cava")
    for side in (1, -1):
        for start, behind, tissue, radius in ((cava[0], 6.0, VENOUS_BLOOD, 7.0), (aorta[-1], 0.0, ARTERIAL_BLOOD, 5.5)):
            line = [
                start,
                (side * 34.0, -22.0 - behind, -240.0),
                (side * 56.0, -2.0 - behind, -292.0),
                (side * 66.0, 42.0, -345.0),
            ]
            vessels += tube(smooth_line(line), radius, tissue, "iliac vessels")
        renal = [
            (side * 4.0, -14.0, -116.0),
            (side * 26.0, -26.0, -122.0),
            (side * 44.0, -38.0, KIDNEY_CENTRES["right" if side > 0 else "left"][2]),
        ]
        vessels += tube(smooth_line(renal), 4.2, VENOUS_BLOOD)
    mesenteric = [(-6.0, -2.0, -96.0), (-4.0, 12.0, -120.0), (0.0, 14.0, -160.0), (14.0, 20.0, -210.0)]
    return [
        *vessels,
        *tube(smooth_line(mesenteric), [3.8] * len(smooth_line(mesenteric)), ARTERIAL_BLOOD),
        *tube(smooth_line(aorta), 10.0, ARTERIAL_BLOOD, "aorta"),
    ]


def _colon(chance: Chance) -> list[Structure]:
    course: list[Ras] = [
        (96, 2, -262), (104, -4, -222), (106, -8, -176), (94, 22, -150), (60, 58, -152), (20, 64, -166), (-24, 64, -160),
        (-64, 56, -140), (-98, 14, -116), (-108, -16, -138), (-108, -18, -190), (-98, -6, -240), (-62, 4, -272),
        (-26, -8, -262), (0, -40, -288), (0, -56, -336),
    ]  # fmt: skip
    line = smooth_line([chance.near(point, 3.0) for point in course], 11.0)
    radii = [
        float(17 + 3.5 * np.cos(2.1 * n)) if n < 0.55 * len(line) else float(13 + 2 * np.cos(2.3 * n))
        for n in range(len(line))
    ]
    colon = tube(line, radii, BOWEL_WALL, "colon") + tube(line, [r - 2.4 for r in radii], STOOL, "colon")
    for centre, radius in list(zip(line, radii, strict=True))[8:-6]:
        if chance.rng.random() < 0.6:
            gas = Common(
                Ellipsoid(centre, (radius - 2.6,) * 3), InFrontOf(centre[1] + float(chance.rng.uniform(-4, 4)))
            )
            colon.append(Structure(gas, GAS, "colon"))
    return colon


def _small_bowel(chance: Chance) -> list[Structure]:
    loops: list[Structure] = []
    for _ in range(_BOWEL_LOOPS):
        line = smooth_line(_loop(chance.rng), 8.0)
        radius = chance.sized(11.0, 0.2)
        loops += tube(line, radius, BOWEL_WALL, "small bowel") + tube(line, radius - 2.6, BOWEL_CONTENT, "small bowel")
    return loops


def _loop(rng: np.random.Generator) -> list[Ras]:
    """A few winding steps among the other loops."""
    low, high = np.array((-86.0, -6.0, -284.0)), np.array((86.0, 66.0, -172.0))
    position, heading = rng.uniform(low, high), rng.standard_normal(3)
    points = [ras(position)]
    for _ in range(7):
        heading = heading / np.linalg.norm(heading) + 0.45 * rng.standard_normal(3)
        position = position + 15.0 * heading / np.linalg.norm(heading)
        heading[(position < low) | (position > high)] *= -1
        position = np.clip(position, low, high)
        points.append(ras(position))
    return points


def _pelvic_organs(chance: Chance) -> list[Structure]:
    bladder = chance.ellipsoid((0.0, 22.0, -314.0), (44.0, 33.0, 32.0), (-12.0, 0.0, 0.0))
    return [
        Structure(Ellipsoid((0.0, 6.0, -352.0), (24.0, 18.0, 18.0)), BOWEL_WALL, "prostate"),
        Structure(Offset(bladder, 3.0), BOWEL_WALL, "urinary bladder"),
        Structure(bladder, WATER, "urinary bladder"),
    ]
