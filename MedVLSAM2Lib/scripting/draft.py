"""A draft report of a scan, and the files it leaves as."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from MedVLSAM2Lib.files.atomic_write import write_atomically
from MedVLSAM2Lib.report import ModelIdentity, ModelSentence, Report, draft_report, report_to_json
from MedVLSAM2Lib.report.drafting import window_of
from MedVLSAM2Lib.report.exporters.dicom_report import make_structured_report
from MedVLSAM2Lib.report.exporters.dicom_segmentation import make_segmentation
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.exporters.dicom_support import to_bytes
from MedVLSAM2Lib.report.exporters.html_page import html_page
from MedVLSAM2Lib.report.exporters.key_images import key_images
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.technique import read_header
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.volume import PackedMask, Volume


class ReportFileError(ValueError):
    """The report cannot be written under that name; the message is one sentence for the user."""


@dataclass(frozen=True)
class Draft:
    """A report, always marked as a draft, with all that its files need.

    Attributes:
        report: what is said; see ``MedVLSAM2Lib.report`` for what can be done with it.
        template: what it was drafted by.
        volume: the scan.
        masks: by segment id, on the scan's grid.
        dicom_files: of the series the scan came from; empty where it came from none.
    """

    report: Report
    template: Template
    volume: Volume = field(repr=False)
    masks: Mapping[str, PackedMask] = field(repr=False)
    dicom_files: tuple[Path, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        volume: Volume,
        template: Template,
        segments: Sequence[ScanSegment],
        model: ModelIdentity | None = None,
        indication: str = "",
        sentences: Sequence[ModelSentence] = (),
        dicom_files: Sequence[Path] = (),
        not_found: Sequence[str] = (),
    ) -> Draft:
        """What ``template`` says of measured ``segments``, and what the model said of them.

        Args:
            volume: the scan.
            template: the study type's.
            segments: of the scan.
            model: which model drew and wrote; None where none took part.
            indication: as a person typed it.
            sentences: the model's, with the ids of ``segments``.
            dicom_files: of the series the scan came from, for the technique and for DICOM export.
            not_found: what was looked for by name without finding it.
        """
        header = read_header(dicom_files[0]) if dicom_files else {}
        measured = [segment.for_report() for segment in segments]
        report = draft_report(template, measured, model, indication, header, sentences, not_found)
        masks = {segment.segment_id: segment.mask for segment in segments}
        return cls(report, template, volume, masks, tuple(dicom_files))

    @property
    def text(self) -> str:
        """The report as plain text."""
        return plain_text(self.report)

    def save(self, path: Path | str | None = None, dicom_folder: Path | str | None = None) -> tuple[Path, ...]:
        """Write the report to ``path`` (``.html``, ``.txt`` or ``.json``), and its SEG and SR to ``dicom_folder``.

        Everything is made before anything is written, and each file is whole or not there.

        Returns:
            What was written.

        Raises:
            ReportFileError: the ending is another one.
            DicomExportError: the scan did not come from a DICOM series, or its headers cannot be repeated.
            FileWriteError: the disk refused.
        """
        contents = {} if path is None else {Path(path): self._as(check_report_path(Path(path))).encode()}
        if dicom_folder is not None:
            contents |= {Path(dicom_folder) / name: content for name, content in self._dicom().items()}
        for file, content in contents.items():
            write_atomically(file, content)
        return tuple(contents)

    def _as(self, ending: str) -> str:
        return _WRITERS[ending](self)

    def _dicom(self) -> dict[str, bytes]:
        series = SourceSeries.read(self.dicom_files)
        segmentation = make_segmentation(self.report, self.volume, self.masks, series)
        structured = make_structured_report(self.report, self.template, segmentation, series)
        return {"segmentation.dcm": to_bytes(segmentation), "report.dcm": to_bytes(structured)}


def check_report_path(path: Path) -> str:
    """The ending of a report's file; ReportFileError where it can be written as none of that name."""
    if path.suffix.lower() not in _WRITERS:
        raise ReportFileError(f"{path.name} is no name for a report; end it in one of {', '.join(_WRITERS)}.")
    return path.suffix.lower()


def _page(draft: Draft) -> str:
    windows = {one: window_of(draft.template, segment) for one, segment in draft.report.segments.items()}
    return html_page(draft.report, key_images(draft.report, draft.volume, draft.masks, windows))


_WRITERS: Mapping[str, Callable[[Draft], str]] = {
    ".html": _page,
    ".txt": lambda draft: draft.text,
    ".json": lambda draft: report_to_json(draft.report),
}
