"""Head and neck: skull, brain and ventricles, face, glands, airways, cervical spine.

S = 0 is the level of the ear canals; the top of the head lies about 130 mm above it, the volume ends in the lower neck.
"""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.tubes import smooth_line, tube
from MedVLSAM2Lib.training.phantom.shapes import Capsule, Column, Common, Ellipsoid, Joined, Offset, Ras, Shape, Without
from MedVLSAM2Lib.training.phantom.structures import (
    AIR,
    ARTERIAL_BLOOD,
    BRAIN,
    CARTILAGE,
    CEREBROSPINAL_FLUID,
    CORTICAL_BONE,
    DISC,
    ENAMEL,
    FAT,
    GAS,
    GLAND,
    LENS,
    MUSCLE,
    SKIN,
    SPINAL_CANAL,
    SPONGY_BONE,
    TABLE,
    THYROID,
    VENOUS_BLOOD,
    WATER,
    Structure,
    Tissue,
)

_SIDES = ((1, "right"), (-1, "left"))
_SKULL_BASE = -12.0
_CERVICAL_STEP = -18.0
_CORD = Tissue(36, 3)


def head(chance: Chance) -> list[Structure]:
    """Everything from the crown to the lower neck, outermost first."""
    skin = _outline(chance)
    return [
        *_layers(skin, chance),
        *_neck_vessels(),
        *_cervical_spine(chance),
        *_skull_and_brain(chance),
        *_face(chance),
        *_glands(skin, chance),
        *_airways(chance),
    ]


def _outline(chance: Chance) -> Shape:
    width = chance.sized(1.0, 0.04)
    return Joined(
        (
            Ellipsoid((0.0, -8.0, 38.0), (width * 79.0, 99.0, 93.0)),
            Ellipsoid((0.0, 40.0, -30.0), (width * 62.0, 58.0, 72.0)),
            Ellipsoid((0.0, 4.0, -40.0), (width * 72.0, 62.0, 56.0)),
            _neck(width * 58.0, 56.0),
        ),
        softness=22.0,
    )


def _layers(skin: Shape, chance: Chance) -> list[Structure]:
    return [
        Structure(Ellipsoid((0.0, -132.0, -40.0), (120.0, 14.0, 2000.0)), TABLE),
        Structure(skin, SKIN, "skin"),
        Structure(Offset(skin, -2.2), FAT, "subcutaneous fat"),
        Structure(Offset(skin, -float(chance.rng.uniform(5, 9))), MUSCLE, "muscle"),
    ]


def _neck(half_width: float, half_depth: float) -> Column:
    return Column(
        (-260.0, -190.0, -150.0, -40.0), (half_width + 30, half_width + 8, half_width, half_width),
        (half_depth + 6, half_depth + 2, half_depth, half_depth), (-14.0, -14.0, -18.0, -26.0),
    )  # fmt: skip


def _neck_vessels() -> list[Structure]:
    vessels: list[Structure] = []
    for sign, side in _SIDES:
        carotid = smooth_line([(sign * 20.0, 4.0, -250.0), (sign * 24.0, 6.0, -130.0), (sign * 28.0, -2.0, -30.0)])
        jugular = smooth_line([(sign * 30.0, 0.0, -250.0), (sign * 35.0, 0.0, -130.0), (sign * 38.0, -8.0, -30.0)])
        vessels += tube(jugular, 5.5, VENOUS_BLOOD)
        vessels += tube(carotid, 3.8, ARTERIAL_BLOOD, f"{side} common carotid artery")
    return vessels


