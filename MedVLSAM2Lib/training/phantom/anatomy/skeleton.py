"""Ribs, breastbone, shoulder blades and pelvis."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.phantom.anatomy.spine import VERTEBRAE, Spine
from MedVLSAM2Lib.training.phantom.anatomy.torso import Torso
from MedVLSAM2Lib.training.phantom.anatomy.tubes import smooth_line, tube
from MedVLSAM2Lib.training.phantom.shapes import Column, Common, Ellipsoid, InFrontOf, Offset, Ras, Shape
from MedVLSAM2Lib.training.phantom.structures import CARTILAGE, CORTICAL_BONE, MUSCLE, SPONGY_BONE, Structure

_RIB_RADIUS_MM = 5.2
_LAST_RIB_ON_THE_BREASTBONE = 7
_OUTSIDE_THE_CAVITY_MM = 5.0


def skeleton(torso: Torso, spine: Spine) -> list[Structure]:
    """All bones but the spine."""
    bones = _pelvis() + _shoulders()
    for number in range(1, 13):
        for side in (1, -1):
            bones += _rib(number, side, torso, spine)
    return bones + _breastbone(torso)


def _rib(number: int, side: int, torso: Torso, spine: Spine) -> list[Structure]:
    line = _rib_line(number, side, torso, spine)
    name = f"{'right' if side > 0 else 'left'} ribs"
    bone = tube(line, _RIB_RADIUS_MM, CORTICAL_BONE, name) + tube(line, _RIB_RADIUS_MM - 1.9, SPONGY_BONE)
    if number > _LAST_RIB_ON_THE_BREASTBONE:
        return bone
    height = 172.0 - 17.0 * (number - 1)
    _, depth, centre = torso.cavity.section(height)
    end = (side * 17.0, centre + depth + _OUTSIDE_THE_CAVITY_MM, height)
    half_way = (side * 45.0, centre + 0.95 * depth + _OUTSIDE_THE_CAVITY_MM, (line[-1][2] + height) / 2 - 5)
    return bone + tube(smooth_line([line[-1], half_way, end]), 5.0, CARTILAGE, "costal cartilage")


def _rib_line(number: int, side: int, torso: Torso, spine: Spine) -> list[Ras]:
    start = VERTEBRAE[f"T{number}"]
    last_angle = (112, 122, 126, 128, 130, 130, 128, 122, 112, 100, 80, 62)[number - 1]
    drop = (30, 48, 60, 68, 74, 78, 82, 84, 80, 72, 52, 34)[number - 1]
    neck = spine.front(start)
    line = [(side * 17.0, neck[1] - 10.0, start)]
    for angle in np.linspace(24, last_angle, 22):
        height = start - drop * ((angle - 20) / (last_angle - 20)) ** 1.2
        width, depth, centre = torso.cavity.section(height)
        around = np.deg2rad(angle)
        line.append(
            (
                float(side * (width + _OUTSIDE_THE_CAVITY_MM) * np.sin(around) ** 0.9),
                float(centre - (depth + _OUTSIDE_THE_CAVITY_MM) * np.sign(np.cos(around)) * abs(np.cos(around)) ** 0.9),
                height,
            )
        )
    return line


def _breastbone(torso: Torso) -> list[Structure]:
    bones = []
    for middle, half_axes in ((160.0, (26.0, 7.0, 24.0)), (95.0, (17.0, 6.0, 50.0)), (38.0, (7.0, 4.0, 14.0))):
        _, depth, centre = torso.cavity.section(middle)
        plate = Ellipsoid((0.0, centre + depth + 7.0, middle), half_axes, (-9.0, 0.0, 0.0))
        bones.append(Structure(plate, CORTICAL_BONE, "sternum"))
        bones.append(Structure(Offset(plate, -1.6), SPONGY_BONE))
    return bones


def _shoulders() -> list[Structure]:
    bones = []
    for side in (1, -1):
        name = "right" if side > 0 else "left"
        blade = Ellipsoid((side * 96.0, -84.0, 132.0), (44.0, 5.0, 62.0), (0.0, side * 12.0, side * 24.0))
        collar = smooth_line([(side * 18.0, 50.0, 188.0), (side * 62.0, 58.0, 200.0), (side * 112.0, 32.0, 216.0)])
        bones.append(Structure(Offset(blade, 6.0), MUSCLE, "muscle"))
        bones.append(Structure(blade, CORTICAL_BONE, f"{name} scapula"))
        bones.append(Structure(Offset(blade, -1.6), SPONGY_BONE))
        bones += tube(collar, 6.0, CORTICAL_BONE, f"{name} clavicle") + tube(collar, 3.8, SPONGY_BONE)
    return bones


def _pelvis() -> list[Structure]:
    bones = []
    for side in (1, -1):
        name = "right" if side > 0 else "left"
        socket = (side * 88.0, 2.0, -338.0)
        wing = _wing(side)
        pubis = smooth_line([(side * 72.0, 24.0, -334.0), (side * 40.0, 58.0, -338.0), (side * 7.0, 66.0, -350.0)])
        bones += [
            Structure(wing, CORTICAL_BONE, f"{name} hip bone"),
            Structure(Offset(wing, -2.0), SPONGY_BONE),
            Structure(Ellipsoid(socket, (34.0, 34.0, 34.0)), CORTICAL_BONE, f"{name} hip bone"),
            Structure(Ellipsoid(socket, (31.0, 31.0, 31.0)), SPONGY_BONE),
            *tube(pubis, 10.0, CORTICAL_BONE, f"{name} hip bone"),
            *tube(pubis, 7.5, SPONGY_BONE),
            Structure(Ellipsoid((socket[0] + side * 5, *socket[1:]), (27.0, 27.0, 27.0)), CARTILAGE),
            Structure(
                Ellipsoid((socket[0] + side * 5, *socket[1:]), (24.0, 24.0, 24.0)), CORTICAL_BONE, f"{name} femur"
            ),
            Structure(Ellipsoid((socket[0] + side * 5, *socket[1:]), (22.5, 22.5, 22.5)), SPONGY_BONE),
        ]
    return bones


def _wing(side: int) -> Shape:
    # A leaning plate: from the sacrum's side forwards and outwards, wide at the crest.
    plate = Ellipsoid((side * 92.0, -18.0, -262.0), (8.0, 74.0, 66.0), (0.0, side * 20.0, side * -38.0))
    crest = Column((-345.0, -190.0), (180.0, 180.0), (110.0, 110.0), (0.0, 0.0))
    return Common(Common(plate, crest), InFrontOf(-90.0))
