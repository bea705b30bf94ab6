"""A whole run of any trainer: the processes that feed it, its curve, its clock, and what is written meanwhile."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import nn

from MedVLSAM2Lib.training.config import RunConfig
from MedVLSAM2Lib.training.examples.batches import OrderedWorkers
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.every import Every
from MedVLSAM2Lib.training.learning.processes import Processes
from MedVLSAM2Lib.training.learning.run_log import RunLog
from MedVLSAM2Lib.training.learning.training_state import Progress, has_state

logger = logging.getLogger(__name__)

B = TypeVar("B")
N = TypeVar("N", bound=nn.Module)
M_contra = TypeVar("M_contra", bound=nn.Module, contravariant=True)

CURVE_NAME, VALIDATION_NAME, CONFIG_NAME = "curve.csv", "validation.csv", "training.json"
LATEST, BEST = "latest", "best"


class Trains(Protocol[N, B]):
    """What a run needs of a trainer."""

    average: MovingAverage[N]
    progress: Progress
    processes: Processes

    @property
    def config(self) -> RunConfig:
        """Its settings."""
        ...

    @property
    def stage(self) -> str:
        """What the log calls it."""
        ...

    @property
    def curve_columns(self) -> tuple[str, ...]:
        """The columns of its curve."""
        ...

    @property
    def batches_a_step(self) -> int:
        """How many batches a step learns from."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether the schedule has come to its end."""
        ...

    @property
    def learning_rate(self) -> float:
        """The next step's."""
        ...

    def step(self, batches: list[B]) -> dict[str, float]:
        """Learn from so many batches; numbers for the curve."""
        ...

    def speed(self, steps: float, seconds: float) -> dict[str, float]:
        """What the curve says of so many steps in so many seconds."""
        ...

    def save(self, folder: Path, writes: bool = True) -> None:
        """Write the state to resume from; every process calls it, one ``writes``."""
        ...

    def whole_average(self) -> N:
        """The averaged network, whole, in the process that writes; every process calls it."""
        ...

    def resume(self, folder: Path) -> None:
        """Go on where ``save`` was last called."""
        ...

    def export(self, folder: Path, validation: dict[str, float]) -> None:
        """Write the averaged weights, as ``whole_average`` last gave them, as a checkpoint."""
        ...


class Validates(Protocol[M_contra]):
    """How well a network does, on what it never learns from."""

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of what is measured."""
        ...

    def run(self, network: M_contra) -> dict[str, float]:
        """All measures."""
        ...

    def score(self, measured: dict[str, float]) -> float:
        """One number to compare checkpoints by."""
        ...


class TrainingRun(Generic[N, B]):
    """A trainer, the processes that feed it, and what is written while it learns.

    The folder ``output`` receives ``curve.csv``, ``validation.csv``, the state to resume from, and two checkpoints:
    ``latest`` and ``best``. Of several processes the first one writes.
    """

    def __init__(
        self,
        trainer: Trains[N, B],
        validation: Validates[N],
        workers: Callable[[int], OrderedWorkers[B]],
        output: Path,
        *,
        begins_with_validation: bool = False,
    ) -> None:
        """``workers(first)`` make the batches from number ``first`` on."""
        self._trainer, self._validation, self._workers, self._output = trainer, validation, workers, output
        self._begins_with_validation = begins_with_validation
        self._stopped = False
        self._writes = trainer.processes.index == 0
        self._curve = RunLog(output / CURVE_NAME if self._writes else None, trainer.curve_columns)
        measures = ("step", "seconds", *validation.measures)
        self._measures = RunLog(output / VALIDATION_NAME if self._writes else None, measures)

    def stop(self) -> None:
        """End after the current step; the state is saved, so that the run can be resumed."""
        self._stopped = True

    def until_done(self) -> None:
        """Train to the end of the schedule, or until ``stop``."""
        if self._begins_with_validation and self._trainer.progress.step == 0:
            self._validate()
        with self._workers(self._trainer.progress.step * self._trainer.batches_a_step) as workers:
            self._steps(workers)
        self._save()
        if self._trainer.is_done:
            self._validate()

    def _steps(self, workers: OrderedWorkers[B]) -> None:
        config = self._trainer.config
        log, save = Every(config.log_seconds), Every(config.checkpoint_seconds)
        validate = Every(config.validation_seconds)
        agree = self._trainer.processes.agree
        is_stopped = False
        while not (self._trainer.is_done or is_stopped):
            began = time.monotonic()
            batches = [workers.next() for _ in range(self._trainer.batches_a_step)]
            waited = time.monotonic() - began
            self._curve.add(**self._trainer.step(batches))
            self._curve.count(steps=1, waited=waited)
            to_save, to_validate, is_stopped = agree([save.is_due(), validate.is_due(), self._stopped])
            if to_save:
                self._save()
            if to_validate:
                self._validate()
            self._trainer.progress.seconds += time.monotonic() - began
            if self._writes and log.is_due():
                self._log()

    def _log(self) -> None:
        seconds = self._curve.seconds_since_row
        row = self._curve.write(
            step=self._trainer.progress.step,
            seconds=self._trainer.progress.seconds,
            wait_share=self._curve.counted("waited") / seconds,
            learning_rate=self._trainer.learning_rate,
            **self._trainer.speed(self._curve.counted("steps"), seconds),
        )
        _tell(self._trainer.stage, row)

    def _save(self) -> None:
        self._trainer.save(self._output, self._writes)
        self._trainer.whole_average()
        if self._writes:
            self._trainer.export(self._output / LATEST, {})

    def _validate(self) -> None:
        now, network = self._trainer.progress, self._trainer.whole_average()
        if not self._writes:
            return
        found = self._validation.run(network)
        self._measures.write(step=now.step, seconds=now.seconds, **found)
        _tell("validation", found)
        if self._validation.score(found) > now.best:
            now.best = self._validation.score(found)
            self._trainer.export(self._output / BEST, found)


def begin_in(output: Path, trainer: Trains[Any, Any], resume: bool) -> bool:
    """Make the folder ready; True if the trainer goes on from the state there, which ``resume`` allows."""
    output.mkdir(parents=True, exist_ok=True)
    goes_on = resume and has_state(output)
    if goes_on:
        trainer.resume(output)
    if trainer.processes.index == 0:
        for name in () if goes_on else (CURVE_NAME, VALIDATION_NAME):
            (output / name).unlink(missing_ok=True)
        (output / CONFIG_NAME).write_text(json.dumps(trainer.config.to_dict(), indent=2) + "\n", encoding="utf-8")
    return goes_on


def run_until_done(run: TrainingRun[Any, Any]) -> None:
    """Run to the end of the schedule or, resumable, to SIGTERM."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: run.stop())
    run.until_done()


def compute_with_one_thread() -> None:
    """Cores are shared out by parts of a batch, not within a convolution; see ``replicas``."""
    torch.set_num_threads(1)


def _tell(what: str, row: Mapping[str, float]) -> None:
    logger.info("%s %s", what, json.dumps({name: round(value, 6) for name, value in row.items()}))
