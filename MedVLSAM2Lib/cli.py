"""``medvlsam2``: everything that can be done from a terminal."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.commands.positions import bound_to_their_options

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Command:
    """A command: what it does, and the module with its ``add_arguments(parser)`` and ``run(arguments)``.

    The module is imported only when the command is used, so that ``medvlsam2 --help`` needs neither torch nor Qt.
    """

    summary: str
    module: str


COMMANDS: dict[str, Command] = {
    "segment": Command("segment objects of a scan from points, boxes or words", "MedVLSAM2Lib.commands.segment"),
    "ask": Command("ask about a scan; what answers point at becomes segments", "MedVLSAM2Lib.commands.ask"),
    "report": Command("draft a report of what is found and measured in a scan", "MedVLSAM2Lib.commands.report"),
    "batch": Command("segment, measure and report every scan of a folder", "MedVLSAM2Lib.commands.batch"),
    "demo": Command("click in a scan in the panel and save what comes out", "MedVLSAM2Lib.commands.demo"),
    "evaluate": Command(
        "measure accuracy, language, speed and orientation handling", "MedVLSAM2Lib.evaluation.command"
    ),
    "models": Command("list, download, import, check and remove published weights", "MedVLSAM2Lib.commands.models"),
    "environment": Command(
        "check, install and pack the Python packages that are needed", "MedVLSAM2Lib.commands.environment"
    ),
    "train": Command("train the model, stage by stage", "MedVLSAM2Lib.commands.train"),
    "worker": Command("be the engine of a panel that comes in by SSH", "MedVLSAM2Lib.commands.worker"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 a requirement is not met, 2 the input cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    given = bound_to_their_options(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in COMMANDS:
        _overview().parse_args(given)
        _overview().print_usage(sys.stderr)
        return 2
    try:
        return _run(*given)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("MedVLSAM2Lib"):
            raise
        logger.error("The package %s is not installed; medvlsam2 environment check tells what is needed.", error.name)
        return 1


def _run(name: str, *arguments: str) -> int:
    module = import_module(COMMANDS[name].module)
    parser = argparse.ArgumentParser(prog=f"medvlsam2 {name}", description=COMMANDS[name].summary)
    module.add_arguments(parser)
    status: int = module.run(parser.parse_args(arguments))
    return status


def _overview() -> argparse.ArgumentParser:
    """The parser that explains the commands; each parses its own arguments."""
    parser = argparse.ArgumentParser(prog="medvlsam2", description="Click in a scan, get a 3D segment.")
    parser.add_argument("--version", action="version", version=f"medvlsam2 {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.summary)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
