"""What an object has left on the slices it was seen on, and which of it another slice remembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from MedVLSAM2Lib.model.slices.tensors import SliceMasks, SliceMemory

SLOTS = 7
MOST_POINTERS = 16


@dataclass(frozen=True)
class SliceRecord:
    """One slice.

    Attributes:
        masks: its answer, one mask.
        memory: what later slices remember of it.
        on_its_own: decoded without memory, as the first slice that was clicked.
        downwards: the object came to it from a higher slice.
    """

    masks: SliceMasks
    memory: SliceMemory
    on_its_own: bool = False
    downwards: bool = False

    @cached_property
    def area(self) -> int:
        """How many pixels of its mask are on the object."""
        return int((self.masks.logits > 0).sum())

    @property
    def is_empty(self) -> bool:
        """Whether the object is not on the slice."""
        return not self.area

    @cached_property
    def score(self) -> float:
        """The network's own estimate of its mask's IoU, times the probability that the object is there at all."""
        return float(self.masks.iou.clamp(0, 1) * self.masks.score.sigmoid()) if self.area else 0.0


@dataclass(frozen=True)
class Way:
    """A direction through the slices, and how far memory reaches on it.

    Attributes:
        downwards: from higher slices to lower ones.
        depth: slices in the stack.
        most_prompted: the most prompted slices attended to, the nearest ones; -1 for all.
        forgets_the_other: nothing is remembered of slices the object came to in the other direction.
    """

    downwards: bool
    depth: int
    most_prompted: int = -1
    forgets_the_other: bool = False

    @property
    def farthest_pointer(self) -> int:
        """The largest distance that object pointers are remembered over, at least 1."""
        return max(min(self.depth, MOST_POINTERS) - 1, 1)


@dataclass(frozen=True)
class Track:
    """All slices of one object, by their index along the axis; never changed, so that undo can keep every one.

    Attributes:
        prompted: slices with prompts of their own: every other slice attends to them.
        followed: slices the object was followed into.
    """

    prompted: Mapping[int, SliceRecord] = field(default_factory=dict)
    followed: Mapping[int, SliceRecord] = field(default_factory=dict)

    def get(self, index: int) -> SliceRecord | None:
        """What is known of a slice."""
        return self.prompted.get(index) or self.followed.get(index)

    def records(self) -> Iterator[tuple[int, SliceRecord]]:
        """Every slice that is known, in order."""
        for index in sorted({*self.prompted, *self.followed}):
            yield index, self.prompted.get(index) or self.followed[index]

    def with_prompted(self, index: int, record: SliceRecord) -> Track:
        """The same with a prompted slice, new or answered anew."""
        followed = {other: known for other, known in self.followed.items() if other != index}
        return Track({**self.prompted, index: record}, followed)

    def with_followed(self, index: int, record: SliceRecord) -> Track:
        """The same with a slice the object was followed into."""
        return Track(self.prompted, {**self.followed, index: record})

    def without_followed(self, indices: Iterable[int]) -> Track:
        """The same, slices forgotten that the object was followed into."""
        gone = set(indices)
        return Track(self.prompted, {index: known for index, known in self.followed.items() if index not in gone})

    def memories(self, index: int, way: Way) -> list[tuple[int, SliceMemory]]:
        """What slice ``index`` attends to, with ages as ``SliceNetwork.attend`` takes them.

        Prompted slices first, then the last six slices on the way, oldest first.
        """
        near = self._nearest(index, way.most_prompted)
        memories = [(0, self.prompted[other].memory) for other in near]
        for age in range(SLOTS - 1, 0, -1):
            record = self._behind(index, age, way, near)
            if record is not None:
                memories.append((age, record.memory))
        return memories

    def pointers(self, index: int, way: Way) -> list[tuple[int, Tensor]]:
        """The object pointers that slice ``index`` attends to, with their distances.

        Those of prompted slices that lie behind it on the way, then those of the last slices on the way.
        """
        near = self._nearest(index, way.most_prompted)
        behind = [other for other in near if (other >= index if way.downwards else other <= index)]
        pointers = [(abs(index - other), self.prompted[other].memory.pointer) for other in behind]
        for distance in range(1, way.farthest_pointer + 1):
            record = self._behind(index, distance, way, near)
            if record is not None:
                pointers.append((distance, record.memory.pointer))
        return pointers

    def _behind(self, index: int, distance: int, way: Way, attended: list[int]) -> SliceRecord | None:
        """The record ``distance`` slices back on the way, unless it is attended to already."""
        other = index + distance if way.downwards else index - distance
        record = self.followed.get(other)
        if record is not None:
            return record if record.downwards == way.downwards or not way.forgets_the_other else None
        return self.prompted.get(other) if other not in attended else None

    def _nearest(self, index: int, most: int) -> list[int]:
        """The prompted slices to attend to: the nearest on either side, then the nearest of the others."""
        if most < 0 or len(self.prompted) <= most:
            return list(self.prompted)
        before = max((other for other in self.prompted if other < index), default=None)
        after = min((other for other in self.prompted if other >= index), default=None)
        chosen = [other for other in (before, after) if other is not None][:most]
        others = sorted((other for other in self.prompted if other not in chosen), key=lambda other: abs(other - index))
        return chosen + others[: most - len(chosen)]
