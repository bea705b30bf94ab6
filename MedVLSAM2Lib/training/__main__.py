"""``python -m MedVLSAM2Lib.training``: prepare the data, train, calibrate, export; train a tokenizer."""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint
from MedVLSAM2Lib.training.config import Schedule, TrainingConfig
from MedVLSAM2Lib.training.data.cache import default_cache, prepare
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageSource
from MedVLSAM2Lib.training.language.tokenizer import corpus, train_tokenizer, write_tokenizer
from MedVLSAM2Lib.training.learning.run import BEST, CALIBRATED, LATEST, calibrate_run, train
from MedVLSAM2Lib.training.model_card import write_card
from MedVLSAM2Lib.vocabulary import Vocabulary

DEFAULT_CONFIG = Path(__file__).parent / "configs" / "interactive.json"
COMMAND_OF_CARD = "python -m MedVLSAM2Lib.training train --config {config} --data ../shared/data/training --output DIR --initial WEIGHTS"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = parser().parse_args(arguments)
    chosen.run(chosen)
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    made = argparse.ArgumentParser(prog="python -m MedVLSAM2Lib.training", description=__doc__)
    commands = made.add_subparsers(required=True)
    _add_prepare(commands.add_parser("prepare", help="read the training data into the cache"))
    add_train_arguments(commands.add_parser("train", help="train the patch network, or go on with it"))
    _add_calibrate(commands.add_parser("calibrate", help="fit a run's estimate of its own quality"))
    _add_export(commands.add_parser("export", help="write a run's weights as a checkpoint with its card"))
    add_stage_arguments(commands.add_parser("stage", help="train language and masks together, one stage of it"))
    _add_tokenizer(commands.add_parser("tokenizer", help="train the tokenizer of the bundled size"))
    return made


def _add_prepare(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, required=True, help="training data, e.g. ../shared/data/training")
    command.add_argument("--cache", type=Path, default=default_cache(), help="where prepared cases are kept")
    command.set_defaults(run=lambda chosen: prepare(chosen.data, chosen.cache))


def add_train_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of ``train`` to ``command``; its ``run`` is set as their default."""
    _add_prepare(command)
    command.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="JSON file with the run's settings")
    command.add_argument("--output", type=Path, required=True, help="folder for the curve, the state and the weights")
    command.add_argument("--resume", action="store_true", help="go on from the state in the output folder")
    command.add_argument("--initial", type=Path, help="safetensors file to begin with")
    _add_length(command)
    command.set_defaults(run=_train)


def add_stage_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of a stage to ``command``; its ``run`` is set as their default."""
    command.add_argument("--config", type=Path, required=True, help="JSON file with the stage's settings")
    command.add_argument(
        "--data", type=Path, help="training data, e.g. ../shared/data/training; default: phantoms only"
    )
    command.add_argument(
        "--cache", type=Path, default=default_cache(), help="where prepared cases and phantoms are kept"
    )
    command.add_argument("--output", type=Path, required=True, help="folder for the curve, the state and the weights")
    command.add_argument("--resume", action="store_true", help="go on from the state in the output folder")
    command.add_argument("--from", dest="start", type=Path, help="checkpoint to begin with")
    command.add_argument("--tokenizer", type=Path, help="of a network that is made from nothing")
    command.add_argument("--masks", type=Path, help="safetensors file that the mask model of a new network begins with")
    _add_length(command)
    command.set_defaults(run=_stage)


def _add_length(command: argparse.ArgumentParser) -> None:
    length = command.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="length of the schedule in steps: repeats exactly")
    length.add_argument("--hours", type=float, help="length of the schedule in hours of training")


def _add_calibrate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--run", dest="folder", type=Path, required=True, help="output folder of a run")
    command.add_argument("--cache", type=Path, default=default_cache(), help="where prepared cases are kept")
    command.add_argument("--which", choices=(BEST, LATEST), default=LATEST, help="the weights to start from")
    command.add_argument("--objects", type=int, default=800, help="how many objects to fit to")
    command.set_defaults(run=lambda chosen: calibrate_run(chosen.folder, chosen.cache, chosen.which, chosen.objects))


def _add_export(command: argparse.ArgumentParser) -> None:
    command.add_argument("--run", dest="folder", type=Path, required=True, help="output folder of a run")
    command.add_argument("--to", type=Path, required=True, help="e.g. Resources/checkpoints/interactive")
    command.add_argument("--which", choices=(CALIBRATED, BEST, LATEST), help="default: calibrated, or best")
    command.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="for the card: the run's settings")
    command.add_argument("--note", default="", help="for the card: what the run began with, what changed while it ran")
    command.set_defaults(run=_export)


def _add_tokenizer(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", type=Path, required=True, help="folder for the tokenizer")
    command.add_argument("--size", type=int, default=3000, help="how many tokens it has at most")
    command.add_argument("--people", type=int, default=24, help="how many phantoms to talk about")
    command.add_argument("--examples", type=int, default=2000, help="how many conversations to learn from")
    command.set_defaults(run=_tokenizer)


def _tokenizer(chosen: argparse.Namespace) -> None:
    vocabulary = Vocabulary.read()
    # What is said depends on the facts, and those hardly on the grid.
    config = LanguageConfig(grid=(40, 56, 56), people=chosen.people)
    source = LanguageSource(People(vocabulary, in_memory=2 * chosen.people), vocabulary, config=config)
    write_tokenizer(train_tokenizer(corpus(source, vocabulary, chosen.examples), chosen.size), chosen.output)


def _stage(chosen: argparse.Namespace) -> None:
    # transformers, which all of this needs, takes seconds to import.
    from MedVLSAM2Lib.training.joint.config import JointConfig
    from MedVLSAM2Lib.training.joint.run import train_stage

    config = JointConfig.read(chosen.config)
    config = replace(config, schedule=_schedule(config.schedule, chosen))
    if chosen.data is not None:
        prepare(chosen.data, chosen.cache)
    train_stage(
        config,
        chosen.output,
        tokenizer=chosen.tokenizer,
        start=chosen.start,
        masks=chosen.masks,
        cache=chosen.cache if chosen.data is not None else None,
        people=chosen.cache / "people",
        resume=chosen.resume,
    )


def _schedule(schedule: Schedule, chosen: argparse.Namespace) -> Schedule:
    """The config's schedule, or the length that was asked for."""
    if chosen.hours is not None:
        return replace(schedule, steps=None, seconds=chosen.hours * 3600)
    return schedule if chosen.steps is None else replace(schedule, steps=chosen.steps, seconds=None)


def _train(chosen: argparse.Namespace) -> None:
    prepare(chosen.data, chosen.cache)
    config = TrainingConfig.read(chosen.config)
    config = replace(config, schedule=_schedule(config.schedule, chosen))
    train(config, chosen.cache, chosen.output, resume=chosen.resume, initial=chosen.initial)


def _export(chosen: argparse.Namespace) -> None:
    which = chosen.which or (CALIBRATED if (chosen.folder / CALIBRATED).exists() else BEST)
    source = chosen.folder / which
    load_checkpoint(source)  # says what is wrong before anything is replaced
    shutil.copytree(source, chosen.to, dirs_exist_ok=True)
    write_card(chosen.to, chosen.folder, COMMAND_OF_CARD.format(config=_in_checkout(chosen.config)), chosen.note)


def _in_checkout(path: Path) -> str:
    """The path as somebody in the checkout's root would type it."""
    root, whole = Path(__file__).resolve().parents[2], path.resolve()
    return (whole.relative_to(root) if whole.is_relative_to(root) else path).as_posix()


if __name__ == "__main__":
    raise SystemExit(main())
