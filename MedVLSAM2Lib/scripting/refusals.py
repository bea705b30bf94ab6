"""The errors whose message is one sentence for the user."""

from __future__ import annotations

from MedVLSAM2Lib.files.atomic_write import FileWriteError
from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.devices import NotEnoughMemory
from MedVLSAM2Lib.model.medvlsam2.model import CapabilityError
from MedVLSAM2Lib.prompts import PromptError
from MedVLSAM2Lib.report import TemplateError
from MedVLSAM2Lib.report.exporters.dicom_support import DicomExportError
from MedVLSAM2Lib.scripting.draft import ReportFileError
from MedVLSAM2Lib.volume import VolumeError

REFUSALS: tuple[type[Exception], ...] = (
    VolumeError,
    PromptError,
    CapabilityError,
    CheckpointError,
    NotEnoughMemory,
    SegmentationFileError,
    TemplateError,
    ReportFileError,
    DicomExportError,
    FileWriteError,
)
"""What a session, its segments and its drafts raise when the input cannot be used."""
