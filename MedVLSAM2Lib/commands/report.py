"""``medvlsam2 report VOLUME -o report.html``: a draft of what is found, measured and said, without a screen."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.files.volume_file import read_scan
from MedVLSAM2Lib.report import DRAFT_MARK, ModelIdentity, TemplateError
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.scripting.draft import Draft, check_report_path
from MedVLSAM2Lib.scripting.refusals import REFUSALS
from MedVLSAM2Lib.scripting.report_templates import template_for, template_named, template_names
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.scripting.segment_files import read_segments
from MedVLSAM2Lib.scripting.session import Session, load_model
from MedVLSAM2Lib.volume import Modality, Volume

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    parser.add_argument("volume", type=Path, help="NIfTI, NRRD or MHA file, or a DICOM folder")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="ends in .html (with key images), .txt or .json",
    )
    parser.add_argument(
        "--template", metavar="NAME", help=f"{template_names()}, or a template's file; else by what is segmented"
    )
    parser.add_argument("--indication", default="", metavar="TEXT", help="why the scan was made")
    parser.add_argument(
        "--segmentation",
        type=Path,
        metavar="FILE",
        help="a .seg.nrrd or DICOM SEG of the scan, instead of finding by name",
    )
    parser.add_argument("--no-language", action="store_true", help="neither find by name nor let the model write")
    parser.add_argument(
        "--dicom-out", type=Path, metavar="DIR", help="write DICOM SEG and SR too; needs a DICOM folder as volume"
    )
    parser.add_argument("--checkpoint", type=Path, default=bundled_checkpoint(), metavar="DIR", help="another model")
    parser.add_argument("--modality", choices=[modality.value for modality in Modality], help="when the file is silent")


def run(arguments: argparse.Namespace) -> int:
    """Draft and write: 0 when the files are there, 2 when the input cannot be used."""
    # It tells of every attribute that it copies.
    logging.getLogger("highdicom").setLevel(logging.WARNING)
    try:
        written = _draft(arguments).save(arguments.output, arguments.dicom_out)
    except REFUSALS as error:
        logger.error("%s", error)
        return 2
    sys.stdout.write("".join(f"{path}\n" for path in written) + f"{DRAFT_MARK}\n")
    return 0


def _draft(arguments: argparse.Namespace) -> Draft:
    # What can be refused at once is, before anything takes long.
    check_report_path(arguments.output)
    template = template_named(arguments.template) if arguments.template else None
    scan = read_scan(arguments.volume, Modality(arguments.modality) if arguments.modality else None)
    volume, dicom_files = scan.volume, scan.dicom_files
    if arguments.dicom_out:
        SourceSeries.read(dicom_files)
    given = _given_segments(arguments, volume, template)
    if template is None:
        template = template_for([segment.name for segment in given or ()])
    session = None if arguments.no_language else Session(volume, load_model(arguments.checkpoint), dicom_files)
    if session is None or (given is not None and not session.offers_report):
        drawn_by = None if given is None else _whoever_drew(arguments.segmentation)
        return Draft.of(volume, template, given or (), drawn_by, arguments.indication, (), dicom_files)
    return session.report(template, arguments.indication, given)


def _whoever_drew(segmentation: Path) -> ModelIdentity:
    """A file of segments does not tell who drew them: to say that no model took part would be a guess."""
    return ModelIdentity(f"not recorded in {segmentation.name}", "(version unknown)", "unknown")


def _given_segments(
    arguments: argparse.Namespace, volume: Volume, template: Template | None
) -> Sequence[ScanSegment] | None:
    """The segments of the segmentation file; None where none is named."""
    if arguments.segmentation is None:
        if template is None:
            raise TemplateError(f"Name a --template ({template_names()}), or give a --segmentation to guess it from.")
        return None
    return read_segments(arguments.segmentation, volume)
