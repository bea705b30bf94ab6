"""What comes back: plain data that a worker can send and a panel can show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True)
class FoundObject:
    """A phrase names this object; its MaskRegions follow.

    Attributes:
        object_id: what it is called in the session from now on.
        phrase: as it was asked.
        number: which of the phrase's objects, from 1, the most certain one first.
        count: how many objects the phrase names.
    """

    object_id: str
    phrase: str
    number: int
    count: int


@dataclass(frozen=True)
class NotFound:
    """A phrase names nothing in this scan; ``reason`` is one sentence for the user."""

    phrase: str
    reason: str


class SentenceStatus(StrEnum):
    """How far a sentence of an answer can be believed."""

    SAID = "said"
    """The model's words; what its links point at was found, what they call measured was measured."""
    UNCONFIRMED = "unconfirmed"
    """The model's sentence does not hold against the scan and is not shown: the text says why."""


@dataclass(frozen=True)
class TextLink:
    """A part of a text, from ``start`` up to ``end``, that speaks of objects.

    Attributes:
        start: its first character.
        end: the one after its last.
        object_ids: the session's objects it speaks of.
        is_measured: whether it is a value measured on them, rather than words that name them.
    """

    start: int
    end: int
    object_ids: tuple[str, ...]
    is_measured: bool = False


@dataclass(frozen=True)
class AnswerSentence:
    """One sentence of an answer, complete: everything it points at was told before.

    Attributes:
        number: which one, from 0. After a crash the answer begins again with 0: sentences from there on replace those told.
        text: as it is to be shown, measured values written in.
        links: in order, not overlapping.
        status: whether it is the model's sentence or a word about why that is not shown.
    """

    number: int
    text: str
    links: tuple[TextLink, ...] = ()
    status: SentenceStatus = SentenceStatus.SAID


@dataclass(frozen=True)
class AnswerDone:
    """The answer is complete. ``raw`` is what the model wrote, marks and slots included: its turn when asking on."""

    raw: str


Event = MaskRegion | Progress | FoundObject | NotFound | AnswerSentence | AnswerDone
"""What a request tells while it runs."""
