"""Batches of examples made beside the training by worker processes, in an order that does not depend on them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Full
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import numpy as np

from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.learning.processes import Processes

B = TypeVar("B")

QUEUED_BATCHES = 6
WORKER_TIMEOUT_S = 300.0
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def draw_batch(source: ExampleSource, seed: int, batch: int, size: int) -> list[Example]:
    """The batch of a number: the same whoever draws it, and when."""
    return [source.draw(np.random.default_rng((seed, batch, index))) for index in range(size)]


class OrderedWorkers(Generic[B]):
    """Worker processes; worker w of W makes the batches w, w + W, … from number ``first`` on.

    A context manager: leaving it ends the processes.
    """

    def __init__(self, work: Callable[..., None], arguments: tuple[Any, ...], workers: int, first: int) -> None:
        """``work(queue, first number, step, *arguments)`` is what each process does, until ``put`` says that it is over."""
        self._first, self._number = first, first
        context = multiprocessing.get_context("spawn")
        self._queues: list[Queue[B]] = [context.Queue(QUEUED_BATCHES) for _ in range(workers)]
        self._processes = [
            context.Process(target=work, args=(queue, first + index, workers, *arguments), daemon=True)
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

    def next(self) -> B:
        """The next batch."""
        queue = self._queues[(self._number - self._first) % len(self._queues)]
        self._number += 1
        return queue.get(timeout=WORKER_TIMEOUT_S)


def batch_workers(
    config: TrainingConfig, cache: Path, first_step: int, processes: Processes
) -> OrderedWorkers[list[Example]]:
    """Worker processes that draw this process's batches of the steps from ``first_step`` on."""
    share = (processes.index, processes.count)
    return OrderedWorkers(_work, (share, config, cache), config.workers, first_step)


def put(queue: Queue[B], batch: B) -> bool:
    """Wait for room in the queue; False when the training has ended without ending this process."""
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        try:
            queue.put(batch, timeout=5.0)
        except Full:
            continue
        return True
    return False


def _work(
    queue: Queue[list[Example]], first: int, step: int, share: tuple[int, int], config: TrainingConfig, cache: Path
) -> None:
    index, count = share
    cases = [case for case in load_cases(cache) if not case.held_out]
    source = ExampleSource(cases, config.mix, config.network)
    number = first
    while put(queue, draw_batch(source, config.seed, number * count + index, config.batch)):
        number += step


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
