"""A worker killed again and again at random moments: what is lost, and what comes out different."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from MedVLSAM2Lib.engine import EngineClient, EngineEvent, LocalLauncher
from MedVLSAM2Lib.engine.launcher import LocalWorkerProcess
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.results import Failure, MaskRegion
from MedVLSAM2Lib.volume import Volume

from .processes import Mark, peak_memory

_GIVEN_UP_AFTER_S = 5.0
_A_WHILE_S = 600.0
# So often is a worker killed again that is on its way back, and at most so often in a row.
_AGAIN, _MOST_IN_A_ROW = 0.2, 3
_STEPS_PER_OBJECT = 4
_LEFT_OUT, _GIVEN_UP = "so it was left out", "The engine stopped several times in a row"
_OBJECTS = ("first", "second", "third")


@dataclass
class Losses:
    """What a soak of kills found.

    Attributes:
        kills: how often the worker was killed.
        steps: clicks, undos and redos that were asked for.
        refused: those that were not accepted, for the worker was killed too often while it did them; this is told.
        lost: what did not work otherwise but does without kills, and what was accepted and was lost later.
        reasons: why, as it was told.
        compared: voxels of the masks, summed over all steps.
        different: those of them that are not what they are without kills.
        orphans: processes that were left at the end.
        stops: how often the engine was not started again by itself, and was by hand.
        slowest_restart_s: from a kill to the next worker's hello.
        worker_peak: the most memory that a worker had, in bytes.
    """

    kills: int = 0
    steps: int = 0
    refused: int = 0
    lost: int = 0
    reasons: tuple[str, ...] = ()
    compared: int = 0
    different: int = 0
    orphans: int = 0
    stops: int = 0
    slowest_restart_s: float = 0.0
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
    launcher: KillableLauncher
    volume: Volume
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)
    stops: int = 0

    def open(self, checkpoint: Path) -> None:
        """Load the model and the volume."""
        self.client.start()
        self.client.load_model(checkpoint)
        self.finish(self.client.open_volume("scan", self.volume))

    def finish(self, request: int) -> str:
        """Wait for a request and write what it tells; why it failed, or nothing."""
        failed = [self._take(event) for event in self.client.wait(request, _A_WHILE_S)][-1]
        self.take()
        return failed

    def take(self) -> None:
        """Write what else was told; failures of the engine itself undo what was accepted before."""
        for event in self.client.poll():
            failed = self._take(event)
            if failed.startswith(_GIVEN_UP):
                self.stops += 1
                self.client.start()
            elif failed:
                self.undone.append(failed)

    def kill(self, within_s: float, random: Random) -> float:
        """Kill the worker at a random moment from now on, and wait until the next one is started; when that was."""
        time.sleep(random.uniform(0.0, within_s))
        started, began = self.launcher.started, time.monotonic()
        self.launcher.kill()
        # After several deaths in a row before it did anything it gives up, and a person starts it again.
        while not _is_soon(lambda: self.launcher.started > started):
            self.client.start()
        return began

    def wait_for_worker(self) -> None:
        """Wait until a worker is there again."""
        _wait(lambda: self.client.is_ready)

    def _take(self, event: EngineEvent) -> str:
        payload = event.payload
        if isinstance(payload, MaskRegion):
            mask = self.masks.setdefault(payload.object_id, np.zeros(self.volume.shape, bool))
            if not payload.mask.box.is_empty:
                mask[payload.mask.box.slices] = payload.mask.unpack()
        return payload.message if isinstance(payload, Failure) else ""


Step = Callable[[EngineClient], int]


def random_steps(volume: Volume, random: Random) -> Generator[Step, bool, None]:
    """Clicks on a few objects, taken back and done again now and then; each object begins anew after some.

    It is to be told of each step whether that worked.
    """
    done = dict.fromkeys(_OBJECTS, 0)
    undone = dict.fromkeys(_OBJECTS, 0)
    while True:
        name = random.choice(_OBJECTS)
        if done[name] + undone[name] > _STEPS_PER_OBJECT:
            if (yield partial(_remove, name)):
                done[name] = undone[name] = 0
        elif undone[name] and random.random() < 0.5:
            if (yield partial(_redo, name)):
                done[name], undone[name] = done[name] + 1, undone[name] - 1
        elif done[name] and random.random() < 0.25:
            if (yield partial(_undo, name)):
                done[name], undone[name] = done[name] - 1, undone[name] + 1
        else:
            click = Point(_voxel(volume, random), positive=not done[name] or random.random() < 0.7)
            if (yield partial(_click, name, click)):
                done[name], undone[name] = done[name] + 1, 0


@dataclass
class KillingSoak:
    """The same steps done undisturbed and with kills at random moments, under the limits that users have.

    Args:
        volume: what is clicked.
        checkpoint: the model.
        worker: what the interpreter is told to run.
        random: of steps and moments.
    """

    volume: Volume
    checkpoint: Path
    worker: Sequence[str]
    random: Random
    losses: Losses = field(default_factory=Losses)
    _step_s: float = 0.4
    _restart_s: float = 1.0

    def run(self, kills: int, most_s: float, tell: Callable[[str], None]) -> Losses:
        """Go on until there were so many ``kills``, or for so many seconds."""
        mark, began, losses = Mark.new(), time.monotonic(), self.losses
        undisturbed, disturbed = self._sitting(mark), self._sitting(mark)
        try:
            undisturbed.open(self.checkpoint)
            disturbed.open(self.checkpoint)
            steps = random_steps(self.volume, self.random)
            step = next(steps)
            while losses.kills < kills and time.monotonic() < began + most_s:
                step = steps.send(self._do(step, undisturbed, disturbed))
                tell(f"{losses.kills} of {kills} kills")
        finally:
            undisturbed.client.close()
            disturbed.client.close()
        losses.stops = disturbed.stops
        losses.lost += len(disturbed.undone)
        losses.reasons += tuple(disturbed.undone)
        losses.orphans = len(mark.living())
        return losses

    def _sitting(self, mark: Mark) -> Sitting:
        launcher = KillableLauncher(arguments=tuple(self.worker), environment=mark.environment)
        return Sitting(EngineClient(launcher), launcher, self.volume)

    def _do(self, step: Step, undisturbed: Sitting, disturbed: Sitting) -> bool:
        """Whether the step was accepted; one that was not must have changed nothing."""
        losses = self.losses
        losses.steps += 1
        failed = self._disturb(disturbed, step)
        if _LEFT_OUT in failed or failed.startswith(_GIVEN_UP):
            losses.refused += 1
        else:
            began = time.monotonic()
            expected = undisturbed.finish(step(undisturbed.client))
            self._step_s = time.monotonic() - began
            if failed != expected:
                losses.lost += 1
                losses.reasons += (failed or f"it worked, but does not without kills: {expected}",)
        losses.compared += sum(int(mask.sum()) for mask in undisturbed.masks.values())
        losses.different += _difference(undisturbed.masks, disturbed.masks)
        losses.worker_peak = max(losses.worker_peak, disturbed.launcher.peak())
        return not failed

    def _disturb(self, sitting: Sitting, step: Step) -> str:
        """Do a step and kill its worker: before, during, after it, and at times again while it recovers."""
        is_idle = self.random.random() < _AGAIN
        request = None if is_idle else step(sitting.client)
        kills = 1
        while kills < _MOST_IN_A_ROW and self.random.random() < _AGAIN:
            kills += 1
        began = sitting.kill(0.0 if is_idle else 1.5 * self._step_s, self.random)
        for _ in range(kills - 1):
            began = sitting.kill(self._restart_s, self.random)
        sitting.wait_for_worker()
        self.losses.kills += kills
        self._restart_s = time.monotonic() - began
        self.losses.slowest_restart_s = max(self.losses.slowest_restart_s, self._restart_s)
        return sitting.finish(step(sitting.client) if request is None else request)


def _is_soon(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _GIVEN_UP_AFTER_S
    while not what() and time.monotonic() < deadline:
        time.sleep(0.01)
    return what()


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