def _cervical_spine(chance: Chance) -> list[Structure]:
    def body_centre(level: int) -> Ras:
        return 0.0, -22.0 - 3.0 * float(np.sin((level - 1) / 6 * np.pi)), -30.0 + _CERVICAL_STEP * (level - 1)

    parts: list[Structure] = []
    for level in range(1, 8):
        r, a, s = body_centre(level)
        name = f"vertebra C{level}"
        disc = Ellipsoid((r, a, s + _CERVICAL_STEP / 2), (12.0, 9.0, 3.4))
        body = Ellipsoid((r, a, s), (chance.sized(14.0), chance.sized(10.5), 8.0))
        ring = [Capsule((0.0, a - 33.0, s), (0.0, a - 44.0, s - 6), 4.5, 4.0)]
        ring += [Capsule((sign * 15.0, a - 8.0, s), (sign * 3.0, a - 32.0, s), 4.5, 3.5) for sign, _ in _SIDES]
        parts.append(Structure(disc, DISC, "intervertebral discs"))
        parts += [Structure(rod, CORTICAL_BONE, "vertebral arches") for rod in ring]
        parts += [Structure(Offset(rod, -1.6), SPONGY_BONE) for rod in ring]
        parts += [Structure(body, CORTICAL_BONE, name), Structure(Offset(body, -1.8), SPONGY_BONE)]
    middles = [(0.0, body_centre(level)[1] - 21.0, body_centre(level)[2]) for level in range(1, 13)]
    canal = smooth_line([(0.0, -36.0, _SKULL_BASE), *middles])
    return [
        *parts,
        *tube(canal, 8.5, SPINAL_CANAL, "spinal canal"),
        *tube(canal, chance.sized(4.8), _CORD, "spinal cord"),
    ]


def _skull_and_brain(chance: Chance) -> list[Structure]:
    size = chance.sized(1.0, 0.04)
    outer = Ellipsoid((0.0, -8.0, 38.0), (size * 72.0, size * 91.0, size * 86.0))
    above = Column((_SKULL_BASE, 160.0), (100.0, 100.0), (130.0, 130.0), (-8.0, -8.0))
    vault, inner = Common(outer, above), Offset(Common(outer, above), -7.0)
    hemispheres = chance.uneven(Offset(inner, -float(chance.rng.uniform(2.5, 5.5))), 1.6, 16.0)
    tent = Column((2.0, 160.0), (100.0, 100.0), (130.0, 130.0), (-8.0, -8.0))
    cerebellum = chance.ellipsoid((0.0, -54.0, 6.0), (44.0, 27.0, 19.0), spread_mm=1.5)
    stem = [(0.0, -12.0, 24.0), (0.0, -18.0, 4.0), (0.0, -36.0, _SKULL_BASE - 14.0)]
    return [
        Structure(vault, CORTICAL_BONE, "skull"),
        Structure(Without(Offset(vault, -2.2), Offset(vault, -5.0)), SPONGY_BONE),
        Structure(inner, CEREBROSPINAL_FLUID, "cerebrospinal fluid"),
        Structure(Common(hemispheres, tent), BRAIN, "brain"),
        Structure(Offset(cerebellum, 2.0), CEREBROSPINAL_FLUID, "cerebrospinal fluid"),
        Structure(Common(cerebellum, inner), BRAIN, "cerebellum"),
        *tube(smooth_line(stem), [13.0, *(11.5 for _ in smooth_line(stem)[1:-1]), 7.0], BRAIN, "brainstem"),
        *_ventricles(chance),
    ]


def _ventricles(chance: Chance) -> list[Structure]:
    width = float(chance.rng.uniform(0.75, 1.5))
    parts: list[Structure] = []
    for sign, side in _SIDES:
        horn = [
            (sign * 13.0, 34.0, 50.0),
            (sign * 11.0, 4.0, 58.0),
            (sign * 20.0, -30.0, 52.0),
            (sign * 22.0, -48.0, 40.0),
        ]
        line = smooth_line([chance.near(point, 1.0) for point in horn])
        parts += tube(line, width * 5.5, CEREBROSPINAL_FLUID, f"{side} lateral ventricle")
    third = Ellipsoid((0.0, 0.0, 40.0), (width * 2.8, 13.0, 9.0))
    fourth = Ellipsoid((0.0, -33.0, 4.0), (width * 6.0, 5.0, 9.0))
    return [
        *parts,
        Structure(third, CEREBROSPINAL_FLUID, "third ventricle"),
        Structure(fourth, CEREBROSPINAL_FLUID, "fourth ventricle"),
    ]


