"""``medvlsam2 train STAGE``."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from MedVLSAM2Lib.files.atomic_write import FileWriteError
from MedVLSAM2Lib.files.scan_collection import CollectionError
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.training.data.own_scans import TrainingDataError
from MedVLSAM2Lib.training.learning.training_run import BEST, LATEST
from MedVLSAM2Lib.training.stage_command import FINETUNE, add_stages

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    add_stages(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train until the schedule ends; the state of the run lies in its output folder.

    A fine-tuned checkpoint is then compared with the one it began with, on the scans that were held out. The exit status
    is 2 when the data, the checkpoint or the disk cannot be used.
    """
    try:
        arguments.run(arguments)
        if getattr(arguments, "stage", "") == FINETUNE and arguments.start is not None:
            _compare(arguments.data, arguments.start, arguments.output)
    except (CheckpointError, CollectionError, FileWriteError, TrainingDataError) as error:
        logger.error("%s", error)
        return 2
    return 0


def _compare(data: Path, before: Path, output: Path) -> None:
    from MedVLSAM2Lib.evaluation.suites.before_after import run_before_after

    logger.info("Comparing with the checkpoint before, on the scans that were held out…")
    after = next(output / which for which in (BEST, LATEST) if (output / which).is_dir())
    report = run_before_after(data, before, after)
    sys.stdout.write(report.markdown)
    report.write(output)
