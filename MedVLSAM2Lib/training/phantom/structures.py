"""What the phantom is made of: tissues, and the structures that have them."""

from __future__ import annotations

from dataclasses import dataclass

from MedVLSAM2Lib.training.phantom.shapes import Ras, Shape


@dataclass(frozen=True)
class Tissue:
    """How a tissue looks on CT in the portal venous phase.

    Attributes:
        hu: its mean.
        mottle: standard deviation of its own coarse texture, in HU, beside the scanner's noise.
    """

    hu: float
    mottle: float = 0.0


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
        name: its label.
        organ: the label of the structure it lies in.
        centre: RAS in mm.
        size_mm: its extent along R, A and S, in mm.
        hu: its mean.
    """

    name: str
    organ: str
    centre: Ras
    size_mm: Ras
    hu: float


AIR = Tissue(-1000)
TABLE = Tissue(-880, 10)
SKIN = Tissue(10, 6)
FAT = Tissue(-103, 7)
VISCERAL_FAT = Tissue(-98, 9)
MUSCLE = Tissue(58, 9)
CORTICAL_BONE = Tissue(780, 90)
SPONGY_BONE = Tissue(210, 45)
CARTILAGE = Tissue(110, 25)
DISC = Tissue(85, 10)
SPINAL_CANAL = Tissue(28, 5)
LUNG = Tissue(-852, 28)
GAS = Tissue(-990)
AIRWAY_WALL = Tissue(10, 5)
BLOOD = Tissue(152, 4)
ARTERIAL_BLOOD = Tissue(165, 4)
VENOUS_BLOOD = Tissue(140, 5)
PORTAL_BLOOD = Tissue(172, 4)
MYOCARDIUM = Tissue(108, 6)
LIVER = Tissue(108, 6)
SPLEEN = Tissue(122, 6)
PANCREAS = Tissue(92, 14)
RENAL_CORTEX = Tissue(196, 7)
RENAL_MEDULLA = Tissue(158, 9)
BILE = Tissue(7, 3)
URINE = Tissue(4, 2)
BOWEL_WALL = Tissue(78, 8)
BOWEL_CONTENT = Tissue(22, 12)
STOOL = Tissue(-10, 75)
WATER = Tissue(12, 4)
