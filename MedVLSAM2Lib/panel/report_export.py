"""A report written to files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.report import Report, report_to_json
from MedVLSAM2Lib.report.drafting import window_of
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.scene.dicom_files import dicom_files_of
from MedVLSAM2Lib.scene.segment_source import SegmentSource, look_at_segment
from MedVLSAM2Lib.scene.volume_reader import VolumeSource, look_at_volume
from MedVLSAM2Lib.volume import PackedMask


class ExportFormat(StrEnum):
    """What a report can leave as, as people call it."""

    PAGE = "Web page with key images (HTML)"
    TEXT = "Plain text"
    JSON = "JSON"
    DICOM = "DICOM SEG and SR"


@dataclass(frozen=True, eq=False)
class ReportMaterial:
    """All that an export needs, free of the scene: gathered on the GUI's thread, to be written on any.

    Attributes:
        report: the draft.
        template: its template.
        volume: the scan that was measured.
        segments: by id, those that are there.
        dicom_files: of the series the volume came from; empty where it came from none.
    """

    report: Report
    template: Template
    volume: VolumeSource
    segments: Mapping[str, SegmentSource | PackedMask]
    dicom_files: tuple[Path, ...]

    @classmethod
    def gather(cls, report: Report, template: Template, segmentation_node: Any, volume_node: Any) -> ReportMaterial:
        """From the scene; SceneError when the volume or the segmentation is gone."""
        volume = look_at_volume(volume_node)
        there = [one.segment_id for one in report.segments.values() if not one.deleted]
        sources = {one: look_at_segment(segmentation_node, volume_node, one) for one in there}
        segments = {one: source if source.is_free_of_the_scene else source.read() for one, source in sources.items()}
        return cls(report, template, volume, segments, dicom_files_of(volume_node))

    def masks(self) -> dict[str, PackedMask]:
        """The segments' voxels on the volume."""
        return {one: found if isinstance(found, PackedMask) else found.read() for one, found in self.segments.items()}


def write_report(material: ReportMaterial, kind: ExportFormat, folder: Path) -> tuple[Path, ...]:
    """Write the report into ``folder``, under names that nothing there has; each file is whole or not there.

    Raises:
        FileWriteError, DicomExportError, VolumeError: one sentence for the user.
    """
    from MedVLSAM2Lib.files.atomic_write import FileWriteError, write_atomically

    writers: dict[ExportFormat, Callable[[ReportMaterial], dict[str, bytes]]] = {
        ExportFormat.PAGE: lambda given: {"report.html": _page(given).encode()},
        ExportFormat.TEXT: lambda given: {"report.txt": plain_text(given.report).encode()},
        ExportFormat.JSON: lambda given: {"report.json": report_to_json(given.report).encode()},
        ExportFormat.DICOM: _dicom,
    }
    # All is made before anything is written: a SEG without its SR is no export.
    contents = writers[kind](material)
    stem = _free_stem(folder, _as_file_name(material.volume.name), contents)
    paths = {folder / f"{stem} {ending}": content for ending, content in contents.items()}
    written: list[Path] = []
    try:
        for path, content in paths.items():
            write_atomically(path, content)
            written.append(path)
    except FileWriteError:
        for path in written:  # under names that nothing had
            path.unlink()
        raise
    return tuple(written)


def _page(material: ReportMaterial) -> str:
    from MedVLSAM2Lib.report.exporters.html_page import html_page
    from MedVLSAM2Lib.report.exporters.key_images import key_images

    report = material.report
    windows = {one: window_of(material.template, segment) for one, segment in report.segments.items()}
    return html_page(report, key_images(report, material.volume.read(), material.masks(), windows))


def _dicom(material: ReportMaterial) -> dict[str, bytes]:
    from MedVLSAM2Lib.report.exporters.dicom_report import make_structured_report
    from MedVLSAM2Lib.report.exporters.dicom_segmentation import make_segmentation
    from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
    from MedVLSAM2Lib.report.exporters.dicom_support import to_bytes

    series = SourceSeries.read(material.dicom_files)
    segmentation = make_segmentation(material.report, material.volume.read(), material.masks(), series)
    report = make_structured_report(material.report, material.template, segmentation, series)
    return {"segmentation.dcm": to_bytes(segmentation), "report.dcm": to_bytes(report)}


def _free_stem(folder: Path, name: str, endings: Mapping[str, bytes]) -> str:
    stems = (name if number == 1 else f"{name} {number}" for number in count(1))
    return next(stem for stem in stems if not any((folder / f"{stem} {ending}").exists() for ending in endings))


def _as_file_name(name: str) -> str:
    """``name`` with what a file system may refuse as underscores."""
    return "".join(letter if letter.isalnum() or letter in " .-_()" else "_" for letter in name).strip(" .") or "scan"
