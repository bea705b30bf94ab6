"""What a worker is to do: what it has in hand, what comes next, and what a new one must do first."""

from __future__ import annotations

from collections import deque

from MedVLSAM2Lib.engine.events import Cancelled
from MedVLSAM2Lib.engine.journal import Entry, Journal
from MedVLSAM2Lib.engine.protocol import CloseVolume, RemoveObject
from MedVLSAM2Lib.engine.steps import Perform, Replay, Restore, Step, Task

_ONLY_FORGETS = (CloseVolume, RemoveObject)


class Agenda:
    """The tasks in their order, between them what was done and may have to be done again.

    Attributes:
        in_hand: the step that is with the worker, or None.
    """

    def __init__(self) -> None:
        self.in_hand: Step | None = None
        self._journal = Journal()
        self._replay: deque[Entry] = deque()
        self._resumed: Perform | Restore | None = None
        self._queue: deque[Task] = deque()

    @property
    def current_task(self) -> Task | None:
        """The task that was begun and has not ended."""
        step = self.in_hand if isinstance(self.in_hand, Perform | Restore) else self._resumed
        return step.task if step is not None else None

    @property
    def tasks(self) -> list[Task]:
        """All that have not ended, in order."""
        current = self.current_task
        return [*([] if current is None else [current]), *self._queue]

    @property
    def requests(self) -> set[int]:
        """The requests whose volumes are still needed: of what may be done again, and of what has not ended."""
        return self.requests_done | {task.request for task in self.tasks}

    @property
    def requests_done(self) -> set[int]:
        """The requests that a new worker does again."""
        return {entry.request for entry in self._journal.entries}

    # What the caller wants.

    def add(self, task: Task) -> None:
        """Do ``task`` after those before it."""
        self._queue.append(task)

    def withdraw(self, task: Task) -> bool:
        """Do not do ``task`` after all; whether it was still waiting."""
        is_waiting = task in self._queue
        if is_waiting:
            self._queue.remove(task)
        return is_waiting

    def cancel(self) -> list[Task]:
        """Mark the current task as cancelled, and drop those that wait and do more than forget something; the dropped."""
        dropped = [task for task in self._queue if not isinstance(task.operation, _ONLY_FORGETS)]
        self._queue = deque(task for task in self._queue if task not in dropped)
        current = self.current_task
        if current is not None and not isinstance(current.operation, _ONLY_FORGETS):
            current.is_cancelled = True
        return dropped

    def clear(self) -> list[Task]:
        """Forget all that has not ended, which is returned; what was done may be done again."""
        tasks = self.tasks
        self.in_hand, self._resumed = None, None
        self._queue.clear()
        return tasks

    def forget_all(self) -> list[Task]:
        """Forget what was done as well; what has not ended."""
        tasks = self.clear()
        self._journal = Journal()
        return tasks

    # One step after another.

    def replay(self) -> None:
        """A new worker knows nothing: all that was done comes first."""
        self._replay = deque(self._journal.entries)

    @property
    def is_replaying(self) -> bool:
        """Whether something that was done is still to be done again."""
        return bool(self._replay)

    @property
    def replayed_share(self) -> float:
        """How much of what was done has been done again, in 0 to 1, without what is in hand."""
        total = len(self._journal.entries)
        return (total - len(self._replay) - 1) / total

    def next(self) -> Step | None:
        """Take the next step; None while there is nothing to do, or the volume to be opened is still being copied."""
        if self._replay:
            return Replay(self._replay.popleft())
        if self._resumed is not None:
            step, self._resumed = self._resumed, None
            return step
        if self._queue and self._queue[0].operation is not None:
            return Perform(self._queue.popleft())
        return None

    def resume(self, step: Perform | Restore) -> None:
        """Do ``step`` before the tasks that wait."""
        self._resumed = step

    def interrupt(self) -> Step | None:
        """Nothing is in hand any more; what was, to be resumed or not."""
        step, self.in_hand = self.in_hand, None
        return step

    def take_cancelled(self) -> Restore | None:
        """Take the step that only ends a cancelled task, if nothing that was shown of it changed what was there before."""
        step = self._resumed
        if not isinstance(step, Restore) or not isinstance(step.outcome, Cancelled):
            return None
        changed = (object_id for object_id, box in step.task.previewed.items() if not box.is_empty)
        if any(self.knows(step.task.volume_id, object_id) for object_id in changed):
            return None
        self._resumed = None
        return step

    def put_back(self) -> None:
        """Do again what was in hand, through no fault of its own; what was shown of it is taken back before."""
        step = self.interrupt()
        if isinstance(step, Perform):
            self.resume(Restore(step.task, Cancelled() if step.task.is_cancelled else None))
        elif isinstance(step, Restore):
            self.resume(step)

    # What was done.

    def accept(self, task: Task) -> None:
        """``task`` was done, and is done again in a new worker."""
        for entry in task.entries():
            self._journal.accept(entry)

    def knows(self, volume_id: str, object_id: str) -> bool:
        """Whether anything that was done made that object."""
        return self._journal.knows(volume_id, object_id)

    def drop(self, entry: Entry) -> None:
        """Go on without ``entry`` and what builds on it."""
        dropped = {each.key for each in self._journal.drop(entry.key)}
        self._replay = deque(kept for kept in self._replay if kept.key not in dropped)
