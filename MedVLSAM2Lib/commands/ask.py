"""``medvlsam2 ask VOLUME QUESTION``: an answer whose sentences were checked against the scan."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.files.segmentation_file import SegmentLook, write_segmentation
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.report.exporters.visible_text import visible
from MedVLSAM2Lib.report.report import DRAFT_MARK
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, SentenceStatus
from MedVLSAM2Lib.scripting.refusals import REFUSALS
from MedVLSAM2Lib.scripting.session import load_model
from MedVLSAM2Lib.session.opening import open_session
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Modality, Volume

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    parser.add_argument("volume", type=Path, help="NIfTI, NRRD or MHA file, or a DICOM folder")
    parser.add_argument("questions", nargs="+", metavar="QUESTION", help="asked one after the other")
    parser.add_argument("--evidence", type=Path, metavar="DIR", help="write what the answers point at as .seg.nrrd")
    parser.add_argument("--checkpoint", type=Path, default=bundled_checkpoint(), metavar="DIR", help="another model")
    parser.add_argument("--modality", choices=[modality.value for modality in Modality], help="when the file is silent")


def run(arguments: argparse.Namespace) -> int:
    """Answer: 0 when there are answers, 2 when the input cannot be used."""
    try:
        volume = read_volume(arguments.volume, Modality(arguments.modality) if arguments.modality else None)
        session = open_session(volume, volume.name, load_model(arguments.checkpoint))
        _answer(session, volume, arguments.questions, arguments.evidence)
    except REFUSALS as error:
        logger.error("%s", error)
        return 2
    return 0


def _answer(session: Session, volume: Volume, questions: list[str], evidence: Path | None) -> None:
    conversation: list[Turn] = []
    sys.stdout.write(f"{DRAFT_MARK}\n")
    for number, question in enumerate(questions, start=1):
        conversation.append(Turn("user", question))
        sys.stdout.write(f"> {visible(question)}\n")
        for event in session.ask(conversation, f"answer {number} object ", cancelled=lambda: False):
            if isinstance(event, AnswerSentence):
                sys.stdout.write(f"{visible(_shown(event))}\n")
                _write_evidence(session, volume, event, evidence)
            elif isinstance(event, AnswerDone):
                conversation.append(Turn("assistant", event.raw))
        sys.stdout.write(f"{DRAFT_MARK}\n")


def _shown(sentence: AnswerSentence) -> str:
    """The sentence with the objects it points at in square brackets."""
    if sentence.status is SentenceStatus.UNCONFIRMED:
        return f"({sentence.text})"
    text = sentence.text
    for link in reversed(sentence.links):
        what = "measured on " if link.is_measured else ""
        text = f"{text[: link.end]} [{what}{', '.join(link.object_ids)}]{text[link.end :]}"
    return text


def _write_evidence(session: Session, volume: Volume, sentence: AnswerSentence, folder: Path | None) -> None:
    if folder is None:
        return
    for link in sentence.links:
        if not link.is_measured:
            name = sentence.text[link.start : link.end]
            for object_id in link.object_ids:
                path = folder / f"{object_id.replace(' ', '_')}.seg.nrrd"
                write_segmentation(path, session.mask(object_id), volume, SegmentLook(name))
