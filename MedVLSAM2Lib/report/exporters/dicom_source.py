"""The DICOM series a volume came from."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from MedVLSAM2Lib.report.exporters.dicom_planes import Plane, planes_of
from MedVLSAM2Lib.report.exporters.dicom_support import DicomExportError, require_highdicom
from MedVLSAM2Lib.volume.reorientation import Position

if TYPE_CHECKING:
    from pydicom import Dataset

# DICOM wants these in every object, if only empty; some exporters leave them out.
_EMPTY_WHERE_ABSENT = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_NEEDED = ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")


@dataclass(frozen=True)
class SourceSeries:
    """The headers of one series.

    Attributes:
        datasets: single-frame images in the order of their place, or one multi-frame image.
        planes: of all frames, in that order.
    """

    datasets: tuple[Dataset, ...]
    planes: tuple[Plane, ...]

    @classmethod
    def read(cls, sources: Sequence[Path | Dataset]) -> SourceSeries:
        """The series in ``sources``: its files, or what pydicom read of them (pixels are not needed).

        Raises:
            DicomExportError: there is none, or it is not one series of images with a place.
        """
        require_highdicom()
        if not sources:
            raise DicomExportError(
                "The volume did not come from a DICOM series; export the report as a page, text or JSON instead."
            )
        datasets = [_read(source) if isinstance(source, Path) else source for source in sources]
        for dataset in datasets:
            _check(dataset)
        datasets = [_completed(dataset) for dataset in datasets]
        if len({dataset.SeriesInstanceUID for dataset in datasets}) > 1:
            raise DicomExportError(
                "The DICOM files are of several series; give those of the series the volume came from."
            )
        if any("PerFrameFunctionalGroupsSequence" in dataset for dataset in datasets):
            if len(datasets) > 1:
                raise DicomExportError(
                    "The DICOM series has several multi-frame images; give the one the volume came from."
                )
            return cls((datasets[0],), planes_of(datasets[0]))
        planes = [planes_of(dataset)[0] for dataset in datasets]
        places = [float(planes[0].normal @ plane.pixel_to_ras[:3, 3]) for plane in planes]
        order = np.argsort(places)
        return cls(tuple(datasets[n] for n in order), tuple(planes[n] for n in order))

    @property
    def is_multi_frame(self) -> bool:
        """Whether all frames are in one image."""
        return len(self.datasets) == 1 and len(self.planes) > 1

    @property
    def modality(self) -> str:
        """DICOM's code."""
        return str(self.datasets[0].get("Modality", ""))

    def image_at(self, ras: Position) -> tuple[Dataset, int | None]:
        """The image closest to a position, and the frame's number from 1 where it has several."""
        nearest = min(range(len(self.planes)), key=lambda n: self.planes[n].distance_mm(ras))
        return (self.datasets[0], nearest + 1) if self.is_multi_frame else (self.datasets[nearest], None)


def _read(path: Path) -> Dataset:
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        return dcmread(path, stop_before_pixels=True)
    except (OSError, InvalidDicomError) as error:
        raise DicomExportError(
            f"{path.name} cannot be read as DICOM; give the files of the volume's series."
        ) from error


def _check(dataset: Dataset) -> None:
    for name in _NEEDED:
        if not dataset.get(name):
            raise DicomExportError(
                f"The DICOM series has no {name}, which its segmentation must repeat; export it again."
            )


def _completed(dataset: Dataset) -> Dataset:
    absent = [name for name in _EMPTY_WHERE_ABSENT if name not in dataset]
    if not absent:
        return dataset
    completed = copy(dataset)
    for name in absent:
        setattr(completed, name, "")
    return completed
