"""How the scan was made, from its DICOM header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

HEADER_KEYWORDS = frozenset(
    {
        "ContrastBolusAgent",
        "ContrastBolusRoute",
        "ConvolutionKernel",
        "EchoTime",
        "FlipAngle",
        "KVP",
        "MagneticFieldStrength",
        "Manufacturer",
        "ManufacturerModelName",
        "Modality",
        "PatientPosition",
        "PixelSpacing",
        "RepetitionTime",
        "ScanningSequence",
        "SliceThickness",
        "SpacingBetweenSlices",
    }
)
"""What may be said of a header. Nothing here names a patient, a place or a day; free descriptions, which may, are left out."""

_LONGEST = 64
_MODALITIES = {"PT": "PET"}


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
