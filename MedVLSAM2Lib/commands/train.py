"""``medvlsam2 train``: the training command of ``python -m MedVLSAM2Lib.training``."""

from __future__ import annotations

import argparse

from MedVLSAM2Lib.training.__main__ import add_train_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    add_train_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train until the schedule ends; the state of the run lies in its output folder."""
    arguments.run(arguments)
    return 0
