"""The pieces a worker's time is cut into: one of them is with the worker at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from MedVLSAM2Lib.engine.events import Cancelled
from MedVLSAM2Lib.engine.journal import Entry
from MedVLSAM2Lib.engine.made_objects import MadeObjects
from MedVLSAM2Lib.engine.protocol import AskQuestion, FindObjects, Operation
from MedVLSAM2Lib.results import Event, Failure, MaskRegion
from MedVLSAM2Lib.volume import VoxelBox


@dataclass(eq=False)
class Task:
    """A request of the caller on its way to its last event.

    Attributes:
        request: its id.
        volume_id: the volume it is about, or empty.
        object_id: the object it is about, or empty.
        operation: what to do; None while the volume to open is still being copied.
        is_cancelled: whether the caller wants it stopped.
        deaths: how often the worker died of it.
        previewed: by object, the part of its mask that the caller was shown something new of.
        is_settled: whether the last thing shown was final.
        made: the objects that it makes, if it is one that makes some.
    """

    request: int
    volume_id: str
    object_id: str
    operation: Operation | None
    is_cancelled: bool = False
    deaths: int = 0
    previewed: dict[str, VoxelBox] = field(default_factory=dict)
    is_settled: bool = True
    made: MadeObjects = field(default_factory=MadeObjects)

    def saw(self, event: Event) -> None:
        """Note what the caller was told."""
        if isinstance(event, MaskRegion):
            shown = self.previewed.get(event.object_id, VoxelBox.empty())
            self.previewed[event.object_id] = shown.union(event.mask.box)
            self.is_settled = event.final
        if isinstance(self.operation, FindObjects | AskQuestion):
            self.made.saw(event)

    def forget_shown(self) -> None:
        """Note that everything is again what it was before."""
        self.previewed.clear()
        self.made = MadeObjects()

    def entries(self) -> tuple[Entry, ...]:
        """What to do again in a new worker, once it is done."""
        if isinstance(self.operation, FindObjects):
            operations: tuple[Operation, ...] = self.made.as_named(self.volume_id)
        elif isinstance(self.operation, AskQuestion):
            operations = self.made.as_drawn(self.volume_id)
        else:
            operations = () if self.operation is None else (self.operation,)
        return tuple(Entry(self.request, operation) for operation in operations)


@dataclass(frozen=True)
class Replay:
    """Do an accepted operation again, silently."""

    entry: Entry


@dataclass(frozen=True)
class Perform:
    """Do what the caller asked."""

    task: Task


@dataclass(frozen=True)
class Restore:
    """Show the caller the mask as it was before ``task``, then tell the ``outcome``; without one, perform it again."""

    task: Task
    outcome: Cancelled | Failure | None = None


Step = Replay | Perform | Restore
