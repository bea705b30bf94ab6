"""What a number or a sentence rests on."""

from __future__ import annotations

from dataclasses import dataclass

from MedVLSAM2Lib.volume.reorientation import Position


@dataclass(frozen=True)
class SlicePlace:
    """A slice of the scan to look at.

    Attributes:
        ras: a position on it (mm), in the middle of what is to be seen.
        index: its number along ``axis`` of the array, from 0.
        axis: the array axis that is closest to the patient's: 0 is I, 1 is J, 2 is K.
        count: how many slices there are along that axis.
    """

    ras: Position
    index: int
    axis: int
    count: int


@dataclass(frozen=True)
class Evidence:
    """A segment, and the slice on which it shows best (None where no slice stands out)."""

    segment_id: str
    place: SlicePlace | None = None
