"""What comes back: plain data that a worker can send and a panel can show."""

from __future__ import annotations

from dataclasses import dataclass

from MedVLSAM2Lib.volume.packed_mask import PackedMask


@dataclass(frozen=True)
class MaskRegion:
    """A part of an object's mask that is now known.

    Inside ``mask.box`` (source voxel order of the volume that was opened) the object is exactly ``mask``;
    outside that box it is what it was before. Regions of one request are applied in order.

    Attributes:
        object_id: the object the region belongs to.
        mask: the box and its voxels.
        confidence: the model's own estimate of its Dice, 0..1; NaN when it has none (an undone mask, say).
        final: whether this is the request's last region; earlier ones are previews of it.
        candidate: which of ``candidates`` answers is shown, smallest first.
        candidates: how many answers there are to step through.
    """

    object_id: str
    mask: PackedMask
    confidence: float
    final: bool = True
    candidate: int = 0
    candidates: int = 1


@dataclass(frozen=True)
class Progress:
    """How far a request has come: ``fraction`` 0..1 and a few words for the status line."""

    fraction: float
    message: str


@dataclass(frozen=True)
class Failure:
    """Something did not work.

    Attributes:
        message: one sentence for the user: what happened and what to do.
        detail: what an engineer wants to read in the log (a traceback, say).
        kind: a stable name to act on: ``prompt``, ``volume``, ``checkpoint``, ``memory``, ``worker``, ``internal``.
    """

    message: str
    detail: str = ""
    kind: str = "internal"


Event = MaskRegion | Progress
"""What a request tells while it runs."""
