"""``python -m MedVLSAM2Lib.training``: prepare the data, train, calibrate, export; train a tokenizer."""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from MedVLSAM2Lib.files.atomic_write import FileWriteError
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.training.data.cache import default_cache, load_cases, prepare
from MedVLSAM2Lib.training.data.own_scans import TrainingDataError
from MedVLSAM2Lib.training.learning.run import calibrate_run
from MedVLSAM2Lib.training.learning.training_run import BEST, LATEST
from MedVLSAM2Lib.training.stage_command import add_stages

logger = logging.getLogger(__name__)

SURVEYED_SCANS = 28
COMMAND_OF_CARD = "medvlsam2 train all --data ../shared/data/training --output DIR"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 2 when a checkpoint or the data cannot be used, or the disk refused."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except (CheckpointError, FileWriteError, TrainingDataError) as error:
        logger.error("%s", error)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    made = argparse.ArgumentParser(prog="python -m MedVLSAM2Lib.training", description=__doc__)
    commands = made.add_subparsers(required=True)
    _add_prepare(commands.add_parser("prepare", help="read the training data into the cache"))
    add_stages(commands.add_parser("train", help="train one stage, or go on with it"))
    _add_calibrate(commands.add_parser("calibrate", help="fit a run's estimate of its own quality"))
    _add_export(commands.add_parser("export", help="write a run's weights as a checkpoint with its card"))
    _add_tokenizer(commands.add_parser("tokenizer", help="train the tokenizer of the bundled size"))
    return made


def _add_prepare(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, required=True, help="training data, e.g. ../shared/data/training")
    command.add_argument("--cache", type=Path, default=default_cache(), help="where prepared cases are kept")
    command.set_defaults(run=lambda chosen: prepare(chosen.data, chosen.cache))


def _add_calibrate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--run", dest="folder", type=Path, required=True, help="output folder of a run")
    command.add_argument("--cache", type=Path, default=default_cache(), help="where prepared cases are kept")
    command.add_argument("--which", choices=(BEST, LATEST), default=LATEST, help="the weights to start from")
    command.add_argument("--objects", type=int, default=800, help="how many objects to fit to")
    command.set_defaults(run=lambda chosen: calibrate_run(chosen.folder, chosen.cache, chosen.which, chosen.objects))


def _add_export(command: argparse.ArgumentParser) -> None:
    command.add_argument("--run", dest="folder", type=Path, required=True, help="output folder of a stage")
    command.add_argument("--to", type=Path, required=True, help="e.g. Resources/checkpoints/tiny")
    command.add_argument("--which", choices=(BEST, LATEST), default=BEST, help="the weights")
    command.add_argument(
        "--clicks", type=Path, help="mask model that answers clicks; the stage's own then only locates"
    )
    command.add_argument("--evaluation", type=Path, nargs="*", default=[], help="tables of evaluate, for the card")
    command.add_argument("--note", default="", help="for the card: what the run began with, what changed while it ran")
    command.add_argument(
        "--survey", action="store_true", help="answer from what is found reliably in held-out scans (takes minutes)"
    )
    command.add_argument("--cache", type=Path, default=default_cache(), help="where prepared cases are kept")
    command.add_argument(
        "--offers", nargs="*", default=["phrase", "question", "report"], help="what it does with words; all if left out"
    )
    command.set_defaults(run=_export)


def _add_tokenizer(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", type=Path, required=True, help="folder for the tokenizer")
    command.add_argument("--size", type=int, default=3000, help="how many tokens it has at most")
    command.add_argument("--people", type=int, default=24, help="how many phantoms to talk about")
    command.add_argument("--examples", type=int, default=2000, help="how many conversations to learn from")
    command.set_defaults(run=_tokenizer)


def _tokenizer(chosen: argparse.Namespace) -> None:
    # transformers takes seconds to import.
    from MedVLSAM2Lib.training.recipe import SPOKEN_OF, make_tokenizer

    make_tokenizer(chosen.output, replace(SPOKEN_OF, people=chosen.people), chosen.examples, chosen.size)


def _export(chosen: argparse.Namespace) -> None:
    from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
    from MedVLSAM2Lib.training.joint.card import write_card
    from MedVLSAM2Lib.training.joint.compose import compose
    from MedVLSAM2Lib.training.joint.config import TRAINED
    from MedVLSAM2Lib.training.joint.offering import offer
    from MedVLSAM2Lib.training.replaced_checkpoint import replaced_checkpoint

    source = chosen.folder / chosen.which
    MedVLSam2Model.from_pretrained(source, TRAINED)  # says what is wrong before anything is replaced
    if chosen.clicks is None:
        with replaced_checkpoint(chosen.to) as folder:
            shutil.copytree(source, folder, dirs_exist_ok=True)
    else:
        compose(source, chosen.clicks, chosen.to)
    offer(chosen.to, chosen.offers)
    if chosen.survey:
        _survey(chosen.to, chosen.cache)
    write_card(chosen.to, chosen.folder, COMMAND_OF_CARD, chosen.evaluation, chosen.note)


def _survey(checkpoint: Path, cache: Path) -> None:
    from MedVLSAM2Lib.training.joint.offering import answer_from_surveys

    cases = load_cases(cache) if cache.exists() else []
    for found in answer_from_surveys(checkpoint, cases, cache / "people", SURVEYED_SCANS):
        logger.info("%s", found.summary())


if __name__ == "__main__":
    raise SystemExit(main())
