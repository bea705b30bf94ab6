"""The interactive stage from its start to its end, and its estimate of its own quality fitted afterwards."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.batches import OrderedWorkers, batch_workers
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.learning.calibration import calibrate
from MedVLSAM2Lib.training.learning.processes import Processes, check_agreement
from MedVLSAM2Lib.training.learning.trainer import Trainer
from MedVLSAM2Lib.training.learning.training_run import (
    CONFIG_NAME,
    TrainingRun,
    begin_in,
    compute_with_one_thread,
    run_until_done,
)
from MedVLSAM2Lib.training.learning.training_state import Progress
from MedVLSAM2Lib.training.learning.validation import Validation

logger = logging.getLogger(__name__)

CALIBRATED = "calibrated"


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
    compute_with_one_thread()
    trainer = Trainer(config, processes)
    if not begin_in(output, trainer, resume) and initial is not None:
        trainer.start_from(initial)

    def workers(first: int) -> OrderedWorkers[list[Example]]:
        return batch_workers(config, cache, first, trainer.processes)

    validation = Validation(load_cases(cache), config)
    run_until_done(TrainingRun(trainer, validation, workers, output, begins_with_validation=True))
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
    compute_with_one_thread()
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
