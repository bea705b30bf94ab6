"""DICOM series with the segmentations (SEG) that were drawn on them, as an archive gives them out."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.report.exporters.dicom_segmentation import read_segmentation
from MedVLSAM2Lib.training.data.raw_case import RawCase
from MedVLSAM2Lib.volume import Modality, Volume

if TYPE_CHECKING:
    from pydicom import Dataset

logger = logging.getLogger(__name__)

_TAGS = ["SOPClassUID", "SeriesInstanceUID", "Modality", "ReferencedSeriesSequence"]
_SEG = "SEG"
MOST_LABELS = 255


@dataclass
class _Series:
    """A series of images, and the SEG files that refer to it."""

    folders: set[Path] = field(default_factory=set)
    segmentations: list[Path] = field(default_factory=list)


def dicom_scans(folder: Path, group: str) -> Iterator[RawCase]:
    """The CT series under ``folder`` that a DICOM SEG under it refers to, each in a folder without a larger series.

    The segments keep the labels that they have in their files; of those that overlap, the later ones are on top.

    Raises:
        VolumeError, ValueError: a series or a segmentation of it cannot be used; one sentence.
    """
    for series in _segmented_series(folder):
        if len(series.folders) != 1:
            raise ValueError(
                f"The series that {series.segmentations[0]} was drawn on lies in {len(series.folders)} folders."
            )
        (place,) = series.folders
        volume = read_volume(place)
        if volume.modality is not Modality.CT:
            logger.warning("%s is no CT and is left out", place)
            continue
        yield _case(volume.canonical(), series.segmentations, _name(place, folder), group)


def _segmented_series(folder: Path) -> list[_Series]:
    found: dict[str, _Series] = defaultdict(_Series)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        header = _header(path)
        if header is None:
            continue
        if header.get("Modality") != _SEG:
            found[str(header.get("SeriesInstanceUID", ""))].folders.add(path.parent)
            continue
        for reference in header.get("ReferencedSeriesSequence", ()):
            found[str(reference.SeriesInstanceUID)].segmentations.append(path)
    return [series for series in found.values() if series.segmentations and series.folders]


def _header(path: Path) -> Dataset | None:
    """What tells where a file belongs; None if it is no DICOM, or nothing here reads it."""
    try:
        from pydicom import dcmread
        from pydicom.errors import InvalidDicomError
    except ImportError:
        return None
    try:
        return dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    except InvalidDicomError:
        return None


def _case(volume: Volume, segmentations: list[Path], name: str, group: str) -> RawCase:
    segments = [segment for path in segmentations for segment in read_segmentation(path, volume)]
    if not segments or len(segments) > MOST_LABELS:
        raise ValueError(f"{segmentations[0]} has {len(segments)} segments; give it 1 to {MOST_LABELS}.")
    labels = np.zeros(volume.shape, np.uint8)
    for number, segment in enumerate(segments, start=1):
        labels[segment.mask.box.slices][segment.mask.unpack()] = number
    image = np.clip(np.rint(volume.array), -32768, 32767).astype(np.int16)
    return RawCase(name, group, volume.spacing_mm, image, labels, dict(enumerate((s.label for s in segments), start=1)))


def _name(place: Path, folder: Path) -> str:
    return "_".join(place.relative_to(folder).parts) or place.name
