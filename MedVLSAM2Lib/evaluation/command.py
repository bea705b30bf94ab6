"""``medvlsam2 evaluate SUITE``: run a suite, print its tables, write them and everything behind them."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine import LocalLauncher
from MedVLSAM2Lib.evaluation.cases import CaseError, find_cases
from MedVLSAM2Lib.evaluation.report import Report
from MedVLSAM2Lib.evaluation.segmenters import MODEL_COLUMN, SegmenterChoice
from MedVLSAM2Lib.evaluation.session_segmenter import SessionSegmenter
from MedVLSAM2Lib.evaluation.simulated_user import Start
from MedVLSAM2Lib.evaluation.suites.latency import QUICK_SIZES, SIZES, LatencyError, run_latency
from MedVLSAM2Lib.evaluation.suites.orientation_subjects import orientation_subjects
from MedVLSAM2Lib.evaluation.suites.orientations import run_orientations
from MedVLSAM2Lib.evaluation.suites.segmentation import SegmentationPlan, run_segmentation
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.session.mask_models import load_mask_model

logger = logging.getLogger(__name__)

_QUICK_CASES = ("openkbp_pt_4", "sts_STS_008/CT", "pyrad_brain1", "cip_chest64")
_QUICK_OBJECTS = 2
_QUICK_ORIENTATIONS = 16


class UsageError(ValueError):
    """The suite cannot run as it was asked for; the message is one sentence for the user."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    parser.add_argument("suite", choices=tuple(_SUITES), help="what to measure")
    parser.add_argument("--checkpoint", type=Path, default=bundled_checkpoint(), metavar="DIR", help="another model")
    parser.add_argument(
        "--baseline", type=Path, action="append", default=[], metavar="DIR", help="another checkpoint beside it"
    )
    parser.add_argument("--no-classical", action="store_true", help="leave the classical baselines out")
    parser.add_argument(
        "--scans", type=Path, default=Path("../shared/data/scans"), metavar="DIR", help="folder of labelled scans"
    )
    parser.add_argument("--cases", nargs="+", default=[], metavar="NAME", help="only these cases (* and ? may be used)")
    parser.add_argument("--quick", action="store_true", help="a small part of the suite, to see that it runs")
    parser.add_argument(
        "--starts",
        nargs="+",
        type=Start,
        default=list(Start),
        choices=list(Start),
        help="how users begin (segmentation)",
    )
    parser.add_argument(
        "--interactions", type=int, default=5, metavar="N", help="prompts on each object, from 1 (segmentation)"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes, of one thread each (segmentation)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write SUITE.json and SUITE.md there")


def run(arguments: argparse.Namespace) -> int:
    """Run the suite: 0 when it ran and its requirements hold, 1 when one does not, 2 when it could not run."""
    try:
        report = _SUITES[arguments.suite](arguments)
    except (CaseError, CheckpointError, LatencyError, UsageError) as error:
        logger.error("%s", error)
        return 2
    sys.stdout.write(report.markdown)
    if arguments.output is not None:
        written = report.write(arguments.output)
        logger.info("Written: %s", ", ".join(str(path) for path in written))
    return 0 if report.passed else 1


def _segmentation(arguments: argparse.Namespace) -> Report:
    patterns = arguments.cases or (_QUICK_CASES if arguments.quick else ())
    cases = find_cases(arguments.scans, patterns)
    if arguments.interactions < 1:
        raise UsageError("Objects need one prompt at least; give --interactions 1 or more.")
    most_objects = _QUICK_OBJECTS if arguments.quick else None
    plan = SegmentationPlan(tuple(arguments.starts), arguments.interactions, most_objects)
    choice = SegmenterChoice(arguments.checkpoint, tuple(arguments.baseline), not arguments.no_classical)
    return run_segmentation(cases, choice.make, plan, arguments.jobs)


def _orientations(arguments: argparse.Namespace) -> Report:
    segmenter = SessionSegmenter(load_mask_model(arguments.checkpoint), MODEL_COLUMN)
    subjects = orientation_subjects(None if arguments.quick else arguments.scans)
    return run_orientations(subjects, segmenter, _QUICK_ORIENTATIONS if arguments.quick else 1)


def _latency(arguments: argparse.Namespace) -> Report:
    _check_slicer()
    from MedVLSAM2Lib.evaluation.suites.scene_sink import open_scene_sink

    sizes = QUICK_SIZES if arguments.quick else SIZES
    return run_latency(arguments.checkpoint, open_scene_sink, LocalLauncher(), sizes)


def _segment_write(arguments: argparse.Namespace) -> Report:
    _check_slicer()
    from MedVLSAM2Lib.evaluation.suites.segment_write import QUICK_SHAPE, SHAPE, run_segment_write

    return run_segment_write(QUICK_SHAPE if arguments.quick else SHAPE)


def _slices_equality(arguments: argparse.Namespace) -> Report:
    _check_sam2()
    from MedVLSAM2Lib.evaluation.suites.slices_equality import CASES, QUICK_CASES, run_equality

    return run_equality(QUICK_CASES if arguments.quick else CASES)


def _slices_speed(arguments: argparse.Namespace) -> Report:
    _check_sam2()
    from MedVLSAM2Lib.evaluation.suites import slices_speed as suite

    slices, repeats = (suite.QUICK_SLICES, suite.QUICK_REPEATS) if arguments.quick else (suite.SLICES, suite.REPEATS)
    try:
        return suite.run_speed(slices=slices, repeats=repeats)
    except suite.SpeedError as error:
        raise UsageError(str(error)) from error


def _language(arguments: argparse.Namespace) -> Report:
    from MedVLSAM2Lib.evaluation.suites.language import LanguagePlan, run_language

    model = load_mask_model(arguments.checkpoint)
    if model.grounding is None or model.speaker is None:
        raise UsageError(
            f"The checkpoint in {arguments.checkpoint} knows no words; name one that was trained for them."
        )
    scans = find_cases(arguments.scans, arguments.cases) if arguments.scans.is_dir() and not arguments.quick else ()
    return run_language(model, LanguagePlan(2, 2) if arguments.quick else LanguagePlan(), scans)


def _check_sam2() -> None:
    if importlib.util.find_spec("sam2") is None or importlib.util.find_spec("transformers") is None:
        raise UsageError(
            "This suite compares with the package sam2; `make venv` installs it, and transformers with it."
        )


def _check_slicer() -> None:
    if importlib.util.find_spec("slicer") is None:
        raise UsageError("This suite writes into a Slicer scene; install slicer-core, or run it in Slicer's Python.")


_SUITES: dict[str, Callable[[argparse.Namespace], Report]] = {
    "segmentation": _segmentation,
    "language": _language,
    "latency": _latency,
    "orientations": _orientations,
    "segment-write": _segment_write,
    "slices-equality": _slices_equality,
    "slices-speed": _slices_speed,
}
