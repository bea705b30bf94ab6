"""An object's mask as it stands, and every earlier one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.session.errors import SessionError
from MedVLSAM2Lib.volume import PackedMask


@dataclass(frozen=True)
class Candidate:
    """One answer to a first prompt: how to make its mask, the model's confidence in it, and the model's own memory of it.

    Of several answers mostly one is ever looked at, and a mask on the voxels of a large scan takes longer to make than the
    answer itself: each mask is made when it is first asked for.
    """

    make_mask: Callable[[], PackedMask]
    confidence: float = float("nan")
    memory: object | None = None

    @classmethod
    def of(cls, mask: PackedMask) -> Candidate:
        """A mask that is there already, of which no model has an opinion."""
        return cls(lambda: mask)

    @cached_property
    def mask(self) -> PackedMask:
        """The mask."""
        return self.make_mask()


@dataclass(frozen=True)
class ObjectState:
    """An object after some prompts: all of them, the answers to choose between, and the one that is shown."""

    prompts: tuple[Prompt, ...] = ()
    candidates: tuple[Candidate, ...] = (Candidate.of(PackedMask.empty()),)
    chosen: int = 0

    @property
    def current(self) -> Candidate:
        """The answer that is shown."""
        return self.candidates[self.chosen]

    @property
    def mask(self) -> PackedMask:
        """The object's mask."""
        return self.current.mask


@dataclass
class ObjectHistory:
    """The states of one object, one for each answered request, with undo and redo."""

    states: list[ObjectState] = field(default_factory=lambda: [ObjectState()])
    position: int = 0

    @property
    def current(self) -> ObjectState:
        """The state shown."""
        return self.states[self.position]

    def push(self, state: ObjectState) -> None:
        """A new state after the current one; what was undone is forgotten."""
        self.states[self.position + 1 :] = [state]
        self.position += 1

    def undo(self) -> ObjectState:
        """Back to the state before; SessionError when there is none."""
        if self.position == 0:
            raise SessionError("There is nothing to undo for this segment.")
        self.position -= 1
        return self.current

    def redo(self) -> ObjectState:
        """Forward again to the state that was undone; SessionError when there is none."""
        if self.position + 1 >= len(self.states):
            raise SessionError("There is nothing to redo for this segment.")
        self.position += 1
        return self.current

    def choose(self, step: int) -> ObjectState:
        """Show a smaller (negative) or larger candidate instead; SessionError when there is none."""
        chosen = self.current.chosen + step
        if not 0 <= chosen < len(self.current.candidates):
            size = "smaller" if step < 0 else "larger"
            raise SessionError(f"There is no {size} candidate; refine the segment with another prompt.")
        self.states[self.position] = replace(self.current, chosen=chosen)
        return self.current
