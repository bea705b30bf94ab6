"""What a session asks of a mask model, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

T = TypeVar("T")


class Cache(Protocol):
    """Remembers what was resampled or encoded, bounded in bytes."""

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value kept under ``key``, made by ``make`` when there is none."""
        ...


@dataclass(frozen=True)
class MaskRequest:
    """One object's prompts and what is known of it so far; everything in canonical voxel order.

    Attributes:
        volume: the canonically ordered volume.
        volume_id: names the volume in cache keys.
        prompts: all prompts of the object, oldest first.
        new_from: index of the first prompt the model has not answered yet.
        earlier: the object's mask before the new prompts; empty on a first prompt.
        memory: what the model handed back with ``earlier``; None on a first prompt, or after an edit by hand.
        tokens: (N, d) float32, what words say of the object, for models that were trained for it; None without words.
    """

    volume: Volume
    volume_id: str
    prompts: tuple[Prompt, ...]
    new_from: int
    earlier: PackedMask
    memory: object | None = None
    tokens: np.ndarray | None = None

    @property
    def new_prompts(self) -> tuple[Prompt, ...]:
        """The prompts to answer now."""
        return self.prompts[self.new_from :]


class VoxelLogits(Protocol):
    """Logits on the voxels of a box: an array, or something that works out the part that is asked for."""

    def __getitem__(self, part: tuple[slice, slice, slice], /) -> np.ndarray:
        """Logits (K, J, I) of a part of the box, indexed from the box's first voxel with explicit starts and stops."""
        ...


@dataclass(frozen=True)
class MaskEstimate:
    """A model's answer for a part of the volume.

    Attributes:
        box: the part of the volume the answer is about; nothing outside it may change.
        logits: the box's voxels (K, J, I); above zero is inside the object.
        confidence: the model's own estimate of its Dice, 0..1.
        object_box: a part of ``box`` that holds every voxel above zero, so that only its logits need be worked out; None
            when the model does not know one.
        is_coarse: whether the logits come from cells wider than voxels, so that their edges are not quite the scan's.
        memory: anything the model wants to see again with the next prompt; kept with undo, never looked into.
    """

    box: VoxelBox
    logits: VoxelLogits
    confidence: float
    object_box: VoxelBox | None = None
    is_coarse: bool = False
    memory: object | None = None

    @property
    def positive_box(self) -> VoxelBox:
        """The part of ``box`` outside which no voxel is above zero, as far as the model knows."""
        return self.box if self.object_box is None else self.object_box


@dataclass(frozen=True)
class Answer:
    """One step of a model's work.

    Attributes:
        candidates: answers to choose between, smallest object first; a single one after the first prompt.
        chosen: index of the one the model believes.
        fraction: how much of the work is done, 0..1; 1 on the last answer.
    """

    candidates: tuple[MaskEstimate, ...]
    chosen: int = 0
    fraction: float = 1.0
    message: str = field(default="", compare=False)


class MaskModel(Protocol):
    """Prompts in, mask logits with a box and a confidence out.

    A model that sees depth at once (``patches``) answers a request with one Answer; one that walks through
    slices (``slices``) yields the clicked slice first and further answers as it goes, each about the box it
    has newly seen. A session may stop between two answers.
    """

    @property
    def identity(self) -> str:
        """Names kind and weights in cache keys and in the audit trail: equal identities, equal answers."""
        ...

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the weights were trained for: click, box, scribble, lasso, prior."""
        ...

    @property
    def cache_bytes(self) -> int:
        """How much of what it makes of one volume is worth keeping."""
        ...

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """Answer the request's new prompts; the last Answer has ``fraction`` 1."""
        ...


class ObjectLocator(Protocol):
    """A mask model that finds what words name, anywhere in the volume."""

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """Coarse masks of the objects that the request's tokens mean, the most certain first; none if there are none."""
        ...

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """As of any mask model: with a coarse mask as the earlier one, the object seen more closely."""
        ...


class LocatingMaskModel(MaskModel, ObjectLocator, Protocol):
    """A mask model of either kind: both can find what words name, if their weights were trained for it."""
