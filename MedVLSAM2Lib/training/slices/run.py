"""The interactive stage of a mask model of the kind slices, from its start to its end."""

from __future__ import annotations

from multiprocessing.queues import Queue
from pathlib import Path

from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.batches import OrderedWorkers, put
from MedVLSAM2Lib.training.learning.processes import Processes, check_agreement
from MedVLSAM2Lib.training.learning.training_run import TrainingRun, begin_in, compute_with_one_thread, run_until_done
from MedVLSAM2Lib.training.learning.training_state import Progress
from MedVLSAM2Lib.training.slices.clip import Clip
from MedVLSAM2Lib.training.slices.config import SliceTrainingConfig
from MedVLSAM2Lib.training.slices.source import ClipSource
from MedVLSAM2Lib.training.slices.trainer import SliceTrainer
from MedVLSAM2Lib.training.slices.validation import ClipValidation


def train_slices(
    config: SliceTrainingConfig,
    cache: Path,
    output: Path,
    *,
    resume: bool = False,
    initial: Path | None = None,
    processes: Processes | None = None,
) -> Progress:
    """Train from the prepared cases in ``cache``; arguments and what comes of them are as of ``learning.run.train``.

    Raises:
        ValueError: several processes have no number of steps to agree on.
    """
    check_agreement(config.schedule, processes)
    compute_with_one_thread()
    trainer = SliceTrainer(config, processes)
    if not begin_in(output, trainer, resume) and initial is not None:
        trainer.start_from(initial)

    def workers(first: int) -> OrderedWorkers[list[Clip]]:
        share = (trainer.processes.index, trainer.processes.count)
        return OrderedWorkers(_work, (share, config, cache), config.workers, first)

    validation = ClipValidation(load_cases(cache), config)
    run_until_done(TrainingRun(trainer, validation, workers, output, begins_with_validation=True))
    return trainer.progress


def _work(
    queue: Queue[list[Clip]],
    first: int,
    step: int,
    share: tuple[int, int],
    config: SliceTrainingConfig,
    cache: Path,
) -> None:
    index, count = share
    source = ClipSource([case for case in load_cases(cache) if not case.held_out], config)
    number = first
    while put(queue, source.batch(number * count + index)):
        number += step
