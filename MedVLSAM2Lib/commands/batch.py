"""``medvlsam2 batch FOLDER -o DIR``: every scan of a folder segmented, measured and reported; run again, it goes on."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.prompts import PromptError
from MedVLSAM2Lib.report import DRAFT_MARK
from MedVLSAM2Lib.scripting.batch import TABLE, Batch, BatchError, BatchOutcome, BatchTask
from MedVLSAM2Lib.scripting.refusals import REFUSALS
from MedVLSAM2Lib.scripting.report_templates import names_to_find, template_for, template_named, template_names
from MedVLSAM2Lib.scripting.session import load_model
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Modality

logger = logging.getLogger(__name__)

_REFUSALS: tuple[type[Exception], ...] = (*REFUSALS, BatchError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    parser.add_argument("folder", type=Path, help="holds the scans: NIfTI, NRRD and MHA files, and DICOM folders")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help=f"a folder for each scan, and {TABLE} of all"
    )
    parser.add_argument(
        "--text", nargs="+", action="extend", default=[], metavar="PHRASE", help="what to look for, in words"
    )
    parser.add_argument(
        "--template", metavar="NAME", help=f"look for what this one is about: {template_names()}, or a template's file"
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="write a draft report of each scan, too, by --template or the one that fits",
    )
    parser.add_argument("--checkpoint", type=Path, default=bundled_checkpoint(), metavar="DIR", help="another model")
    parser.add_argument("--modality", choices=[modality.value for modality in Modality], help="when files are silent")


def run(arguments: argparse.Namespace) -> int:
    """Work through the folder: 0 when every scan is done, 1 when one failed, 2 when the input cannot be used."""
    try:
        outcome = _batch(arguments).run()
    except _REFUSALS as error:
        logger.error("%s", error)
        return 2
    for scan, why in outcome.failed.items():
        logger.error("%s: %s", scan, why)
    sys.stdout.write(_summary(outcome, arguments.output))
    return 1 if outcome.failed else 0


def _batch(arguments: argparse.Namespace) -> Batch:
    template = template_named(arguments.template) if arguments.template else None
    phrases = tuple(dict.fromkeys(arguments.text))
    if (not phrases and template is None) or not all(phrase.strip() for phrase in phrases):
        raise PromptError(f"There is nothing to look for; name it with --text, or a --template ({template_names()}).")
    model = load_model(arguments.checkpoint)
    if model.grounding is None:
        raise PromptError("The loaded model does not know words; choose one that does with --checkpoint.")
    if not phrases and template is not None:
        phrases = names_to_find(template, Vocabulary.read(), with_findings=model.finds_findings)
    report_template = (template or template_for(phrases)) if arguments.report else None
    modality = Modality(arguments.modality) if arguments.modality else None
    return Batch(arguments.folder, arguments.output, BatchTask(phrases, report_template, modality), model)


def _summary(outcome: BatchOutcome, output: Path) -> str:
    counts = f"{len(outcome.done)} done, {len(outcome.left)} done before, {len(outcome.failed)} failed"
    return f"{output / TABLE}: {counts}.\n{DRAFT_MARK}\n"
