"""The pieces a worker's time is cut into: one of them is with the worker at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from MedVLSAM2Lib.engine.events import Cancelled
from MedVLSAM2Lib.engine.journal import Entry
from MedVLSAM2Lib.engine.protocol import Operation
from MedVLSAM2Lib.results import Failure, MaskRegion
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
        previewed: the part of the mask that the caller was shown something new of.
        is_settled: whether the last thing shown was final.
    """

    request: int
    volume_id: str
    object_id: str
    operation: Operation | None
    is_cancelled: bool = False
    deaths: int = 0
    previewed: VoxelBox = field(default_factory=VoxelBox.empty)
    is_settled: bool = True

    def saw(self, region: MaskRegion) -> None:
        """Note that the caller was shown ``region``."""
        self.previewed = self.previewed.union(region.mask.box)
        self.is_settled = region.final


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
