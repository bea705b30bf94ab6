"""``medvlsam2 train STAGE``."""

from __future__ import annotations

import argparse

from MedVLSAM2Lib.training.stage_command import add_stages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    add_stages(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train until the schedule ends; the state of the run lies in its output folder."""
    arguments.run(arguments)
    return 0
