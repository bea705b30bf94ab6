"""The prompts of a sitting: being answered, done, and taken back."""

from __future__ import annotations

from collections.abc import Iterator

from MedVLSAM2Lib.panel.prompt_step import PromptStep


class StepLog:
    """Steps in the order they were made, on whichever segment.

    Attributes:
        running: those being answered, by the engine's request.
        done: those that undo takes back, the last one first.
        undone: those that redo does again, the last one first.
    """

    def __init__(self) -> None:
        self.running: dict[int, PromptStep] = {}
        self.done: list[PromptStep] = []
        self.undone: list[PromptStep] = []

    def __iter__(self) -> Iterator[PromptStep]:
        yield from (*self.running.values(), *self.done, *self.undone)

    def begin(self, request: int, step: PromptStep) -> None:
        """A new prompt is being answered: what was taken back can no longer be done again."""
        self.running[request] = step
        for forgotten in self.undone:
            forgotten.remove_markups()
        self.undone.clear()

    def engine_knows(self, volume_id: str, object_id: str) -> bool:
        """Whether the engine's object is what the segment is, by all we know."""
        made = (*self.running.values(), *self.done)
        return any(s.in_engine and (s.volume_id, s.object_id) == (volume_id, object_id) for s in made)

    def is_running(self, object_id: str) -> bool:
        """Whether a prompt on this object is being answered."""
        return any(step.object_id == object_id for step in self.running.values())

    def forget_in_engine(self, volume_id: str = "", object_id: str = "") -> None:
        """The engine lost an object, those of a volume, or all."""
        for step in self:
            if volume_id in ("", step.volume_id) and object_id in ("", step.object_id):
                step.in_engine = False

    def clear(self) -> None:
        """Forget everything."""
        for steps in (self.running, self.done, self.undone):
            steps.clear()
