"""Steps of changes to a segmentation, to take back and to do again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from MedVLSAM2Lib.scene.voxel_change import VoxelChange

_MAX_BYTES = 256 * 2**20


@dataclass(eq=False)
class EditStep:
    """All that one request changed: its edits in order, each applied as a whole.

    ``known_before`` and ``known_after`` are the fingerprints of the segments as our own writes had left them.
    """

    known_before: Mapping[str, int]
    known_after: Mapping[str, int]
    edits: list[tuple[VoxelChange, ...]] = field(default_factory=list)

    @property
    def byte_count(self) -> int:
        """Memory that keeping it takes."""
        return sum(change.byte_count for edit in self.edits for change in edit)


class EditHistory:
    """Undo and redo over changed voxels.

    A step costs one bit for each voxel of the boxes that changed, and taking it back touches those voxels only: what was
    painted by hand elsewhere in the meantime stays. (vtkSegmentationHistory copies whole labelmaps at each step, and
    takes back everything that happened since.) Beyond ``max_bytes`` the oldest steps are forgotten.
    """

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._done: deque[EditStep] = deque()
        self._undone: list[EditStep] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return bool(self._undone)

    def begin_step(self, known: Mapping[str, int]) -> EditStep:
        """Open a step; what was taken back before can no longer be done again."""
        self._undone.clear()
        self._done.append(EditStep(dict(known), dict(known)))
        return self._done[-1]

    def is_done(self, step: EditStep) -> bool:
        """Whether the step is there to be taken back."""
        return step in self._done

    def is_undone(self, step: EditStep) -> bool:
        """Whether the step is there to be done again."""
        return step in self._undone

    def record(self, edit: tuple[VoxelChange, ...], known: Mapping[str, int]) -> None:
        """Add an edit to the open step."""
        step = self._done[-1]
        step.edits.append(edit)
        step.known_after = dict(known)
        while len(self._done) > 1 and sum(kept.byte_count for kept in self._done) > self._max_bytes:
            self._done.popleft()

    def last_done(self) -> EditStep:
        """The step that undo takes back."""
        return self._done[-1]

    def last_undone(self) -> EditStep:
        """The step that redo does again."""
        return self._undone[-1]

    def move_back(self, step: EditStep) -> None:
        """A step was taken back."""
        self._done.remove(step)
        self._undone.append(step)

    def move_on(self, step: EditStep) -> None:
        """A step that had been taken back was done again."""
        self._undone.remove(step)
        self._done.append(step)

    def forget(self, steps: Iterable[EditStep]) -> None:
        """Nobody will take these back or do them again."""
        gone = set(steps)
        self._done = deque(step for step in self._done if step not in gone)
        self._undone = [step for step in self._undone if step not in gone]
