"""``medvlsam2 train STAGE``: one stage of the recipe, or all of them one after the other."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from MedVLSAM2Lib.learning_start import why_not_learned_from
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.training.config import Schedule, TrainingConfig
from MedVLSAM2Lib.training.data.cache import default_cache, is_prepared, prepare
from MedVLSAM2Lib.training.data.own_scans import TrainingDataError
from MedVLSAM2Lib.training.learning.processes import AcceleratedProcesses, OneProcess, Processes
from MedVLSAM2Lib.training.learning.run import train
from MedVLSAM2Lib.training.learning.training_device import AUTO, training_device
from MedVLSAM2Lib.training.learning.training_state import Progress
from MedVLSAM2Lib.training.slices.config import KIND as SLICES
from MedVLSAM2Lib.training.slices.config import SliceTrainingConfig

CONFIGS = Path(__file__).parent / "configs"
PREPARED = "prepared"
INTERACTIVE, FINETUNE, ALL = "interactive", "finetune", "all"
STAGES = {
    "align": "teach volumes and captions to agree",
    "meaning": "teach words to be told apart, and the language model to speak of volumes",
    "caption": "teach the language model to speak of volumes",
    "joint": "teach masks to follow words, points and boxes, with the language model or beside it",
    "survey": "teach the language model to answer from what was found in a scan, while words go on to mean what they did",
    FINETUNE: "go on with a checkpoint on your own data, with few of its parts learning",
}


def add_stages(parser: argparse.ArgumentParser) -> None:
    """Add a command for each stage to ``parser``; each sets ``run`` to what it does."""
    stages = parser.add_subparsers(required=True, metavar="STAGE")
    _add_interactive(stages.add_parser(INTERACTIVE, help="teach the mask model clicks, boxes, scribbles and lassos"))
    for name, what in STAGES.items():
        _add_stage(stages.add_parser(name, help=what), name)
    _add_all(stages.add_parser(ALL, help="all stages from nothing to the bundled checkpoint"))


def _add_interactive(command: argparse.ArgumentParser) -> None:
    _add_common(command, INTERACTIVE, needs_data=True)
    command.add_argument("--initial", type=Path, help="safetensors file to begin with")
    command.set_defaults(run=_interactive)


def _add_stage(command: argparse.ArgumentParser, name: str) -> None:
    _add_common(command, name, needs_data=name == FINETUNE)
    command.add_argument("--from", dest="start", type=Path, help="checkpoint to begin with")
    command.add_argument("--tokenizer", type=Path, help="of a network that is made from nothing")
    command.add_argument("--masks", type=Path, help="safetensors file that the mask model of a new network begins with")
    command.set_defaults(run=_stage, stage=name)
    if name == FINETUNE:
        # Of one's own data there are many; each run prepares its own.
        command.set_defaults(cache=None)


def _add_all(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, required=True, help="training data, e.g. ../shared/data/training")
    command.add_argument("--cache", type=Path, default=default_cache(), help="where prepared cases are kept")
    command.add_argument(
        "--output", type=Path, required=True, help="a folder for each stage; begun ones are gone on with"
    )
    command.add_argument("--configs", type=Path, default=CONFIGS, help="folder with a JSON file for each stage")
    _add_device(command)
    command.set_defaults(run=_all)


def _add_common(command: argparse.ArgumentParser, name: str, needs_data: bool) -> None:
    command.add_argument("--config", type=Path, default=CONFIGS / f"{name}.json", help="JSON file with its settings")
    command.add_argument("--data", type=Path, required=needs_data, help="training data; default: phantoms only")
    command.add_argument("--cache", type=Path, default=default_cache(), help="where prepared cases are kept")
    command.add_argument("--output", type=Path, required=True, help="folder for the curve, the state and the weights")
    command.add_argument("--resume", action="store_true", help="go on from the state in the output folder")
    _add_device(command)
    length = command.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="length of the schedule in steps: repeats exactly")
    length.add_argument("--hours", type=float, help="length of the schedule in hours of training")


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device", type=_device, default=AUTO, help="cpu, cuda or mps; auto, the default, is CUDA where there is one"
    )


def _interactive(chosen: argparse.Namespace) -> None:
    _prepare(chosen.data, chosen.cache)
    values = json.loads(chosen.config.read_text(encoding="utf-8"))
    config, run = _config_and_run(values)
    run(
        replace(config, schedule=_schedule(config.schedule, chosen)),
        chosen.cache,
        chosen.output,
        resume=chosen.resume,
        initial=chosen.initial,
        processes=_processes(chosen.device),
    )


def _config_and_run(values: dict[str, Any]) -> tuple[TrainingConfig | SliceTrainingConfig, Callable[..., Progress]]:
    """What the values of a config file set, and what trains a mask model of that kind."""
    if values.get("kind") != SLICES:
        return TrainingConfig.from_dict(values), train
    # transformers, which this kind is made of, takes seconds to import.
    from MedVLSAM2Lib.training.slices.run import train_slices

    return SliceTrainingConfig.from_dict(values), train_slices


def _stage(chosen: argparse.Namespace) -> None:
    # transformers, which all of this needs, takes seconds to import.
    from MedVLSAM2Lib.training.joint.config import JointConfig
    from MedVLSAM2Lib.training.joint.run import train_stage

    why_not = why_not_learned_from(chosen.start) if chosen.start is not None else ""
    if why_not:
        raise CheckpointError(why_not)
    config = JointConfig.read(chosen.config)
    config = replace(config, schedule=_schedule(config.schedule, chosen))
    cache = chosen.cache or chosen.output / PREPARED
    if chosen.cache is None and not chosen.resume and _count() == 1:
        shutil.rmtree(cache, ignore_errors=True)
    if chosen.data is not None:
        _prepare(chosen.data, cache, is_named=chosen.cache is not None)
    train_stage(
        config,
        chosen.output,
        tokenizer=chosen.tokenizer,
        start=chosen.start,
        masks=chosen.masks,
        cache=cache if chosen.data is not None else None,
        people=(chosen.cache or default_cache()) / "people",
        resume=chosen.resume,
        processes=_processes(chosen.device),
    )


def _prepare(data: Path, cache: Path, is_named: bool = True) -> None:
    """Prepare the data where it is not; several processes must find it prepared, in a cache that was named."""
    if _count() > 1 and not (is_named and is_prepared(cache)):
        raise TrainingDataError(
            "Several processes would all prepare the same scans; prepare them once with python -m MedVLSAM2Lib.training "
            "prepare --data DATA --cache CACHE, and name that folder with --cache."
        )
    prepare(data, cache)


def _count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _processes(device: torch.device) -> Processes:
    """The processes that ``accelerate launch`` started, or this one alone."""
    if _count() == 1:
        return OneProcess(device)
    return AcceleratedProcesses(device.type, os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true")


def _device(name: str) -> torch.device:
    try:
        return training_device(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _all(chosen: argparse.Namespace) -> None:
    from MedVLSAM2Lib.training.recipe import run_recipe

    run_recipe(chosen.data, chosen.cache, chosen.output, chosen.configs, chosen.device)


def _schedule(schedule: Schedule, chosen: argparse.Namespace) -> Schedule:
    """The config's schedule, or the length that was asked for."""
    if chosen.hours is not None:
        return replace(schedule, steps=None, seconds=chosen.hours * 3600)
    return schedule if chosen.steps is None else replace(schedule, steps=chosen.steps, seconds=None)
