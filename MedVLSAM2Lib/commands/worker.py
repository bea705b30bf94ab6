"""``medvlsam2 worker``: the engine for a panel on another machine, started by SSH."""

from __future__ import annotations

import argparse
import sys

from MedVLSAM2Lib.engine.kept_volumes import usual_folder
from MedVLSAM2Lib.engine.remote_worker import KEEP_S, run_remote_worker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    parser.add_argument(
        "--keep",
        type=float,
        default=KEEP_S,
        metavar="SECONDS",
        help="how long a scan stays in this machine's memory after a lost connection (default: %(default)g)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve the client on stdin and stdout until it leaves."""
    if sys.stdin.isatty():
        sys.stderr.write("This command is started by the panel through SSH; choose this machine there.\n")
        return 2
    return run_remote_worker(usual_folder(), arguments.keep)
