"""What the phantom is made of: tissues, and the structures that have them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from MedVLSAM2Lib.training.phantom.grid import Bounds
from MedVLSAM2Lib.training.phantom.shapes import Ras, Shape


class Phase(StrEnum):
    """When after the contrast medium the scan was taken; native is without any."""

    NATIVE = "native"
    ARTERIAL = "arterial"
    PORTAL_VENOUS = "portal venous"


@dataclass(frozen=True)
class Tissue:
    """How a tissue looks on CT.

    Attributes:
        hu: its mean in the portal venous phase.
        mottle: standard deviation of its own coarse texture, in HU, beside the scanner's noise.
        native, arterial: its mean in the other phases; ``None`` where it is the same.
    """

    hu: float
    mottle: float = 0.0
    native: float | None = None
    arterial: float | None = None

    def hu_in(self, phase: Phase) -> float:
        """Its mean in ``phase``."""
        other = {Phase.NATIVE: self.native, Phase.ARTERIAL: self.arterial}.get(phase)
        return self.hu if other is None else other


@dataclass(frozen=True)
class Structure:
    """A shape filled with a tissue; it takes the place of whatever was painted before.

    ``name`` is the label its voxels get. Without one they keep the label they had: the blood in the heart stays heart.
    """

    shape: Shape
    tissue: Tissue
    name: str | None = None


@dataclass(frozen=True)
class Finding:
    """Something a report should mention, of known size and place.

    Attributes:
        name: its label, which no other finding of the person has.
        kind: what it is, in the words of the vocabulary.
        organ: the label of the structure it lies in.
        centre: RAS in mm.
        size_mm: its extent along R, A and S, in mm.
        hu: its mean.
    """

    name: str
    kind: str
    organ: str
    centre: Ras
    size_mm: Ras
    hu: float


@dataclass(frozen=True)
class Absence:
    """An organ that was taken out.

    Attributes:
        name: the label it would have.
        bounds: where it would be, RAS in mm.
    """

    name: str
    bounds: Bounds


AIR = Tissue(-1000)
TABLE = Tissue(-880, 10)
SKIN = Tissue(10, 6)
FAT = Tissue(-103, 7)
VISCERAL_FAT = Tissue(-98, 9)
MUSCLE = Tissue(58, 9, native=52, arterial=56)
CORTICAL_BONE = Tissue(780, 90)
SPONGY_BONE = Tissue(210, 45)
CARTILAGE = Tissue(110, 25)
DISC = Tissue(85, 10)
SPINAL_CANAL = Tissue(28, 5)
LUNG = Tissue(-852, 28)
GAS = Tissue(-990)
AIRWAY_WALL = Tissue(10, 5)
BLOOD = Tissue(152, 4, native=42, arterial=250)
ARTERIAL_BLOOD = Tissue(165, 4, native=42, arterial=320)
VENOUS_BLOOD = Tissue(140, 5, native=42, arterial=90)
PORTAL_BLOOD = Tissue(172, 4, native=42, arterial=80)
MYOCARDIUM = Tissue(108, 6, native=45, arterial=120)
LIVER = Tissue(108, 6, native=58, arterial=72)
SPLEEN = Tissue(122, 6, native=50, arterial=118)
PANCREAS = Tissue(92, 14, native=42, arterial=106)
RENAL_CORTEX = Tissue(196, 7, native=34, arterial=190)
RENAL_MEDULLA = Tissue(158, 9, native=32, arterial=74)
BILE = Tissue(7, 3)
URINE = Tissue(4, 2)
BOWEL_WALL = Tissue(78, 8, native=42, arterial=72)
BOWEL_CONTENT = Tissue(22, 12)
STOOL = Tissue(-10, 75)
WATER = Tissue(12, 4)
BRAIN = Tissue(39, 3, native=35, arterial=37)
CEREBROSPINAL_FLUID = Tissue(7, 2)
GLAND = Tissue(70, 12, native=25, arterial=60)
THYROID = Tissue(150, 8, native=105, arterial=180)
LENS = Tissue(75, 4)
ENAMEL = Tissue(1800, 120)
