"""A worker killed again and again at random moments: what is lost, and what comes out different."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from MedVLSAM2Lib.engine import EngineClient, EngineEvent, Limits, LocalLauncher, WorkerReady, WorkerRestarted
from MedVLSAM2Lib.engine.launcher import LocalWorkerProcess
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.results import Failure, MaskRegion
from MedVLSAM2Lib.volume import Volume

from .processes import Mark, peak_memory

_A_WHILE_S = 600.0
_LONGEST_DELAY_S = 0.4
_STEPS_PER_OBJECT = 4
# Random kills may hit one request again and again, which is not what such a request is left out for.
_PATIENT = Limits(deaths_per_request=9)
_OBJECTS = ("first", "second", "third")


@dataclass
class Losses:
    """What a soak of kills found.

    Attributes:
        kills: how often the worker was killed.
        steps: clicks, undos and redos that were asked for.
        lost: those that did not work.
        reasons: why, as it was told.
        different: voxels, summed over all steps, that are not what they are without kills.
        orphans: processes that were left at the end.
        stops: how often the engine was not started again by itself, and was by hand.
        worker_peak: the most memory that a worker had, in bytes.
    """

    kills: int = 0
    steps: int = 0
    lost: int = 0
    reasons: tuple[str, ...] = ()
    different: int = 0
    orphans: int = 0
    stops: int = 0
    worker_peak: int = 0


class KillableLauncher(LocalLauncher):
    """Has its last worker at hand, and counts them."""

    started = 0
    _worker: LocalWorkerProcess | None = None

    def launch(self) -> LocalWorkerProcess:
        """Start a worker."""
        self._worker = super().launch()
        self.started += 1
        return self._worker

    def process_id(self) -> int:
        """The last worker; 0 before there is one."""
        return 0 if self._worker is None else self._worker.process_id

    def kill(self) -> None:
        """End the worker as a system does that has no memory left."""
        if self._worker is not None:
            with suppress(ProcessLookupError):
                os.kill(self._worker.process_id, signal.SIGKILL)

    def peak(self) -> int:
        """The most memory, in bytes, that the last worker had so far."""
        return peak_memory(self._worker.process_id) if self._worker is not None else 0


@dataclass
class Sitting:
    """A client at work on one volume, and its masks as a scene would show them."""

    client: EngineClient
    volume: Volume
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    restarts: int = 0
    stops: int = 0

    def open(self, checkpoint: Path) -> None:
        """Load the model and the volume."""
        self.client.start()
        self.client.load_model(checkpoint)
        self.finish(self.client.open_volume("scan", self.volume))

    def finish(self, request: int) -> None:
        """Wait for a request and write what it tells."""
        self.take(self.client.wait(request, _A_WHILE_S))
        self.take(self.client.poll())

    def wait_for_restart(self, after: int) -> None:
        """Wait until a worker is there again."""

        def is_there() -> bool:
            self.take(self.client.poll())
            return self.restarts > after

        _wait(is_there)

    def take(self, events: list[EngineEvent]) -> None:
        """Write masks, count restarts, keep failures."""
        for event in events:
            payload = event.payload
            if isinstance(payload, WorkerRestarted | WorkerReady):
                self.restarts += 1
            elif isinstance(payload, Failure) and not event.request and not event.object_id:
                # Too many deaths in a row: the user is asked to start it again.
                self.stops += 1
                self.client.start()
            elif isinstance(payload, Failure):
                self.failures.append(payload)
            elif isinstance(payload, MaskRegion):
                mask = self.masks.setdefault(payload.object_id, np.zeros(self.volume.shape, bool))
                if not payload.mask.box.is_empty:
                    mask[payload.mask.box.slices] = payload.mask.unpack()


Step = Callable[[EngineClient], int]


def random_steps(volume: Volume, random: Random) -> Iterator[Step]:
    """Clicks on a few objects, taken back and done again now and then; each object begins anew after some."""
    done = dict.fromkeys(_OBJECTS, 0)
    undone = dict.fromkeys(_OBJECTS, 0)
    while True:
        name = random.choice(_OBJECTS)
        if done[name] + undone[name] > _STEPS_PER_OBJECT:
            done[name] = undone[name] = 0
            yield partial(_remove, name)
        elif undone[name] and random.random() < 0.5:
            done[name], undone[name] = done[name] + 1, undone[name] - 1
            yield partial(_redo, name)
        elif done[name] and random.random() < 0.25:
            done[name], undone[name] = done[name] - 1, undone[name] + 1
            yield partial(_undo, name)
        else:
            click = Point(_voxel(volume, random), positive=not done[name] or random.random() < 0.7)
            done[name], undone[name] = done[name] + 1, 0
            yield partial(_click, name, click)


def soak_with_kills(
    kills: int, checkpoint: Path, volume: Volume, worker: Sequence[str], seed: int, tell: Callable[[str], None]
) -> Losses:
    """Do the same steps undisturbed and with ``kills``; ``worker`` is what the interpreter is told to run."""
    random, mark, losses = Random(seed), Mark.new(), Losses()
    launchers = [KillableLauncher(arguments=worker, environment=mark.environment) for _ in range(2)]
    undisturbed, disturbed = (Sitting(EngineClient(one, limits=_PATIENT), volume) for one in launchers)
    try:
        undisturbed.open(checkpoint)
        disturbed.open(checkpoint)
        for step in random_steps(volume, random):
            undisturbed.finish(step(undisturbed.client))
            losses.kills += _disturb(disturbed, launchers[1], step, random)
            losses.steps += 1
            losses.different += _difference(undisturbed.masks, disturbed.masks)
            losses.worker_peak = max(losses.worker_peak, launchers[1].peak())
            tell(f"{losses.kills} of {kills} kills")
            if losses.kills >= kills:
                break
    finally:
        undisturbed.client.close()
        disturbed.client.close()
    losses.lost, losses.stops = len(disturbed.failures), disturbed.stops
    losses.reasons = tuple(failure.message for failure in disturbed.failures)
    losses.orphans = len(mark.living())
    return losses


def _disturb(sitting: Sitting, launcher: KillableLauncher, step: Step, random: Random) -> int:
    """Do a step and kill its worker at some moment: before, during, after it, and at times again while it recovers."""
    is_idle = random.random() < 0.2
    is_twice = random.random() < 0.2
    restarts, started = sitting.restarts, launcher.started
    request = None if is_idle else step(sitting.client)
    time.sleep(0.0 if is_idle else random.uniform(0.0, _LONGEST_DELAY_S))
    launcher.kill()
    if is_twice:

        def is_started() -> bool:
            sitting.take(sitting.client.poll() if request is None else [])
            return launcher.started > started

        _wait(is_started)
        time.sleep(random.uniform(0.0, _LONGEST_DELAY_S))
        launcher.kill()
    if request is not None:
        sitting.finish(request)
    sitting.wait_for_restart(restarts)
    if is_idle:
        sitting.finish(step(sitting.client))
    return 1 + is_twice


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _A_WHILE_S
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(f"The engine did not come back in {_A_WHILE_S:.0f} seconds.")
        time.sleep(0.01)


def _difference(expected: dict[str, np.ndarray], masks: dict[str, np.ndarray]) -> int:
    nothing = np.zeros(1, bool)
    names = expected.keys() | masks.keys()
    return sum(int((expected.get(name, nothing) != masks.get(name, nothing)).sum()) for name in names)


def _voxel(volume: Volume, random: Random) -> tuple[float, float, float]:
    i, j, k = (float(random.randrange(size)) for size in reversed(volume.shape))
    return i, j, k


def _click(name: str, click: Point, client: EngineClient) -> int:
    return client.add_prompts("scan", name, [click])


def _undo(name: str, client: EngineClient) -> int:
    return client.undo("scan", name)


def _redo(name: str, client: EngineClient) -> int:
    return client.redo("scan", name)


def _remove(name: str, client: EngineClient) -> int:
    return client.remove_object("scan", name)
