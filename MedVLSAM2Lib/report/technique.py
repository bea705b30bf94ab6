"""How the scan was made, from its DICOM header."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

logger = logging.getLogger(__name__)

HEADER_TAGS: Mapping[str, str] = MappingProxyType(
    {
        "ContrastBolusAgent": "0018|0010",
        "ContrastBolusRoute": "0018|1040",
        "ConvolutionKernel": "0018|1210",
        "EchoTime": "0018|0081",
        "FlipAngle": "0018|1314",
        "KVP": "0018|0060",
        "MagneticFieldStrength": "0018|0087",
        "Manufacturer": "0008|0070",
        "ManufacturerModelName": "0008|1090",
        "Modality": "0008|0060",
        "PatientPosition": "0018|5100",
        "PixelSpacing": "0028|0030",
        "RepetitionTime": "0018|0080",
        "ScanningSequence": "0018|0020",
        "SliceThickness": "0018|0050",
        "SpacingBetweenSlices": "0018|0088",
    }
)
"""What may be said of a header. Nothing here names a patient, a place or a day; free descriptions, which may, are left out."""

HEADER_KEYWORDS = frozenset(HEADER_TAGS)
"""Their names."""

_LONGEST = 64
_MODALITIES = {"PT": "PET"}


def read_header(file: Path) -> dict[str, list[str]]:
    """What a DICOM file says of ``HEADER_TAGS``: each value's parts; empty where it cannot be read as DICOM."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(file))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        # Neither the file's name nor what the reader says of it: both may hold the patient's.
        logger.warning("The header of a file of the scan cannot be read.")
        return {}
    there = {name: tag for name, tag in HEADER_TAGS.items() if reader.HasMetaDataKey(tag)}
    return {name: reader.GetMetaData(tag).split("\\") for name, tag in there.items()}


def header_words(header: Mapping[str, object]) -> dict[str, str]:
    """The known keywords of a DICOM header as words for a sentence; empty values are left out.

    Args:
        header: DICOM keywords and values, as plain Python or pydicom's own types.
    """
    words = {name: _words(header[name]) for name in HEADER_KEYWORDS if name in header}
    if "Modality" in words:
        words["Modality"] = _MODALITIES.get(words["Modality"], words["Modality"])
    return {name: text for name, text in words.items() if text}


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        parts = [_words(part) for part in value]
        return " × ".join(parts)
    text = " ".join(str(value).split())[:_LONGEST]
    return f"{round(float(text), 2):g}" if _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e9
    except ValueError:
        return False
