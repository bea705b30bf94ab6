"""The scan in a DICOM folder."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from MedVLSAM2Lib.files.geometry import LPS_TO_RAS, ijk_to_ras
from MedVLSAM2Lib.volume import VolumeError

logger = logging.getLogger(__name__)

_MODALITY, _POSITION, _ORIENTATION, _PIXEL_SPACING = "0008|0060", "0020|0032", "0020|0037", "0028|0030"
_UNEVEN_SHARE = 0.1
_SAME_PLACE_MM = 1e-3


@dataclass(frozen=True)
class DicomScan:
    """What was read of a series.

    Attributes:
        array: intensities (K, J, I), slices in the order of their place.
        ijk_to_ras: 4×4; sheared where the gantry was tilted.
        modality: DICOM's code, such as ``"CT"``; empty when it is not given.
        files: of the series, in the order of their place.
    """

    array: np.ndarray
    ijk_to_ras: np.ndarray
    modality: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _SliceHeader:
    position: np.ndarray
    orientation: np.ndarray
    row_spacing: float
    column_spacing: float


def read_dicom_folder(folder: Path) -> DicomScan:
    """Read the largest series in ``folder`` or the folders in it: a localizer beside the scan is not what one wants.

    Raises:
        VolumeError: there is none, slices are missing or unevenly spaced, or several volumes share the series.
    """
    files = largest_series(folder)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(files)
    first = _header(files[0])
    modality = first.GetMetaData(_MODALITY).strip() if first.HasMetaDataKey(_MODALITY) else ""
    try:
        image = reader.Execute() if len(files) > 1 else sitk.ReadImage(files[0])
    except RuntimeError as error:
        message = f"The DICOM series in {folder} cannot be read; check that every file is there and whole."
        raise VolumeError(message) from error
    matrix = _matrix_from_slices(files, folder) if len(files) > 1 else ijk_to_ras(image)
    return DicomScan(sitk.GetArrayFromImage(image), matrix, modality, tuple(Path(file) for file in files))


def holds_dicom(folder: Path) -> bool:
    """Whether there is a DICOM image in ``folder`` or the folders in it."""
    return any(sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(place)) for place in _places(folder))


def largest_series(folder: Path) -> list[str]:
    """The files of the largest series in ``folder`` or the folders in it, in the order of their place.

    Raises:
        VolumeError: there is none.
    """
    places = _places(folder)
    for place in places:
        _check_readable(place)
    series = [
        list(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(place), uid))
        for place in places
        for uid in sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(place))
    ]
    if not series:
        raise VolumeError(f"There is no DICOM image in {folder}; choose the folder that holds the scan's files.")
    largest = max(series, key=len)
    if len(series) > 1:
        # The folder is not named: its name is often the patient's.
        logger.info("There are %d series; the one of %d files is used.", len(series), len(largest))
    return largest


def _places(folder: Path) -> list[Path]:
    return [folder, *sorted(place for place in folder.rglob("*") if place.is_dir())]


def _check_readable(folder: Path) -> None:
    # GDCM stops at the first such entry, and gives what it found until then for the whole series.
    for entry in folder.iterdir():
        if not entry.is_file() and not entry.is_dir():
            message = f"{entry} is no file that can be read, a link to nothing perhaps; take it out of the folder."
            raise VolumeError(message)


def _matrix_from_slices(files: list[str], folder: Path) -> np.ndarray:
    # ITK takes the slices to be stacked at right angles; where the gantry was tilted they are not.
    headers = [_slice_header(file) for file in files]
    positions = np.array([header.position for header in headers])
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    _check_even(positions, step, folder)
    first = headers[0]
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, 0] = first.orientation[:3] * first.column_spacing
    ijk_to_lps[:3, 1] = first.orientation[3:] * first.row_spacing
    ijk_to_lps[:3, 2] = step
    ijk_to_lps[:3, 3] = first.position
    return LPS_TO_RAS @ ijk_to_lps


def _check_even(positions: np.ndarray, step: np.ndarray, folder: Path) -> None:
    gaps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    if (gaps < _SAME_PLACE_MM).any():
        message = f"The DICOM series in {folder} holds several images of one place; separate its phases first."
        raise VolumeError(message)
    expected = positions[0] + np.arange(len(positions))[:, None] * step
    if np.linalg.norm(positions - expected, axis=1).max() > _UNEVEN_SHARE * np.linalg.norm(step):
        message = f"Slices of the DICOM series in {folder} are missing or unevenly spaced; load the whole series."
        raise VolumeError(message)


def _slice_header(file: str) -> _SliceHeader:
    reader = _header(file)
    row_spacing, column_spacing = _numbers(reader, _PIXEL_SPACING, 2, file)
    return _SliceHeader(
        _numbers(reader, _POSITION, 3, file),
        _numbers(reader, _ORIENTATION, 6, file),
        float(row_spacing),
        float(column_spacing),
    )


def _header(file: str) -> sitk.ImageFileReader:
    reader = sitk.ImageFileReader()
    reader.SetFileName(file)
    reader.LoadPrivateTagsOff()
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise VolumeError(f"{file} cannot be read as a DICOM image; check that the file is whole.") from error
    return reader


def _numbers(reader: sitk.ImageFileReader, tag: str, count: int, file: str) -> np.ndarray:
    text = reader.GetMetaData(tag) if reader.HasMetaDataKey(tag) else ""
    try:
        numbers = np.array([float(part) for part in text.split("\\")])
    except ValueError:
        numbers = np.empty(0)
    if numbers.size != count:
        raise VolumeError(f"{file} does not say where its slice lies ({tag}); choose a series of slices.")
    return numbers
