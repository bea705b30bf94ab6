"""The wall of the trunk: skin, fat, muscle, and the cavity that the organs lie in."""

from __future__ import annotations

from dataclasses import dataclass

from MedVLSAM2Lib.training.phantom.anatomy.chance import Chance
from MedVLSAM2Lib.training.phantom.anatomy.spine import Spine
from MedVLSAM2Lib.training.phantom.anatomy.tubes import tube
from MedVLSAM2Lib.training.phantom.shapes import Column, Common, Dome, Ellipsoid, Joined, Offset, Ras, Shape
from MedVLSAM2Lib.training.phantom.structures import FAT, MUSCLE, SKIN, TABLE, VISCERAL_FAT, Structure

_HEIGHTS = (-420.0, -330.0, -250.0, -150.0, 0.0, 80.0, 150.0, 200.0, 235.0, 290.0)
_MUSCLE_HALF_WIDTHS = (150.0, 158.0, 152.0, 134.0, 146.0, 151.0, 150.0, 138.0, 96.0, 60.0)
_MUSCLE_HALF_DEPTHS = (96.0, 102.0, 102.0, 98.0, 107.0, 109.0, 102.0, 90.0, 74.0, 62.0)
_MUSCLE_CENTRE = -7.0
_CAVITY_HEIGHTS = (-420.0, -330.0, -250.0, -150.0, 0.0, 70.0, 130.0, 175.0, 208.0, 228.0)
_CAVITY_HALF_WIDTHS = (86.0, 96.0, 118.0, 120.0, 130.0, 131.0, 122.0, 100.0, 66.0, 30.0)
_CAVITY_HALF_DEPTHS = (52.0, 62.0, 74.0, 76.0, 85.0, 87.0, 79.0, 64.0, 42.0, 22.0)
_CAVITY_CENTRES = (12.0, 10.0, 6.0, 6.0, 2.0, -2.0, -6.0, -10.0, -14.0, -16.0)


@dataclass(frozen=True)
class Torso:
    """The trunk's wall.

    Attributes:
        skin, fat, muscle: what each layer and all within it fills.
        cavity: chest and abdomen together, up to the inner side of the ribs.
        right_dome, left_dome: the abdomen's bulge into the chest, up to the diaphragm.
    """

    skin: Column
    fat: Column
    muscle: Column
    cavity: Column
    right_dome: Dome
    left_dome: Dome

    @classmethod
    def born(cls, chance: Chance) -> Torso:
        """A trunk of average height, more or less wide, more or less fat."""
        width, fat = chance.sized(1.0, 0.04), float(chance.rng.uniform(9, 21))
        muscle = Column(
            _HEIGHTS,
            tuple(width * w for w in _MUSCLE_HALF_WIDTHS),
            _MUSCLE_HALF_DEPTHS,
            (_MUSCLE_CENTRE,) * len(_HEIGHTS),
        )
        cavity = Column(
            _CAVITY_HEIGHTS, tuple(width * w for w in _CAVITY_HALF_WIDTHS), _CAVITY_HALF_DEPTHS, _CAVITY_CENTRES, 2.3
        )
        outer = muscle.grown(fat, 0.75 * fat)
        return cls(
            skin=outer.grown(2.2, 2.2),
            fat=outer,
            muscle=muscle,
            cavity=cavity,
            right_dome=Dome(chance.near((66.0, 0.0, -78.0), 3.0), (76.0, 96.0, chance.sized(80.0))),
            left_dome=Dome(chance.near((-64.0, 0.0, -88.0), 3.0), (76.0, 94.0, chance.sized(76.0))),
        )

    def in_cavity(self, shape: Shape, gap_mm: float = 2.0) -> Shape:
        """``shape`` as far as it lies in the cavity, ``gap_mm`` from the wall."""
        return Common(shape, Offset(self.cavity, -gap_mm))

    @property
    def below_diaphragm(self) -> Shape:
        """Both domes as one, with the lower part between them."""
        between = Dome((0.0, 10.0, -96.0), (84.0, 100.0, 44.0))
        return Joined((self.right_dome, self.left_dome, between), softness=30.0)

    def wall(self) -> list[Structure]:
        """The table and the layers of the wall, outermost first."""
        _, depth, centre = self.skin.section(-50.0)
        return [
            Structure(Ellipsoid((0.0, centre - depth - 15.0, -60.0), (230.0, 16.0, 2000.0)), TABLE),
            Structure(self.skin, SKIN, "skin"),
            Structure(self.fat, FAT, "subcutaneous fat"),
            Structure(self.muscle, MUSCLE, "muscle"),
            Structure(self.cavity, VISCERAL_FAT, "visceral fat"),
        ]

    def diaphragm(self) -> list[Structure]:
        """A sheet of muscle, and the abdomen's fat under it."""
        return [
            Structure(self.in_cavity(Offset(self.below_diaphragm, -thickness), gap_mm=0.0), tissue, name)
            for thickness, tissue, name in ((0.0, MUSCLE, "muscle"), (3.0, VISCERAL_FAT, "visceral fat"))
        ]

    def back_muscles(self, spine: Spine) -> list[Structure]:
        """The muscles beside and in front of the spine."""
        muscles = []
        for side in (1, -1):
            beside: list[Ras] = [(side * 31.0, spine.front(s)[1] - 44.0, float(s)) for s in range(-260, 240, 25)]
            psoas: list[Ras] = [
                (side * (30.0 + 0.19 * (-s - 90)), spine.front(s)[1] - 4.0, float(s)) for s in range(-330, -70, 20)
            ]
            muscles += tube(beside, 19.0, MUSCLE, "muscle")
            muscles += tube(psoas, [16.0 if point[2] < -110 else 9.0 for point in psoas], MUSCLE, "muscle")
        return [Structure(Common(m.shape, Offset(self.muscle, -1.0)), m.tissue, m.name) for m in muscles]
