"""Batches made beside the training by worker processes, in an order that does not depend on them."""

from __future__ import annotations

from multiprocessing.queues import Queue
from pathlib import Path

from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.batches import OrderedWorkers, put
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.example import JointBatch
from MedVLSAM2Lib.training.joint.source import JointSource
from MedVLSAM2Lib.training.learning.processes import Processes


def joint_workers(
    config: JointConfig, cache: Path | None, people: Path | None, first: int, processes: Processes
) -> OrderedWorkers[JointBatch]:
    """Worker processes that make this process's batches from its number ``first`` on."""
    share = (processes.index, processes.count)
    return OrderedWorkers(_work, (share, config, cache, people), config.workers, first)


def joint_source(config: JointConfig, cache: Path | None, people: Path | None) -> JointSource:
    """What batches are drawn from: the prepared cases that are not held out, and phantoms."""
    cases = [case for case in load_cases(cache) if not case.held_out] if cache else []
    return JointSource(config, cases, people)


def _work(
    queue: Queue[JointBatch],
    first: int,
    step: int,
    share: tuple[int, int],
    config: JointConfig,
    cache: Path | None,
    people: Path | None,
) -> None:
    index, count = share
    source = joint_source(config, cache, people)
    number = first
    while put(queue, source.batch(number * count + index)):
        number += step
