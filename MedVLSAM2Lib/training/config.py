"""Everything that decides a training run, read from one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.model.patches.config import PatchConfig

PATCHES = "patches"


@dataclass(frozen=True)
class Schedule:
    """The learning rate: a short rise to ``peak``, then a cosine down to ``floor``.

    Its length is ``steps`` optimiser steps, or, if that is None, ``seconds`` of training (summed over resumed runs): the
    former repeats exactly, the latter is for a machine that others share.
    """

    peak: float = 4e-4
    floor: float = 2e-5
    warmup_steps: int = 100
    steps: int | None = None
    seconds: float | None = 7200.0


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of examples; they are normalised."""

    head_neck: float = 0.27
    tumour: float = 0.10
    trunk: float = 0.06
    tissues: float = 0.12
    synthetic: float = 0.27
    lesion: float = 0.10
    region: float = 0.08
    own: float = 0.0


@dataclass(frozen=True)
class RunConfig:
    """What every run is told, whatever it teaches.

    Attributes:
        schedule: the learning rate over time, and the length.
        mix: of examples with clicks.
        seed: of all draws.
        workers: processes that make examples.
        threads: of which each computes a part of each batch on a CPU.
        rounds: shares of examples with 0, 1, 2, … corrective rounds before the one that is learned from.
        quality_weight: of the loss of the network's estimate of its own quality.
        ema: how slowly the averaged weights follow.
        log_seconds, checkpoint_seconds, validation_seconds: how often a row, a state and a validation are due.
        validation_objects: how many objects are looked at then.
    """

    schedule: Schedule = field(default_factory=Schedule)
    mix: Mix = field(default_factory=Mix)
    seed: int = 0
    workers: int = 1
    threads: int = 2
    weight_decay: float = 0.02
    gradient_norm: float = 2.0
    ema: float = 0.998
    rounds: tuple[float, ...] = (0.40, 0.28, 0.18, 0.14)
    quality_weight: float = 1.0
    bfloat16: bool = True
    log_seconds: float = 60.0
    checkpoint_seconds: float = 300.0
    validation_seconds: float = 1200.0
    validation_objects: int = 40

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for the card."""
        return asdict(self)


@dataclass(frozen=True)
class TrainingConfig(RunConfig):
    """A run of the interactive stage: the network's shape, and how many examples a step learns from."""

    network: PatchConfig = field(default_factory=PatchConfig)
    batch: int = 8
    quality_weight: float = 0.2
    validation_seconds: float = 600.0

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingConfig:
        """The config from parsed JSON; what it leaves out keeps its default."""
        made = dict(values)
        kind = made.pop("kind", PATCHES)
        if kind != PATCHES:
            raise ValueError(f"These settings are of a mask model of the kind {kind}, not {PATCHES}.")
        if "network" in made:
            made["network"] = PatchConfig.from_dict(made["network"])
        if "schedule" in made:
            made["schedule"] = Schedule(**made["schedule"])
        if "mix" in made:
            made["mix"] = Mix(**made["mix"])
        if "rounds" in made:
            made["rounds"] = tuple(made["rounds"])
        return cls(**made)

    @classmethod
    def read(cls, path: Path) -> TrainingConfig:
        """The config in a JSON file."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
