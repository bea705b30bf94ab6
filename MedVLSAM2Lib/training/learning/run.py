"""A whole run: the trainer with its workers, its curve and its clock."""

from __future__ import annotations

import json
import logging
import signal
import time
from pathlib import Path

import torch

from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.batches import OrderedWorkers, batch_workers
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.learning.calibration import calibrate
from MedVLSAM2Lib.training.learning.every import Every
from MedVLSAM2Lib.training.learning.processes import Processes, check_agreement
from MedVLSAM2Lib.training.learning.rounds import RoundsResult
from MedVLSAM2Lib.training.learning.run_log import RunLog
from MedVLSAM2Lib.training.learning.trainer import Trainer
from MedVLSAM2Lib.training.learning.training_state import Progress, has_state
from MedVLSAM2Lib.training.learning.validation import MEASURES, Validation, score

logger = logging.getLogger(__name__)

CURVE_NAME, VALIDATION_NAME, CONFIG_NAME = "curve.csv", "validation.csv", "training.json"
LATEST, BEST, CALIBRATED = "latest", "best", "calibrated"
CURVE_COLUMNS = ("step", "seconds", "views_per_second", "wait_share", "learning_rate", "loss", "dice_0", "dice_1",
                 "dice_2", "dice_3", "quality_error")  # fmt: skip


class TrainingRun:
    """A trainer, the processes that feed it, and what is written while it learns.

    The folder ``output`` receives ``curve.csv``, ``validation.csv``, the state to resume from, and two checkpoints:
    ``latest`` and ``best``.
    """

    def __init__(self, trainer: Trainer, cache: Path, output: Path) -> None:
        self._trainer, self._config, self._cache, self._output = trainer, trainer.config, cache, output
        self._curve = RunLog(output / CURVE_NAME, CURVE_COLUMNS)
        self._measures = RunLog(output / VALIDATION_NAME, ("step", "seconds", *MEASURES))
        self._validation = Validation(load_cases(cache), self._config)
        self._stopped = False
        self._writes = trainer.processes.index == 0

    def stop(self) -> None:
        """End after the current step; the state is saved, so that the run can be resumed."""
        self._stopped = True

    def until_done(self) -> None:
        """Train to the end of the schedule, or until ``stop``."""
        if self._writes and self._trainer.progress.step == 0:
            self._validate()
        with batch_workers(self._config, self._cache, self._trainer.progress.step, self._trainer.processes) as workers:
            self._steps(workers)
        if not self._writes:
            return
        self._save()
        if self._trainer.is_done:
            self._validate()

    def _steps(self, workers: OrderedWorkers[list[Example]]) -> None:
        log, save = Every(self._config.log_seconds), Every(self._config.checkpoint_seconds)
        validate = Every(self._config.validation_seconds)
        while not (self._trainer.is_done or self._stopped):
            began = time.monotonic()
            batch = workers.next()
            waited = time.monotonic() - began
            self._note(self._trainer.step(batch), len(batch), waited)
            if self._writes and save.is_due():
                self._save()
            if self._writes and validate.is_due():
                self._validate()
            self._trainer.progress.seconds += time.monotonic() - began
            if self._writes and log.is_due():
                self._log()

    def _note(self, result: RoundsResult, views: int, waited: float) -> None:
        dice = {f"dice_{index}": float(value.mean()) for index, value in enumerate(result.dice)}
        self._curve.add(loss=float(result.loss), quality_error=result.quality_error, **dice)
        self._curve.count(views=views, waited=waited)

    def _log(self) -> None:
        seconds = self._curve.seconds_since_row
        row = self._curve.write(
            step=self._trainer.progress.step,
            seconds=self._trainer.progress.seconds,
            views_per_second=self._curve.counted("views") / seconds,
            wait_share=self._curve.counted("waited") / seconds,
            learning_rate=self._trainer.learning_rate,
        )
        logger.info("%s", json.dumps({name: round(value, 6) for name, value in row.items()}))

    def _save(self) -> None:
        self._trainer.save(self._output)
        self._trainer.export(self._output / LATEST, {})

    def _validate(self) -> None:
        now = self._trainer.progress
        found = self._validation.run(self._trainer.average.network)
        self._measures.write(step=now.step, seconds=now.seconds, **found)
        logger.info("validation %s", json.dumps({name: round(value, 4) for name, value in found.items()}))
        if score(found) > now.best:
            now.best = score(found)
            self._trainer.export(self._output / BEST, found)


def train(
    config: TrainingConfig,
    cache: Path,
    output: Path,
    *,
    resume: bool = False,
    initial: Path | None = None,
    processes: Processes | None = None,
) -> Progress:
    """Train from the prepared cases in ``cache``; the curve, the state and the weights go to ``output``.

    Ends at the end of the schedule, or, resumable, after SIGTERM.

    Args:
        config: the run's settings.
        cache: what ``prepare`` wrote.
        output: made if missing.
        resume: go on from the state in ``output`` if there is one; otherwise what is there is overwritten.
        initial: a safetensors file to begin with.
        processes: those that train together, each in a call of its own and on its device; None for this one alone, on
            the CPU.

    Returns:
        How far the run has come, over all its sittings.

    Raises:
        ValueError: several processes have no number of steps to agree on.
    """
    check_agreement(config.schedule, processes)
    # Cores are shared out by parts of a batch, not within a convolution; see `replicas`.
    torch.set_num_threads(1)
    trainer = Trainer(config, processes)
    output.mkdir(parents=True, exist_ok=True)
    if resume and has_state(output):
        trainer.resume(output)
    else:
        for name in (CURVE_NAME, VALIDATION_NAME):
            (output / name).unlink(missing_ok=True)
        if initial is not None:
            trainer.start_from(initial)
    (output / CONFIG_NAME).write_text(json.dumps(config.to_dict(), indent=2) + "\n", encoding="utf-8")
    run = TrainingRun(trainer, cache, output)
    signal.signal(signal.SIGTERM, lambda _number, _frame: run.stop())
    run.until_done()
    return trainer.progress


def calibrate_run(output: Path, cache: Path, which: str, objects: int) -> dict[str, float]:
    """Fit the quality estimate of a run's weights and write them to ``calibrated`` beside them.

    Args:
        output: the run's folder.
        cache: what ``prepare`` wrote.
        which: ``best`` or ``latest``.
        objects: how many objects to fit to; a thousand take about five minutes on two cores.

    Returns:
        The validation afterwards.
    """
    torch.set_num_threads(1)
    config = TrainingConfig.read(output / CONFIG_NAME)
    network, info = load_checkpoint(output / which)
    cases = load_cases(cache)
    source = ExampleSource([case for case in cases if not case.held_out], config.mix, config.network)
    calibrate(network, source, config, objects)
    found = Validation(cases, config).run(network)
    logger.info("calibrated %s", json.dumps({name: round(value, 4) for name, value in found.items()}))
    training = info.card["training"] | {"calibrated_on": objects, "validation": found}
    save_checkpoint(output / CALIBRATED, network, info.card | {"training": training})
    return found
