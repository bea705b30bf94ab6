"""What can be measured of a segment, with its unit, its coded words and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from MedVLSAM2Lib.report.codes import PRIVATE_SCHEME, Code


class Quantity(StrEnum):
    """A number that is computed from a mask and the scan's geometry and intensities."""

    VOLUME = "volume"
    LONG_AXIS = "long_axis"
    SHORT_AXIS = "short_axis"
    CRANIOCAUDAL = "craniocaudal"
    MEAN_HU = "mean_hu"
    SD_HU = "sd_hu"
    PARTS = "parts"
    VOLUME_CHANGE = "volume_change"
    VOLUME_CHANGE_PERCENT = "volume_change_percent"
    LONG_AXIS_CHANGE = "long_axis_change"
    LONG_AXIS_CHANGE_PERCENT = "long_axis_change_percent"


@dataclass(frozen=True)
class Definition:
    """How a quantity is coded and written.

    Attributes:
        title: what people call it.
        symbol: the unit in a sentence; empty for a count.
        unit: the unit's UCUM code.
        concept: what is measured.
        derivation: how it came from the voxels' values, such as *Mean*.
        method: how it was measured, where the concept leaves that open.
        signed: whether a plus is written.
    """

    title: str
    symbol: str
    unit: Code
    concept: Code
    derivation: Code | None = None
    method: Code | None = None
    signed: bool = False


_ML, _MM = Code("ml", "UCUM", "milliliter"), Code("mm", "UCUM", "millimeter")
_HU, _PERCENT = Code("[hnsf'U]", "UCUM", "Hounsfield unit"), Code("%", "UCUM", "Percent")
_NO_UNIT = Code("1", "UCUM", "no units")
_VOLUME = Code("118565006", "SCT", "Volume")
_LONG_AXIS, _SHORT_AXIS = Code("103339001", "SCT", "Long axis"), Code("103340004", "SCT", "Short axis")
_LENGTH = Code("410668003", "SCT", "Length")
_ATTENUATION = Code("112031", "DCM", "Attenuation Coefficient")
_MEAN, _SD = Code("373098007", "SCT", "Mean"), Code("386136009", "SCT", "Standard Deviation")
_AXIAL = Code("axial_outer_edges", PRIVATE_SCHEME, "Axial plane, between outer voxel edges")
_CRANIOCAUDAL = Code("craniocaudal", PRIVATE_SCHEME, "Craniocaudal, between outer voxel edges")
_PARTS = Code("connected_parts", PRIVATE_SCHEME, "Number of connected parts")
_VOLUME_CHANGE = Code("volume_change", PRIVATE_SCHEME, "Volume change since prior")
_LONG_AXIS_CHANGE = Code("long_axis_change", PRIVATE_SCHEME, "Long axis change since prior")

DEFINITIONS: Mapping[Quantity, Definition] = MappingProxyType(
    {
        Quantity.VOLUME: Definition("Volume", "ml", _ML, _VOLUME),
        Quantity.LONG_AXIS: Definition("Longest axial diameter", "mm", _MM, _LONG_AXIS, method=_AXIAL),
        Quantity.SHORT_AXIS: Definition("Greatest perpendicular", "mm", _MM, _SHORT_AXIS, method=_AXIAL),
        Quantity.CRANIOCAUDAL: Definition("Craniocaudal extent", "mm", _MM, _LENGTH, method=_CRANIOCAUDAL),
        Quantity.MEAN_HU: Definition("Mean attenuation", "HU", _HU, _ATTENUATION, _MEAN),
        Quantity.SD_HU: Definition("Standard deviation", "HU", _HU, _ATTENUATION, _SD),
        Quantity.PARTS: Definition("Connected parts", "", _NO_UNIT, _PARTS),
        Quantity.VOLUME_CHANGE: Definition("Volume change", "ml", _ML, _VOLUME_CHANGE, signed=True),
        Quantity.VOLUME_CHANGE_PERCENT: Definition("Volume change", "%", _PERCENT, _VOLUME_CHANGE, signed=True),
        Quantity.LONG_AXIS_CHANGE: Definition("Diameter change", "mm", _MM, _LONG_AXIS_CHANGE, signed=True),
        Quantity.LONG_AXIS_CHANGE_PERCENT: Definition("Diameter change", "%", _PERCENT, _LONG_AXIS_CHANGE, signed=True),
    }
)


def write_value(quantity: Quantity, value: float) -> str:
    """``value`` as a sentence holds it, with its unit: ``"12.4 ml"``, ``"1523 ml"``, ``"−18 HU"``, ``"+12 %"``, ``"3"``."""
    definition = DEFINITIONS[quantity]
    number = f"{value:.{_decimals(definition.symbol, value)}f}"
    # A true minus is as wide as the plus, and does not break at the end of a line.
    number = "0" if float(number) == 0 else number.replace("-", "−")
    if definition.signed and value > 0 and number != "0":
        number = f"+{number}"
    return f"{number}\N{NO-BREAK SPACE}{definition.symbol}" if definition.symbol else number


def _decimals(symbol: str, value: float) -> int:
    """One decimal where a reader uses it: lengths below 10 mm, volumes below 100 ml (two below 1 ml)."""
    size = abs(value)
    if symbol == "ml":
        return 2 if size < 1 else 1 if size < 100 else 0
    return 1 if symbol == "mm" and size < 10 else 0