def _face(chance: Chance) -> list[Structure]:
    cheek = Ellipsoid((0.0, 58.0, -30.0), (38.0, 26.0, 14.0))
    parts = [Structure(cheek, CORTICAL_BONE, "skull"), Structure(Offset(cheek, -2.5), SPONGY_BONE)]
    parts.append(Structure(chance.ellipsoid((0.0, 52.0, -58.0), (24.0, 32.0, 16.0)), MUSCLE, "tongue"))
    for sign, side in _SIDES:
        eye = chance.ellipsoid((sign * 32.0, 72.0, 6.0), (12.3, 12.3, 12.3), spread_mm=1.0)
        r, a, s = eye.centre
        nerve = smooth_line([(r, a - 11.0, s), (sign * 24.0, a - 26.0, s), (sign * 10.0, a - 44.0, s + 2.0)])
        parts += [
            Structure(Ellipsoid((sign * 30.0, 60.0, 6.0), (20.0, 26.0, 18.0)), FAT, "orbital fat"),
            *tube(nerve, 2.6, MUSCLE, f"{side} optic nerve"),
            Structure(eye, WATER, f"{side} eye"),
            Structure(Ellipsoid((r, a + 8.6, s), (4.6, 2.6, 4.6)), LENS, f"{side} lens"),
        ]
    return parts + _jaw(chance)


def _jaw(chance: Chance) -> list[Structure]:
    chin = float(chance.rng.uniform(80, 87))
    line: list[Ras] = [(52, 14, -8), (49, 16, -36), (46, 22, -62), (40, 46, -72), (24, chin - 10, -76), (0, chin, -76)]
    whole = smooth_line([*line, *((-r, a, s) for r, a, s in reversed(line[:-1]))])
    jaw = tube(whole, 7.0, CORTICAL_BONE, "mandible") + tube(whole, 4.6, SPONGY_BONE)
    for angle in np.linspace(-75, 75, 14):
        r, a = 26.0 * float(np.sin(np.deg2rad(angle))), 44.0 + (chin - 48.0) * float(np.cos(np.deg2rad(angle)))
        for height, root in ((-66.0, -72.0), (-50.0, -44.0)):
            middle = -58.0 + (1.0 if height > -58 else -1.0)
            jaw.append(Structure(Capsule((r, a, middle), (r, a, (height + root) / 2), 3.4, 2.4), ENAMEL, "teeth"))
    return jaw


def _glands(skin: Shape, chance: Chance) -> list[Structure]:
    parts: list[Structure] = []
    for sign, side in _SIDES:
        parotid = chance.ellipsoid((sign * 57.0, 2.0, -44.0), (10.0, 17.0, 23.0), (0.0, 0.0, sign * 12.0))
        below = chance.ellipsoid((sign * 27.0, 36.0, -86.0), (9.5, 14.0, 11.0))
        lobe = chance.ellipsoid((sign * 15.0, 16.0, -170.0), (8.5, 9.0, 22.0), spread_mm=1.5)
        parts += [
            Structure(Common(chance.uneven(parotid, 1.2, 18.0), Offset(skin, -6.0)), GLAND, f"{side} parotid gland"),
            Structure(below, GLAND, f"{side} submandibular gland"),
            Structure(lobe, THYROID, "thyroid gland"),
        ]
    return parts


def _airways(chance: Chance) -> list[Structure]:
    pharynx: list[Ras] = [(0, 26, -24), (0, 16, -56), (0, 14, -100), (0, 18, -128), (0, 12, -170), (0, 6, -260)]
    box = chance.ellipsoid((0.0, 20.0, -128.0), (17.0, 16.0, 20.0), spread_mm=1.5)
    parts = [
        Structure(box, CARTILAGE, "larynx"),
        *tube(smooth_line([(0.0, -3.0, -140.0), (0.0, -6.0, -260.0)]), 6.0, MUSCLE, "oesophagus"),
        *tube(smooth_line(pharynx), 7.5, GAS, "airways"),
        Structure(Ellipsoid((0.0, 62.0, -16.0), (8.0, 28.0, 19.0)), GAS, "nasal cavity"),
    ]
    for sign, side in _SIDES:
        parts.append(Structure(_sinus(sign, chance), AIR, f"{side} maxillary sinus"))
    return parts


def _sinus(sign: int, chance: Chance) -> Shape:
    return chance.ellipsoid((sign * 26.0, 56.0, -22.0), (11.0, 14.0, 13.0), spread_mm=1.5)
