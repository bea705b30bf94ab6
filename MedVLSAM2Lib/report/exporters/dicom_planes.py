"""Where the frames of DICOM images lie, and which voxels of a volume their pixels are.

A volume may hold a series' slices in any order, with any axis run through backwards: each frame is placed by its own position
and orientation, never by its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from MedVLSAM2Lib.files.geometry import LPS_TO_RAS
from MedVLSAM2Lib.report.exporters.dicom_support import DicomExportError
from MedVLSAM2Lib.volume import Volume
from MedVLSAM2Lib.volume.reorientation import Position

if TYPE_CHECKING:
    from pydicom import Dataset

# Series may be unevenly spaced by a tenth of a slice and are then read as even ones; a volume of another grid is off by more.
_OFF_BY_VOXELS = 0.3

Index = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Voxel numbers (K, J, I), each of a shape that broadcasts to a frame's (rows, columns)."""


@dataclass(frozen=True)
class Plane:
    """One frame.

    Attributes:
        pixel_to_ras: 4×4 from (column, row, 0, 1) to RAS mm.
        rows: of pixels.
        columns: of pixels.
    """

    pixel_to_ras: np.ndarray
    rows: int
    columns: int

    @property
    def normal(self) -> np.ndarray:
        """Unit vector at right angles to the plane (RAS)."""
        across = np.cross(self.pixel_to_ras[:3, 0], self.pixel_to_ras[:3, 1])
        return across / np.linalg.norm(across)

    def distance_mm(self, ras: Position) -> float:
        """How far a position is from the plane."""
        return abs(float(self.normal @ (np.array(ras) - self.pixel_to_ras[:3, 3])))


def planes_of(dataset: Dataset) -> tuple[Plane, ...]:
    """The planes of an image's frames, in their order: one of a single-frame image, all of a multi-frame one.

    Raises:
        DicomExportError: the image does not say where it lies.
    """
    try:
        if "PerFrameFunctionalGroupsSequence" not in dataset:
            return (_plane(dataset, dataset, dataset, dataset),)
        shared = dataset.SharedFunctionalGroupsSequence[0]
        return tuple(_frame(dataset, frame, shared) for frame in dataset.PerFrameFunctionalGroupsSequence)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        message = "The DICOM series does not say where its images lie; choose the series the volume was read from."
        raise DicomExportError(message) from error


def voxels_of(plane: Plane, volume: Volume) -> Index:
    """The voxel of ``volume`` that each pixel of ``plane`` is; numbers may lie outside the volume.

    Raises:
        DicomExportError: the pixels are no voxels of the volume.
    """
    pixel_to_ijk = np.linalg.solve(volume.ijk_to_ras, plane.pixel_to_ras)
    steps, origin = np.round(pixel_to_ijk[:3, :2]), np.round(pixel_to_ijk[:3, 3])
    far_corner = np.array([plane.columns - 1, plane.rows - 1])
    off = np.abs(pixel_to_ijk[:3, :2] - steps) @ far_corner + np.abs(pixel_to_ijk[:3, 3] - origin)
    whole = (np.abs(steps).sum(axis=0) == 1).all() and (np.abs(steps).sum(axis=1) <= 1).all()
    if not whole or off.max() > _OFF_BY_VOXELS:
        message = f"The images of the DICOM series are no slices of {volume.name}; choose the series it was read from."
        raise DicomExportError(message)
    column, row = np.arange(plane.columns)[None, :], np.arange(plane.rows)[:, None]
    i, j, k = (int(origin[a]) + column * int(steps[a, 0]) + row * int(steps[a, 1]) for a in range(3))
    return k, j, i


def inside(index: Index, volume: Volume) -> np.ndarray:
    """Which pixels of a frame (rows, columns) are voxels of ``volume``."""
    k, j, i = ((numbers >= 0) & (numbers < size) for numbers, size in zip(index, volume.shape, strict=True))
    return k & j & i


def _frame(dataset: Dataset, frame: Dataset, shared: Dataset) -> Plane:
    position = (frame if "PlanePositionSequence" in frame else shared).PlanePositionSequence[0]
    orientation = (frame if "PlaneOrientationSequence" in frame else shared).PlaneOrientationSequence[0]
    measures = (frame if "PixelMeasuresSequence" in frame else shared).PixelMeasuresSequence[0]
    return _plane(dataset, position, orientation, measures)


def _plane(dataset: Dataset, position: Dataset, orientation: Dataset, measures: Dataset) -> Plane:
    cosines = np.array([float(value) for value in orientation.ImageOrientationPatient])
    between_rows, between_columns = (float(value) for value in measures.PixelSpacing)
    to_lps = np.eye(4)
    to_lps[:3, 0] = cosines[:3] * between_columns
    to_lps[:3, 1] = cosines[3:] * between_rows
    to_lps[:3, 2] = np.cross(cosines[:3], cosines[3:])
    to_lps[:3, 3] = [float(value) for value in position.ImagePositionPatient]
    return Plane(LPS_TO_RAS @ to_lps, int(dataset.Rows), int(dataset.Columns))
