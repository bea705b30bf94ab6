"""The prompts of a sitting: being answered, done, and taken back."""

from __future__ import annotations

from collections.abc import Iterator

from MedVLSAM2Lib.panel.prompt_step import PromptStep


class StepLog:
    """Steps in the order they were made, on whichever segment.

    Attributes:
        running: those being answered, by the engine's request.
        being_found: those of phrases that are being looked for, by the engine's request.
        done: those that undo takes back, the last one first.
        undone: those that redo does again, the last one first.
    """

    def __init__(self) -> None:
        self.running: dict[int, PromptStep] = {}
        self.being_found: dict[int, list[PromptStep]] = {}
        self.done: list[PromptStep] = []
        self.undone: list[PromptStep] = []

    def __iter__(self) -> Iterator[PromptStep]:
        yield from (*self._unfinished(), *self.done, *self.undone)

    def begin(self, request: int, step: PromptStep) -> None:
        """A new prompt is being answered: what was taken back can no longer be done again."""
        self.running[request] = step
        self._forget_undone()

    def begin_finding(self, request: int) -> None:
        """Phrases are being looked for: what was taken back can no longer be done again."""
        self.being_found[request] = []
        self._forget_undone()

    @property
    def is_busy(self) -> bool:
        """Whether anything is being answered."""
        return bool(self.running or self.being_found)

    def engine_knows(self, volume_id: str, object_id: str) -> bool:
        """Whether the engine's object is what the segment is, by all we know."""
        made = (*self._unfinished(), *self.done)
        return any(s.in_engine and (s.volume_id, s.object_id) == (volume_id, object_id) for s in made)

    def object_of(self, target: str) -> str:
        """What the engine calls a segment."""
        return next((step.object_id for step in self if step.target == target), target)

    def is_running(self, object_id: str) -> bool:
        """Whether a prompt on this object is being answered."""
        return any(step.object_id == object_id for step in self._unfinished())

    def running_on(self, target: str) -> list[PromptStep]:
        """The prompts on a segment that are being answered."""
        return [step for step in self.running.values() if step.target == target]

    def knows(self, object_id: str) -> bool:
        """Whether any step, whatever became of it, is about this object."""
        return any(step.object_id == object_id for step in self)

    def last_done(self) -> list[PromptStep]:
        """What undo takes back next, in the order it was made; steps of one run belong together."""
        return _of_one_run(self.done)

    def last_undone(self) -> list[PromptStep]:
        """What redo does again next, in the order it was made."""
        return _of_one_run(self.undone)[::-1]

    def forget_in_engine(self, volume_id: str = "", object_id: str = "") -> None:
        """The engine lost an object, those of a volume, or all."""
        for step in self:
            if volume_id in ("", step.volume_id) and object_id in ("", step.object_id):
                step.in_engine = False

    def forget_gone(self) -> list[PromptStep]:
        """Forget steps of what was deleted, and tell them: there is nothing to take back, and they hold voxels and nodes.

        A segment whose only steps were taken back is there again when they are done again.
        """
        gone = [step for step in self.done if not step.has_segment]
        gone += [step for step in self.undone if not step.is_in_scene]
        for step in gone:
            (self.done if step in self.done else self.undone).remove(step)
            step.forget()
        return gone

    def clear(self) -> None:
        """Forget everything."""
        for steps in (self.running, self.being_found, self.done, self.undone):
            steps.clear()

    def _unfinished(self) -> Iterator[PromptStep]:
        yield from self.running.values()
        for steps in self.being_found.values():
            yield from steps

    def _forget_undone(self) -> None:
        for forgotten in self.undone:
            forgotten.remove_drawn()
        self.undone.clear()


def _of_one_run(steps: list[PromptStep]) -> list[PromptStep]:
    count = min(len(steps), 1)
    while count and count < len(steps) and steps[-count - 1].run == steps[-1].run != 0:
        count += 1
    return steps[len(steps) - count :]
