"""Segments from files: Slicer's own, and DICOM SEG."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.files.segmentation_reader import read_segmentation_file
from MedVLSAM2Lib.report import SegmentCode
from MedVLSAM2Lib.report.exporters.dicom_segmentation import read_segmentation
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.volume import Volume

_PREAMBLE_BYTES, _MAGIC = 128, b"DICM"


def read_segments(path: Path, volume: Volume) -> list[ScanSegment]:
    """The segments of a ``.seg.nrrd`` or a DICOM SEG on the grid of ``volume``.

    Raises:
        SegmentationFileError, DicomExportError: one sentence: it cannot be read, or lies on another grid.
    """
    if _is_dicom(path):
        return [
            ScanSegment(f"Segment_{one.number}", one.label, one.mask, volume, code=one.code)
            for one in read_segmentation(path, volume)
        ]
    return [
        ScanSegment(
            one.segment_id,
            one.name,
            one.mask,
            volume,
            code=SegmentCode.from_terminology(one.terminology),
            colour=one.colour,
        )
        for one in read_segmentation_file(path, volume)
    ]


def _is_dicom(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(_PREAMBLE_BYTES + len(_MAGIC))[_PREAMBLE_BYTES:] == _MAGIC
