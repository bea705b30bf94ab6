"""What stands in a text where a model left a slot for a measured value."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from MedVLSAM2Lib.report.measurements import SegmentMeasurements
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.slots import Measure

QUANTITIES: Mapping[Measure, tuple[Quantity, ...]] = MappingProxyType(
    {
        Measure.VOLUME: (Quantity.VOLUME,),
        Measure.DIAMETER: (Quantity.LONG_AXIS,),
        Measure.PERPENDICULAR: (Quantity.SHORT_AXIS,),
        Measure.HU: (Quantity.MEAN_HU, Quantity.SD_HU),
    }
)
"""What is measured for a slot; where there are two, the second is the first one's spread."""


def slot_value(measured: SegmentMeasurements, measure: Measure) -> str | None:
    """The value with its unit, ``"31.5 ml"`` or ``"45 ± 12 HU"``; None where it could not be measured."""
    found = [measured.measurements.get(quantity) for quantity in QUANTITIES[measure]]
    texts = [one.text for one in found if one is not None]
    if len(texts) < len(found):
        return None
    value, *spread = texts
    # The unit is written once, behind the spread.
    return f"{value.split()[0]} ± {spread[0]}" if spread else value
