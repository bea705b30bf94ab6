"""The engine as the panel sees it: the local session's methods, none of which waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue

from MedVLSAM2Lib.engine.events import EngineEvent, WorkerInfo
from MedVLSAM2Lib.engine.failures import failure_of
from MedVLSAM2Lib.engine.journal import object_of, volume_of
from MedVLSAM2Lib.engine.launcher import WorkerLauncher
from MedVLSAM2Lib.engine.limits import Limits
from MedVLSAM2Lib.engine.protocol import (
    AddPrompts,
    AskQuestion,
    CloseVolume,
    FindObjects,
    LoadModel,
    OpenVolume,
    Operation,
    Redo,
    RemoveObject,
    StepCandidate,
    Undo,
)
from MedVLSAM2Lib.engine.shared_volume import store_volume
from MedVLSAM2Lib.engine.steps import Task
from MedVLSAM2Lib.engine.supervisor import Supervisor
from MedVLSAM2Lib.prompts import Prompt, Turn
from MedVLSAM2Lib.volume import Volume, VolumeError

logger = logging.getLogger(__name__)


class EngineClient:
    """Segments in a worker process that may crash, hang or be ended without any finished work being lost.

    Every method returns at once, with the id that the request's events will carry; requests are worked on in order. All
    methods are to be called from one thread, the GUI's say, where a timer calls ``poll``::

        client = EngineClient(LocalLauncher())
        client.start()
        client.load_model(folder)
        client.open_volume("ct", volume)
        click = client.add_prompts("ct", "liver", [Point((120.0, 200.0, 40.0))])
        regions = [event.payload for event in client.wait(click, 60) if isinstance(event.payload, MaskRegion)]
        client.close()

    A request's events end with one Done, Cancelled or Failure. After the last two every mask is what it was before the
    request: where previews had changed it, one more MaskRegion came first. Only where the engine cannot be started
    again at all is there nobody to tell the earlier mask.
    """

    def __init__(self, launcher: WorkerLauncher, *, limits: Limits | None = None) -> None:
        self._launcher = launcher
        self._events: SimpleQueue[EngineEvent] = SimpleQueue()
        self._put_back: deque[EngineEvent] = deque()
        self._supervisor = Supervisor(launcher, limits or Limits(), self._events.put)
        self._numbers = count(1)
        self._open_requests: set[int] = set()
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether there are requests whose last event was not taken yet."""
        return bool(self._open_requests)

    @property
    def is_ready(self) -> bool:
        """Whether the worker is there and answers."""
        return self._supervisor.is_ready

    @property
    def worker_info(self) -> WorkerInfo | None:
        """The worker and the model it uses; None before its first hello."""
        return self._supervisor.worker_info

    def start(self) -> None:
        """Start the worker; WorkerReady or a Failure tells whether it worked. May be called again after a Failure."""
        self._check_open()
        self._supervisor.start()

    def stop(self) -> None:
        """End the worker and forget volumes, objects and model: ``start`` begins anew, where the launcher has it then.

        What is being answered is cancelled.
        """
        self._check_open()
        self._supervisor.stop()

    def load_model(self, folder: Path | str) -> int:
        """Use the checkpoint in ``folder`` from now on.

        Objects begun with another model are forgotten: undo does not reach back to them, a PriorMask takes them up.
        """
        return self._submit(LoadModel(self._launcher.folder_there(Path(folder))))

    def open_volume(self, volume_id: str, volume: Volume | Callable[[], Volume]) -> int:
        """Work on ``volume`` under the name ``volume_id``; one of the same name is closed.

        The voxels are copied on a thread: they must not change before the request is done. A function that makes the
        volume is called on that thread too; what it raises becomes the request's Failure.
        """
        task = Task(next(self._numbers), volume_id, "", None)
        self._register(task)
        thread = threading.Thread(target=self._copy, args=(task, volume), name="medvlsam2-volume-copy", daemon=True)
        thread.start()
        return task.request

    def close_volume(self, volume_id: str) -> int:
        """Forget the volume and its objects."""
        return self._submit(CloseVolume(volume_id))

    def add_prompts(self, volume_id: str, object_id: str, prompts: Sequence[Prompt]) -> int:
        """Segment the object further by ``prompts``, in source voxel order of the volume."""
        return self._submit(AddPrompts(volume_id, object_id, tuple(prompts)))

    def find(self, volume_id: str, phrases: Sequence[str], prefix: str) -> int:
        """Make objects of everything that ``phrases`` name in the volume, called ``prefix`` and a number from 1.

        Tells Progress before each phrase, then a FoundObject for each of its objects with the MaskRegions that make it, or
        one NotFound. Each object is from then on one like any other, as if ``Phrase(text, number)`` had begun it.
        ``prefix`` must be new to the volume. A cancelled or failed request leaves none of its objects: each that was told
        gets one more, empty, MaskRegion. After a crash of the worker everything is told again, under the same ids.
        """
        return self._submit(FindObjects(volume_id, tuple(phrases), prefix))

    def ask(self, volume_id: str, conversation: Sequence[Turn], prefix: str) -> int:
        """Answer the last question of a conversation about the volume.

        Tells an AnswerSentence for each sentence of the answer, as soon as everything it points at was found, and an
        AnswerDone. The MaskRegions of a sentence's objects (``prefix`` and a number from 1, new to the volume) come before
        it; they are objects like any other, and begin with their mask. Cancel and crash are as with ``find``.

        Args:
            volume_id: the volume.
            conversation: a question first and last; answers as AnswerDone told them.
            prefix: of the names of the objects that the answer points at.
        """
        return self._submit(AskQuestion(volume_id, tuple(conversation), prefix))

    def undo(self, volume_id: str, object_id: str) -> int:
        """Take back the object's last step."""
        return self._submit(Undo(volume_id, object_id))

    def redo(self, volume_id: str, object_id: str) -> int:
        """Do again what was taken back last."""
        return self._submit(Redo(volume_id, object_id))

    def step_candidate(self, volume_id: str, object_id: str, step: int) -> int:
        """Show a larger (positive ``step``) or smaller answer of a first click."""
        return self._submit(StepCandidate(volume_id, object_id, step))

    def remove_object(self, volume_id: str, object_id: str) -> int:
        """Forget the object."""
        return self._submit(RemoveObject(volume_id, object_id))

    def cancel(self) -> None:
        """Cancel the running and the waiting requests, except those that only close or remove something."""
        self._check_open()
        self._supervisor.cancel()

    def poll(self) -> list[EngineEvent]:
        """The events since the last call, oldest first."""
        events = list(self._put_back)
        self._put_back.clear()
        try:
            while True:
                events.append(self._take(timeout_s=0.0))
        except Empty:
            return events

    def poll_for(self, seconds: float) -> Iterator[EngineEvent]:
        """The events since the last call, oldest first, handed out until ``seconds`` have passed; the rest is left.

        For a thread that has other things to do than to write a large mask.
        """
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                yield self._put_back.popleft() if self._put_back else self._take(timeout_s=0.0)
        except Empty:
            return

    def wait(self, request: int, timeout_s: float) -> list[EngineEvent]:
        """All events of ``request`` up to its last, for scripts and tests; other events are left for ``poll``.

        Raises:
            TimeoutError: the request was not over in time; its events are left for ``poll``.
        """
        deadline = time.monotonic() + timeout_s
        seen = self.poll()
        while not any(event.request == request and event.is_last for event in seen):
            try:
                seen.append(self._take(timeout_s=max(0.0, deadline - time.monotonic())))
            except Empty:
                self._put_back.extend(seen)
                raise TimeoutError(f"The engine was not done with request {request} in {timeout_s} seconds.") from None
        self._put_back.extend(event for event in seen if event.request != request)
        return [event for event in seen if event.request == request]

    def close(self) -> None:
        """End the worker and the threads and free the shared memory; may be called again."""
        if not self._is_closed:
            self._is_closed = True
            self._supervisor.close()

    def _submit(self, operation: Operation) -> int:
        task = Task(next(self._numbers), volume_of(operation), object_of(operation), operation)
        self._register(task)
        return task.request

    def _register(self, task: Task) -> None:
        self._check_open()
        self._open_requests.add(task.request)
        self._supervisor.submit(task)

    def _copy(self, task: Task, volume: Volume | Callable[[], Volume]) -> None:
        try:
            made = volume if isinstance(volume, Volume) else volume()
            stored, memory = store_volume(made, share=self._launcher.shares_memory, pack=self._launcher.is_remote)
        except VolumeError as error:
            self._supervisor.volume_not_copied(task, failure_of(error))
        except Exception as error:
            logger.exception("the volume %s could not be copied", task.volume_id)
            self._supervisor.volume_not_copied(task, failure_of(error))
        else:
            self._supervisor.volume_copied(task, OpenVolume(task.volume_id, stored), memory)

    def _take(self, timeout_s: float) -> EngineEvent:
        event = self._events.get(timeout=timeout_s) if timeout_s > 0 else self._events.get_nowait()
        if event.is_last:
            self._open_requests.discard(event.request)
        return event

    def _check_open(self) -> None:
        if self._is_closed:
            raise RuntimeError("This engine client was closed; make a new one.")
