"""A segment of a scan, as a script handles it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from MedVLSAM2Lib.files.segmentation_file import SegmentLook, write_segmentation
from MedVLSAM2Lib.report import Quantity, ReportSegment, SegmentCode, SegmentMeasurements, measure_segment
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

COLOUR = (0.87, 0.40, 0.28)


@dataclass(frozen=True)
class ScanSegment:
    """A mask with a name; what is measured of it is measured once, when it is first asked for.

    Attributes:
        segment_id: its name in the session and in reports.
        name: what people call it.
        mask: in the voxel order of ``volume``.
        volume: the scan it lies in.
        confidence: the model's own estimate of its Dice, 0..1; NaN when there is none.
        code: what it is, in coded words.
        colour: red, green, blue, 0..1.
    """

    segment_id: str
    name: str
    mask: PackedMask = field(repr=False)
    volume: Volume = field(repr=False)
    confidence: float = float("nan")
    code: SegmentCode = field(default_factory=SegmentCode, repr=False)
    colour: tuple[float, float, float] = field(default=COLOUR, repr=False)

    def array(self) -> np.ndarray:
        """The mask as booleans of the scan's shape (K, J, I)."""
        return self.mask.unpack(VoxelBox.of_shape(self.volume.shape))

    @cached_property
    def measurements(self) -> SegmentMeasurements:
        """Volume (ml), axial diameters and craniocaudal extent (mm), attenuation (HU, of a CT), parts and side."""
        return measure_segment(self.volume, self.mask, self.segment_id)

    @property
    def volume_ml(self) -> float:
        """Its volume in ml."""
        return self.measurements.value(Quantity.VOLUME) or 0.0

    def save(self, path: Path | str) -> None:
        """Write the mask: ``.seg.nrrd`` (name and colour are kept), ``.nii.gz``, ``.nii``, ``.nrrd`` or ``.mha``.

        Raises:
            SegmentationFileError: it cannot be written there; one sentence.
        """
        write_segmentation(Path(path), self.mask, self.volume, SegmentLook(self.name, self.colour))

    def for_report(self) -> ReportSegment:
        """The segment as a report knows it."""
        return ReportSegment(self.segment_id, self.name, self.measurements, self.code, self.colour)
