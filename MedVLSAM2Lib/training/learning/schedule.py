"""The learning rate over a run."""

from __future__ import annotations

import math

from MedVLSAM2Lib.training.config import Schedule


def progress(schedule: Schedule, step: int, seconds: float) -> float:
    """How much of the run is done, 0..1; at 1 it ends."""
    if schedule.steps is not None:
        return min(step / schedule.steps, 1.0)
    if schedule.seconds is None:
        raise ValueError("a schedule needs a number of steps or of seconds")
    return min(seconds / schedule.seconds, 1.0)


def learning_rate(schedule: Schedule, step: int, done: float) -> float:
    """The rate at a step, when ``done`` of the run lies behind it."""
    cosine = schedule.floor + (schedule.peak - schedule.floor) * (0.5 + 0.5 * math.cos(math.pi * done))
    return cosine * min(1.0, (step + 1) / max(schedule.warmup_steps, 1))
