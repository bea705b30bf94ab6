"""A whole stage: the trainer with its workers, its curve and its clock."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from MedVLSAM2Lib.model.medvlsam2.config import LANGUAGE
from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.batches import OrderedWorkers
from MedVLSAM2Lib.training.joint.batches import joint_workers
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.conversation_tokens import ConversationTokens
from MedVLSAM2Lib.training.joint.example import JointBatch
from MedVLSAM2Lib.training.joint.export import save_checkpoint_of
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.trainer import JointTrainer
from MedVLSAM2Lib.training.joint.validation import MEASURES, JointValidation, score
from MedVLSAM2Lib.training.learning.every import Every
from MedVLSAM2Lib.training.learning.processes import Processes, check_agreement
from MedVLSAM2Lib.training.learning.run import BEST, CONFIG_NAME, CURVE_NAME, LATEST, VALIDATION_NAME
from MedVLSAM2Lib.training.learning.run_log import RunLog
from MedVLSAM2Lib.training.learning.training_state import Progress, has_state

logger = logging.getLogger(__name__)

CURVE_COLUMNS = ("step", "seconds", "steps_per_minute", "wait_share", "learning_rate", "alignment_loss", "meaning_loss",
                 "language_loss", "survey_loss", "moved", "word_loss", "word_dice", "click_loss", "click_dice")  # fmt: skip


class JointRun:
    """A trainer, the processes that feed it, and what is written while it learns.

    The folder ``output`` receives ``curve.csv``, ``validation.csv``, the state to resume from, and two checkpoints:
    ``latest`` and ``best``.
    """

    def __init__(self, trainer: JointTrainer, cache: Path | None, people: Path | None, output: Path) -> None:
        self._trainer, self._config, self._output = trainer, trainer.config, output
        self._cache, self._people = cache, people
        self._curve = RunLog(output / CURVE_NAME, CURVE_COLUMNS)
        self._measures = RunLog(output / VALIDATION_NAME, ("step", "seconds", *MEASURES))
        tokens = ConversationTokens(trainer.tokenizer, trainer.network.asked)
        self._validation = JointValidation(self._config, tokens, load_cases(cache) if cache else [], people)
        self._stopped = False
        self._writes = trainer.processes.index == 0

    def stop(self) -> None:
        """End after the current step; the state is saved, so that the run can be resumed."""
        self._stopped = True

    def until_done(self) -> None:
        """Train to the end of the schedule, or until ``stop``."""
        first = self._trainer.progress.step * self._config.accumulate
        with joint_workers(self._config, self._cache, self._people, first, self._trainer.processes) as workers:
            self._steps(workers)
        if not self._writes:
            return
        self._save()
        if self._trainer.is_done:
            self._validate()

    def _steps(self, workers: OrderedWorkers[JointBatch]) -> None:
        log, save = Every(self._config.log_seconds), Every(self._config.checkpoint_seconds)
        validate = Every(self._config.validation_seconds)
        while not (self._trainer.is_done or self._stopped):
            began = time.monotonic()
            batches = [workers.next() for _ in range(self._config.accumulate)]
            waited = time.monotonic() - began
            self._curve.add(**self._trainer.step(batches))
            self._curve.count(steps=1, waited=waited)
            if self._writes and save.is_due():
                self._save()
            if self._writes and validate.is_due():
                self._validate()
            self._trainer.progress.seconds += time.monotonic() - began
            if self._writes and log.is_due():
                self._log()

    def _log(self) -> None:
        seconds = self._curve.seconds_since_row
        row = self._curve.write(
            step=self._trainer.progress.step,
            seconds=self._trainer.progress.seconds,
            steps_per_minute=60 * self._curve.counted("steps") / seconds,
            wait_share=self._curve.counted("waited") / seconds,
            learning_rate=self._trainer.learning_rate,
        )
        _tell(self._config.stage, row)

    def _save(self) -> None:
        self._trainer.save(self._output)
        self._export(LATEST, {})

    def _validate(self) -> None:
        now = self._trainer.progress
        found = self._validation.run(self._trainer.average.network)
        self._measures.write(step=now.step, seconds=now.seconds, **found)
        _tell("validation", found)
        if score(found) > now.best:
            now.best = score(found)
            self._export(BEST, found)

    def _export(self, which: str, validation: dict[str, float]) -> None:
        trainer = self._trainer
        save_checkpoint_of(
            trainer.average.network,
            trainer.tokenizer,
            self._output / which,
            trainer.config,
            trainer.progress,
            validation,
        )


def train_stage(
    config: JointConfig,
    output: Path,
    *,
    tokenizer: Path | None = None,
    start: Path | None = None,
    masks: Path | None = None,
    cache: Path | None = None,
    people: Path | None = None,
    resume: bool = False,
    processes: Processes | None = None,
) -> Progress:
    """Train one stage; the curve, the state and the weights go to ``output``.

    Ends at the end of the schedule, or, resumable, after SIGTERM.

    Args:
        config: the stage's settings.
        output: made if missing.
        tokenizer: a folder with the tokenizer of a network that is made from nothing.
        start: a checkpoint with all parts to begin with instead.
        masks: a safetensors file that the mask model of a new network begins with.
        cache: what ``prepare`` wrote; None for phantoms only.
        people: where phantoms are kept between runs.
        resume: go on from the state in ``output`` if there is one; otherwise what is there is overwritten.
        processes: those that train together, each in a call of its own and on its device; None for this one alone, on
            the CPU.

    Returns:
        How far the run has come, over all its sittings.

    Raises:
        ValueError: neither a tokenizer nor a checkpoint to begin with was given, or several processes have no number of
            steps to agree on.
    """
    check_agreement(config.schedule, processes)
    # Cores are shared out by parts of a batch, not within a convolution; see `replicas`.
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    network, words = _beginning(config, tokenizer, start, masks)
    if network.begun_with is not None and not config.surveys:
        config = replace(config, surveys=network.begun_with.surveys)
    trainer = JointTrainer(config, network, words, processes)
    output.mkdir(parents=True, exist_ok=True)
    if resume and has_state(output):
        trainer.resume(output)
    else:
        for name in (CURVE_NAME, VALIDATION_NAME):
            (output / name).unlink(missing_ok=True)
    (output / CONFIG_NAME).write_text(json.dumps(config.to_dict(), indent=2) + "\n", encoding="utf-8")
    run = JointRun(trainer, cache, people, output)
    signal.signal(signal.SIGTERM, lambda _number, _frame: run.stop())
    run.until_done()
    return trainer.progress


def _beginning(
    config: JointConfig, tokenizer: Path | None, start: Path | None, masks: Path | None
) -> tuple[JointNetwork, PreTrainedTokenizerBase]:
    if start is not None:
        words = AutoTokenizer.from_pretrained(str(start / LANGUAGE), local_files_only=True, trust_remote_code=False)
        return JointNetwork.from_checkpoint(start), words
    if tokenizer is None:
        raise ValueError("A new network needs a tokenizer: make one with the tokenizer command, or name a checkpoint.")
    words = AutoTokenizer.from_pretrained(str(tokenizer), local_files_only=True, trust_remote_code=False)
    return JointNetwork.made(config.network, words, masks), words


def _tell(what: str, row: Mapping[str, float]) -> None:
    logger.info("%s %s", what, json.dumps({name: round(value, 5) for name, value in row.items()}))
