"""What both DICOM exports share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.report.codes import PRIVATE_SCHEME, Code
from MedVLSAM2Lib.report.exporters.visible_text import visible
from MedVLSAM2Lib.report.report import ModelIdentity

if TYPE_CHECKING:
    from highdicom.coding_schemes import CodingSchemeIdentificationItem
    from highdicom.sr import CodedConcept
    from pydicom import Dataset

DRAFT_DESCRIPTION = "DRAFT, not for clinical use, unsigned"
"""The draft mark in DICOM's own characters and lengths."""

UNSIGNED_PERSON = "UNSIGNED^DRAFT"
"""Stands where DICOM names a person: nobody has signed."""

MAKER = "MedVLSAM2"
_UTF8 = "ISO_IR 192"
_LO = 64


class DicomExportError(ValueError):
    """The report cannot leave as DICOM; the message is one sentence for the user."""


def require_highdicom() -> None:
    """Raise DicomExportError when what writes DICOM is not installed."""
    if find_spec("highdicom") is None:
        message = "DICOM export needs the package highdicom; install it with: pip install 'medvlsam2[report]'."
        raise DicomExportError(message)


@contextmanager
def told_in_one_sentence() -> Iterator[None]:
    """Turn what highdicom says of a header it cannot repeat into a DicomExportError."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, DicomExportError):
            raise
        reason = " ".join(str(error).split())
        message = f"The headers of the DICOM series cannot be repeated ({reason}); export the report in another format."
        raise DicomExportError(message) from error


def concept(code: Code) -> CodedConcept:
    """A coded word as highdicom takes it."""
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, short(code.meaning))


def short(text: str, longest: int = _LO) -> str:
    """``text`` as a DICOM Long String: one line, no backslash (which separates values), at most 64 characters."""
    return " ".join(visible(text).replace("\\", "/").split())[:longest].strip()


def long(text: str) -> str:
    """``text`` as a DICOM text of many lines."""
    return visible(text).replace("\\", "/").replace("\n", "\r\n")


def common(model: ModelIdentity | None) -> dict[str, Any]:
    """What says who made an object, for highdicom's constructors."""
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": short(model.name) if model else MAKER,
        "software_versions": __version__,
        "device_serial_number": model.checkpoint_sha256[:_LO] if model else "none",
        "series_description": DRAFT_DESCRIPTION,
        "specific_character_set": _UTF8,
        "coding_schemes": [_private_scheme()],
    }


def to_bytes(dataset: Dataset) -> bytes:
    """The DICOM file of an object, for ``write_atomically``."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def new_uid() -> str:
    """A UID nobody else has (from a random UUID, DICOM PS3.5 B.2)."""
    from pydicom.uid import generate_uid

    return generate_uid(prefix=None)


def _private_scheme() -> CodingSchemeIdentificationItem:
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return CodingSchemeIdentificationItem(
        PRIVATE_SCHEME, name="MedVLSAM2 measurement methods", responsible_organization=MAKER
    )
