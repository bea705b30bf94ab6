"""Batches of examples made beside the training by worker processes, in an order that does not depend on them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Full
from types import TracebackType
from typing import Self

import numpy as np

from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.examples.source import ExampleSource

QUEUED_BATCHES = 6
WORKER_TIMEOUT_S = 300.0
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def draw_batch(source: ExampleSource, seed: int, step: int, size: int) -> list[Example]:
    """The batch of one step: the same whoever draws it, and when."""
    return [source.draw(np.random.default_rng((seed, step, index))) for index in range(size)]


class BatchWorkers:
    """Worker processes; worker w of W draws the steps w, w + W, … from ``first_step`` on.

    A context manager: leaving it ends the processes.
    """

    def __init__(self, config: TrainingConfig, cache: Path, first_step: int) -> None:
        self._first_step, self._step = first_step, first_step
        context = multiprocessing.get_context("spawn")
        self._queues: list[Queue[list[Example]]] = [context.Queue(QUEUED_BATCHES) for _ in range(config.workers)]
        self._processes = [
            context.Process(target=_work, args=(queue, config, cache, first_step + index), daemon=True)
            for index, queue in enumerate(self._queues)
        ]

    def __enter__(self) -> Self:
        with _single_threaded_children():
            for process in self._processes:
                process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def next(self) -> list[Example]:
        """The next step's batch."""
        queue = self._queues[(self._step - self._first_step) % len(self._queues)]
        self._step += 1
        return queue.get(timeout=WORKER_TIMEOUT_S)


def _work(queue: Queue[list[Example]], config: TrainingConfig, cache: Path, first_step: int) -> None:
    cases = [case for case in load_cases(cache) if not case.held_out]
    source = ExampleSource(cases, config.mix, config.network)
    step = first_step
    while _put(queue, draw_batch(source, config.seed, step, config.batch)):
        step += config.workers


def _put(queue: Queue[list[Example]], batch: list[Example]) -> bool:
    """Wait for room in the queue; False when the training has ended without ending this process."""
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        try:
            queue.put(batch, timeout=5.0)
        except Full:
            continue
        return True
    return False


@contextmanager
def _single_threaded_children() -> Iterator[None]:
    """Processes started meanwhile compute with one thread: the training needs the other cores."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
