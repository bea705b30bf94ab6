"""Numbers computed from a mask and the scan it lies in: never guessed, each with its unit, codes and evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from MedVLSAM2Lib.report.axial_diameters import AxialDiameters, axial_diameters
from MedVLSAM2Lib.report.connected_parts import label_parts
from MedVLSAM2Lib.report.evidence import Evidence, SlicePlace
from MedVLSAM2Lib.report.quantities import DEFINITIONS, Definition, Quantity, write_value
from MedVLSAM2Lib.report.side import Midline, SideFinding, side_of
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume
from MedVLSAM2Lib.volume.reorientation import Position

_MM3_PER_ML = 1000.0


@dataclass(frozen=True)
class Measurement:
    """One number.

    Attributes:
        quantity: what was measured; its unit and codes are in ``definition``.
        value: in that unit.
        evidence: the segment it was measured of, and the slice where it can be seen.
    """

    quantity: Quantity
    value: float
    evidence: Evidence

    @property
    def definition(self) -> Definition:
        """The quantity's title, unit (UCUM) and concept (SNOMED CT, DICOM)."""
        return DEFINITIONS[self.quantity]

    @property
    def text(self) -> str:
        """The value with its unit, as a sentence holds it."""
        return write_value(self.quantity, self.value)


@dataclass(frozen=True)
class SegmentMeasurements:
    """Everything measured of one segment.

    Attributes:
        segment_id: whose.
        measurements: by quantity; what could not be measured is not in it.
        side: where it lies, None of an empty mask.
        diameters: where both axial diameters end, for drawing them.
        at_edge: whether the mask reaches the scan's border: what was measured may be a part of the structure.
    """

    segment_id: str
    measurements: Mapping[Quantity, Measurement] = field(default_factory=dict)
    side: SideFinding | None = None
    diameters: AxialDiameters | None = None
    at_edge: bool = False

    def value(self, quantity: Quantity) -> float | None:
        """The number, None when it was not measured."""
        found = self.measurements.get(quantity)
        return None if found is None else found.value

    @property
    def place(self) -> SlicePlace | None:
        """The slice of the longest axial diameter."""
        found = self.measurements.get(Quantity.LONG_AXIS)
        return None if found is None else found.evidence.place


def measure_segment(
    volume: Volume,
    mask: PackedMask,
    segment_id: str,
    midline: Midline | None = None,
    prior: SegmentMeasurements | None = None,
) -> SegmentMeasurements:
    """Measure ``mask``, which lies on the grid of ``volume``.

    - volume in ml: voxels times the determinant of the voxel's axes, so sheared grids count right;
    - longest axial diameter and its greatest perpendicular in mm (``axial_diameters``: between outer voxel edges);
    - craniocaudal extent in mm: from the lowest to the highest S of any voxel's corner;
      these three of the largest connected part, so that a stray voxel far away does not stretch a lesion;
    - mean and (population) standard deviation in HU, of a CT only;
    - connected parts; the side; the change against ``prior`` where both hold the number.

    Of an empty mask there is a volume of 0 and 0 parts, and nothing else.
    """
    mask = mask.trimmed()
    parts = label_parts(mask)
    largest = PackedMask.pack(parts == 1, mask.box).trimmed()
    diameters = axial_diameters(volume, largest)
    place = None if diameters is None else _place(volume, diameters)
    values = dict(_values(volume, mask, parts, diameters))
    measurements = {name: Measurement(name, value, Evidence(segment_id, place)) for name, value in values.items()}
    measured = SegmentMeasurements(
        segment_id, measurements, side_of(volume, mask, midline), diameters, _at_edge(volume, mask)
    )
    return measured if prior is None else with_change(measured, prior)


def with_change(now: SegmentMeasurements, prior: SegmentMeasurements) -> SegmentMeasurements:
    """``now`` with the change of volume and longest diameter against the same structure in a prior scan."""
    changes = {
        Quantity.VOLUME: (Quantity.VOLUME_CHANGE, Quantity.VOLUME_CHANGE_PERCENT),
        Quantity.LONG_AXIS: (Quantity.LONG_AXIS_CHANGE, Quantity.LONG_AXIS_CHANGE_PERCENT),
    }
    added: dict[Quantity, Measurement] = {}
    for quantity, (absolute, percent) in changes.items():
        after, before = now.value(quantity), prior.value(quantity)
        if after is None or before is None:
            continue
        evidence = now.measurements[quantity].evidence
        added[absolute] = Measurement(absolute, after - before, evidence)
        if before > 0:
            added[percent] = Measurement(percent, 100 * (after - before) / before, evidence)
    return replace(now, measurements={**now.measurements, **added})


def _values(
    volume: Volume, mask: PackedMask, parts: np.ndarray, diameters: AxialDiameters | None
) -> Iterator[tuple[Quantity, float]]:
    yield Quantity.VOLUME, mask.voxel_count * volume.voxel_volume_mm3 / _MM3_PER_ML
    yield Quantity.PARTS, float(parts.max(initial=0))
    if diameters is None:
        return
    yield Quantity.LONG_AXIS, diameters.long_axis_mm
    yield Quantity.SHORT_AXIS, diameters.short_axis_mm
    yield Quantity.CRANIOCAUDAL, _craniocaudal_mm(volume, parts == 1)
    if volume.modality is Modality.CT:
        inside = volume.array[mask.box.slices][mask.unpack()].astype(np.float64)
        yield Quantity.MEAN_HU, float(inside.mean())
        yield Quantity.SD_HU, float(inside.std())


def _at_edge(volume: Volume, mask: PackedMask) -> bool:
    ends = zip(mask.box.low, mask.box.high, volume.shape, strict=True)
    # An image of one slice has no inside along that axis, and nothing to tell.
    return not mask.box.is_empty and any(size > 1 and (low == 0 or high == size) for low, high, size in ends)


def _craniocaudal_mm(volume: Volume, part: np.ndarray) -> float:
    towards_s = volume.ijk_to_ras[2, :3]
    # Height runs evenly along a row of voxels: its first and its last are enough.
    k, j = np.nonzero(part.any(axis=2))
    first, last = part.argmax(axis=2)[k, j], part.shape[2] - 1 - part[:, :, ::-1].argmax(axis=2)[k, j]
    heights = [np.stack([i, j, k], axis=1) @ towards_s for i in (first, last)]
    return float(np.ptp(heights) + np.abs(towards_s).sum())


def _place(volume: Volume, diameters: AxialDiameters) -> SlicePlace:
    start, end = (np.array(point) for point in diameters.long_axis)
    r, a, s = ((start + end) / 2).tolist()
    return slice_at(volume, (r, a, s))


def slice_at(volume: Volume, ras: Position) -> SlicePlace:
    """The slice across the patient's axis that holds a position (RAS mm)."""
    axis = volume.reorientation.axes[2]
    count = volume.shape[2 - axis]
    index = min(max(round(volume.ras_to_ijk(ras)[axis]), 0), count - 1)
    return SlicePlace(ras, index, axis, count)
