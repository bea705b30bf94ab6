"""Keeps a worker at work: starts it, hands it one request at a time, and brings a new one to where the last one was.

All of it happens on one thread that owns every variable here; the others only put things into its inbox.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue

from MedVLSAM2Lib.engine.agenda import Agenda
from MedVLSAM2Lib.engine.connection import Connection, Lost
from MedVLSAM2Lib.engine.deaths import Deaths
from MedVLSAM2Lib.engine.encoding import ProtocolError
from MedVLSAM2Lib.engine.events import (
    Cancelled,
    Done,
    EngineEvent,
    Payload,
    WorkerInfo,
    WorkerReady,
    WorkerRestarted,
)
from MedVLSAM2Lib.engine.failures import failure_of
from MedVLSAM2Lib.engine.journal import Entry, object_of, volume_of
from MedVLSAM2Lib.engine.known_voxels import KnownVoxels
from MedVLSAM2Lib.engine.launcher import Ending, LaunchError, WorkerLauncher
from MedVLSAM2Lib.engine.limits import Limits
from MedVLSAM2Lib.engine.protocol import (
    Cancel,
    Failed,
    Finished,
    FromWorker,
    Hello,
    Leave,
    LoadModel,
    OpenVolume,
    Operation,
    Ping,
    Pong,
    ReadMask,
    Result,
    Run,
    Stopped,
    Taken,
    to_frame,
)
from MedVLSAM2Lib.engine.shared_volume import NOT_KEPT, SharedMemory
from MedVLSAM2Lib.engine.steps import Perform, Replay, Restore, Step, Task
from MedVLSAM2Lib.engine.watch import Watch
from MedVLSAM2Lib.results import Event, Failure, FoundObject, MaskRegion, Progress
from MedVLSAM2Lib.volume import PackedMask

_TICK_S = 0.1
_DYING_S = 0.5
_NOT_RUNNING = "The engine is not running; start it again."

logger = logging.getLogger(__name__)


class Supervisor:
    """Turns tasks into events; survives its workers.

    ``deliver`` is called on the supervisor's thread. The methods without an underscore may be called from any thread
    and, ``close`` aside, return at once.
    """

    def __init__(self, launcher: WorkerLauncher, limits: Limits, deliver: Callable[[EngineEvent], None]) -> None:
        self._launcher = launcher
        self._limits = limits
        self._tell = deliver
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_closed = False

        self._agenda = Agenda()
        self._deaths = Deaths(limits)
        self._watch = Watch(limits)
        self._memories: dict[int, SharedMemory] = {}

        self._connection: Connection | None = None
        self._is_remote = False
        self._known_voxels = KnownVoxels()
        self._step_number = 0
        self._bytes_to_send = 0

        self._is_first_hello = True
        self._has_given_up = False
        self._why_not_running = _NOT_RUNNING
        self._restart: WorkerRestarted | None = None
        self._reconnect_at: float | None = None

        self.is_ready = False
        self.worker_info: WorkerInfo | None = None

    # What other threads call.

    def start(self) -> None:
        """Start a worker, or start again after giving up."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="medvlsam2-engine", daemon=True)
            self._thread.start()
        self._inbox.put(self._start)

    def submit(self, task: Task) -> None:
        """Do ``task`` after those before it."""
        self._inbox.put(partial(self._submit, task))

    def volume_copied(self, task: Task, operation: OpenVolume, memory: SharedMemory | None) -> None:
        """The copy that ``task`` waited for is there, in ``memory`` if it is shared."""
        if self._is_closed and memory is not None:
            memory.close()
        self._inbox.put(partial(self._volume_copied, task, operation, memory))

    def volume_not_copied(self, task: Task, failure: Failure) -> None:
        """The copy that ``task`` waited for could not be made."""
        self._inbox.put(partial(self._volume_not_copied, task, failure))

    def cancel(self) -> None:
        """Stop the running task and drop the waiting ones, except those that only forget something."""
        self._inbox.put(self._cancel)

    def stop(self) -> None:
        """End the worker and forget all that it knew, so that ``start`` begins anew."""
        self._inbox.put(self._stop)

    def close(self) -> None:
        """End the worker and the thread, and free the shared memory."""
        if self._thread is None:
            self._close()
        else:
            self._inbox.put(self._close)
            self._thread.join()

    # Everything below runs on the supervisor's thread.

    def _live(self) -> None:
        while not self._is_closed:
            try:
                self._turn()
            except Exception as error:
                logger.exception("the engine's supervisor failed")
                self._give_up(failure_of(error))

    def _turn(self) -> None:
        with suppress(Empty):
            self._inbox.get(timeout=_TICK_S)()
        if self._connection is not None:
            self._check(self._connection)
        elif self._reconnect_at is not None and time.monotonic() >= self._reconnect_at:
            self._launch()
        while (step := self._next_step()) is not None:
            self._begin(step)

    def _check(self, connection: Connection) -> None:
        overdue = self._watch.tick(connection.chunks_taken)
        if overdue is not None:
            self._lost(Lost(overdue))
        elif self._watch.ping_is_due():
            connection.send(to_frame(Ping(self._step_number)))

    # Starting, stopping, starting again.

    def _start(self) -> None:
        if self._connection is None:
            self._has_given_up = False
            self._why_not_running = _NOT_RUNNING
            self._is_first_hello = True
            self._deaths.forget()
            self._launch()

    def _launch(self) -> None:
        self._reconnect_at = None
        self._agenda.replay()
        try:
            process = self._launcher.launch()
        except LaunchError as error:
            self._why_not_running = str(error)
            self._give_up(Failure(str(error), kind="worker"))
            return
        self._watch.launched()
        self._deaths.launched()
        self._is_remote = self._launcher.is_remote  # of this one: the next may be elsewhere
        self._connection = Connection(process, self._hand_over)

    def _hand_over(self, connection: Connection, message: FromWorker | Lost) -> None:
        self._inbox.put(partial(self._receive, connection, message))

    def _welcome(self, hello: Hello) -> None:
        self._watch.welcomed()
        self.worker_info = WorkerInfo(hello.version, hello.python, hello.models)
        self._known_voxels.has(hello.kept)
        self.is_ready = True
        if self._is_first_hello:
            self._is_first_hello, self._restart = False, None
            self._tell(EngineEvent(0, "", "", WorkerReady(self.worker_info)))

    def _lost(self, lost: Lost) -> None:
        ending = self._disconnect(_DYING_S if lost.has_ended else 0.0)
        reason, log = ending.reason if lost.has_ended else lost.reason, ending.log
        logger.warning("%s %s", reason, log)
        if lost.is_mismatch or (lost.has_ended and ending.is_hopeless):
            self._give_up(Failure(reason, log, "worker"))
        elif lost.has_ended and ending.is_blameless:
            self._line_lost(ending)
        else:
            self._died(reason, log)

    def _line_lost(self, ending: Ending) -> None:
        """Connect again, and blame nothing that was under way for it."""
        pause_s = self._deaths.lost_line()
        if self._is_first_hello or self._deaths.line_breaks_too_often:
            message = f"{ending.reason.removesuffix('.')}; start the engine again when it is back."
            self._give_up(Failure(message, ending.log, "worker"))
            return
        self._agenda.put_back()
        self._restart = self._restart or WorkerRestarted(ending.reason, 0, ending.log)
        self._reconnect_at = time.monotonic() + pause_s

    def _died(self, reason: str, log: str) -> None:
        self._blame(reason, log)
        if self._deaths.are_too_many:
            message = "The engine stopped several times in a row; see its log for the cause, then start it again."
            self._give_up(Failure(message, f"{reason}\n{log}", "worker"))
            return
        self._restart = WorkerRestarted(reason, 0, log)
        self._launch()
        self._end_cancelled()

    def _end_cancelled(self) -> None:
        """A cancelled request that needs nothing of the new worker does not wait for it to do all again."""
        step = self._agenda.take_cancelled()
        if step is not None:
            self._begin_restore(step)

    def _disconnect(self, patience_s: float = 0.0) -> Ending:
        connection, self._connection = self._connection, None
        self.is_ready = False
        return connection.end(patience_s) if connection is not None else Ending("")

    def _blame(self, reason: str, log: str) -> None:
        """Decide what becomes of the step during which the worker died."""
        step = self._agenda.interrupt()
        if isinstance(step, Perform):
            self._agenda.resume(self._after_death(step.task, reason, log))
        elif isinstance(step, Replay):
            if self._deaths.died_replaying(step.entry):
                self._drop(step.entry, Failure(reason, log, "worker"))
        else:
            self._deaths.died_idle()
            if step is not None:
                self._agenda.resume(step)

    def _after_death(self, task: Task, reason: str, log: str) -> Restore:
        task.deaths += 1
        if task.is_cancelled:
            return Restore(task, Cancelled())
        if task.deaths < self._limits.deaths_per_request:
            return Restore(task)
        times = "twice" if task.deaths == 2 else f"{task.deaths} times"
        message = f"The engine stopped {times} on this request, so it was left out; everything made before is kept."
        return Restore(task, Failure(message, f"{reason}\n{log}", "worker"))

    def _give_up(self, failure: Failure) -> None:
        self._disconnect()
        self._has_given_up = True
        self._reconnect_at = None
        self._restart = None
        self._tell(EngineEvent(0, "", "", failure))
        for task in self._agenda.clear():
            self._finish(task, failure)

    def _stop(self) -> None:
        self._part()
        self._has_given_up, self._restart, self._reconnect_at = True, None, None
        for task in self._agenda.forget_all():
            self._finish(task, Cancelled())

    def _part(self) -> None:
        """End the worker; one on another machine is told first, so that it keeps nothing."""
        if self._connection is not None and self._is_remote:
            self._connection.leave(to_frame(Leave()))
        self._disconnect(self._limits.leave_s if self._is_remote else 0.0)

    def _close(self) -> None:
        self._part()
        self._is_closed = True
        for memory in self._memories.values():
            memory.close()
        self._memories.clear()

    # What the caller wants.

    def _submit(self, task: Task) -> None:
        if self._has_given_up:
            self._finish(task, Failure(self._why_not_running, kind="worker"))
        else:
            self._agenda.add(task)

    def _volume_copied(self, task: Task, operation: OpenVolume, memory: SharedMemory | None) -> None:
        task.operation = operation
        if memory is not None:
            self._memories[task.request] = memory
        self._free_memory()

    def _volume_not_copied(self, task: Task, failure: Failure) -> None:
        if self._agenda.withdraw(task):
            self._finish(task, failure)

    def _cancel(self) -> None:
        dropped = self._agenda.cancel()
        step = self._agenda.in_hand
        if isinstance(step, Perform) and step.task.is_cancelled and self._connection is not None:
            self._connection.send(to_frame(Cancel(self._step_number)))
            self._watch.cancelling()
        for task in dropped:
            self._finish(task, Cancelled())

    def _finish(self, task: Task, payload: Done | Cancelled | Failure) -> None:
        self._free_memory()
        self._deliver(task, payload)

    def _deliver(self, task: Task, payload: Payload) -> None:
        object_id = payload.object_id if isinstance(payload, MaskRegion | FoundObject) else task.object_id
        self._tell(EngineEvent(task.request, task.volume_id, object_id, payload))

    def _free_memory(self) -> None:
        for request in self._memories.keys() - self._agenda.requests:
            self._memories.pop(request).close()

    # One step after another.

    def _next_step(self) -> Step | None:
        if not self.is_ready or self._agenda.in_hand is not None:
            return None
        if self._restart is not None and not self._agenda.is_replaying:
            self._announce_restart(self._restart)
        return self._agenda.next()

    def _announce_restart(self, restart: WorkerRestarted) -> None:
        self._restart = None
        self._deaths.replayed()
        self._tell(EngineEvent(0, "", "", replace(restart, replayed=len(self._agenda.requests_done))))

    def _begin(self, step: Step) -> None:
        if isinstance(step, Replay):
            self._tell_of_replay()
            self._send(step, step.entry.operation)
        elif isinstance(step, Restore):
            self._begin_restore(step)
        elif step.task.is_cancelled:
            self._agenda.resume(Restore(step.task, Cancelled()))
        elif step.task.operation is not None:
            self._send(step, step.task.operation)

    def _begin_restore(self, step: Restore) -> None:
        task, is_known = step.task, False
        for object_id in (name for name, box in task.previewed.items() if not box.is_empty):
            if self._agenda.knows(task.volume_id, object_id):
                is_known = True
            else:
                self._show_mask_before(step, object_id, PackedMask.empty())
        # Only the object that a request is about can have been there before.
        if is_known:
            self._send(step, ReadMask(task.volume_id, task.object_id))
        else:
            self._settle(step)

    def _send(self, step: Step, operation: Operation) -> None:
        self._step_number += 1
        try:
            frame = to_frame(Run(self._step_number, self._known_voxels.without(operation)))
        except ProtocolError as error:
            if isinstance(step, Perform):
                self._finish(step.task, failure_of(error))
            return
        if self._connection is not None:
            self._agenda.in_hand = step
            slow = isinstance(operation, LoadModel | OpenVolume)
            self._watch.began(self._limits.load_s if slow else self._limits.answer_s)
            self._bytes_to_send = sum(map(len, frame.attachments))
            self._connection.send(frame)

    def _tell_of_replay(self) -> None:
        progress = Progress(self._agenda.replayed_share, "Restarting the engine")
        task = self._agenda.current_task
        if task is not None:
            self._deliver(task, progress)
        else:
            self._tell(EngineEvent(0, "", "", progress))

    # What the worker says.

    def _receive(self, connection: Connection, message: FromWorker | Lost) -> None:
        if connection is not self._connection:
            return
        self._watch.heard()
        if isinstance(message, Lost):
            self._lost(message)
        elif isinstance(message, Hello):
            self._welcome(message)
        elif isinstance(message, Taken):
            self._tell_of_sending(message)
        elif not isinstance(message, Pong) and message.request == self._step_number:
            self._hear(message)

    def _tell_of_sending(self, taken: Taken) -> None:
        step = self._agenda.in_hand
        operation = _operation(step)
        if not isinstance(operation, OpenVolume) or not self._bytes_to_send:
            return
        self._watch.news()
        name = operation.volume.name
        progress = Progress(min(1.0, taken.attachment_bytes / self._bytes_to_send), f"Sending {name}")
        if isinstance(step, Perform):
            self._deliver(step.task, progress)
        else:
            self._tell(EngineEvent(0, operation.volume_id, "", progress))

    def _hear(self, message: Result | Finished | Stopped | Failed) -> None:
        step = self._agenda.in_hand
        if step is None:
            return
        if isinstance(message, Result):
            self._watch.news()
            self._hear_result(step, message.payload)
            return
        self._watch.ended()
        self._agenda.in_hand = None
        operation = _operation(step)
        if operation is not None and _is_not_kept(message) and self._known_voxels.lost(operation):
            self._begin(step)
            return
        if isinstance(message, Finished):
            self._deaths.worked()
            if operation is not None and self._is_remote:
                self._known_voxels.took(operation)
        if isinstance(step, Replay):
            self._hear_end_of_replay(step.entry, message)
        elif isinstance(step, Restore):
            if isinstance(message, Failed):
                logger.warning("a mask could not be restored: %s", message.failure.message)
            self._settle(step)
        else:
            self._hear_end(step.task, message)

    def _hear_result(self, step: Step, payload: Event) -> None:
        if isinstance(step, Perform):
            step.task.saw(payload)
            self._deliver(step.task, payload)
        elif isinstance(step, Restore) and isinstance(payload, MaskRegion):
            self._show_mask_before(step, payload.object_id, payload.mask)

    def _hear_end(self, task: Task, message: Finished | Stopped | Failed) -> None:
        if isinstance(message, Finished) and task.operation is not None:
            self._deaths.answered()
            self._agenda.accept(task)
            self._note_model(message)
            self._finish(task, Done(message.model))
        elif isinstance(message, Failed):
            self._agenda.resume(Restore(task, message.failure))
        else:
            if task.is_settled:  # the worker took its previews back itself
                task.forget_shown()
            self._agenda.resume(Restore(task, Cancelled()))

    def _hear_end_of_replay(self, entry: Entry, message: Finished | Stopped | Failed) -> None:
        if isinstance(message, Finished):
            self._note_model(message)
        elif isinstance(message, Failed):
            self._drop(entry, message.failure)

    def _note_model(self, message: Finished) -> None:
        if message.model is not None and self.worker_info is not None:
            self.worker_info = replace(self.worker_info, model=message.model)

    def _drop(self, entry: Entry, failure: Failure) -> None:
        """Go on without ``entry`` and what builds on it, and tell that they cannot be taken back any more."""
        self._agenda.drop(entry)
        message = "After the engine stopped, earlier work could not be done again; go on from the masks as they are."
        told = Failure(message, f"{failure.message}\n{failure.detail}", failure.kind)
        self._tell(EngineEvent(0, volume_of(entry.operation), object_of(entry.operation), told))
        self._free_memory()

    def _show_mask_before(self, step: Restore, object_id: str, mask: PackedMask) -> None:
        box = step.task.previewed[object_id]
        region = PackedMask.pack(mask.unpack(box), box)
        final = step.outcome is not None
        self._deliver(step.task, MaskRegion(object_id, region, float("nan"), final=final))

    def _settle(self, step: Restore) -> None:
        step.task.forget_shown()
        if step.outcome is None:
            self._agenda.resume(Perform(step.task))
        else:
            self._finish(step.task, step.outcome)


def _operation(step: Step | None) -> Operation | None:
    if isinstance(step, Replay):
        return step.entry.operation
    return step.task.operation if isinstance(step, Perform) else None


def _is_not_kept(message: Finished | Stopped | Failed) -> bool:
    return isinstance(message, Failed) and message.failure.kind == NOT_KEPT
