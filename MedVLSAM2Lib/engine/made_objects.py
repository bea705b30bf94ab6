"""The objects that a request made, and the prompts that make them again in a new worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from MedVLSAM2Lib.engine.protocol import AddPrompts
from MedVLSAM2Lib.prompts import Phrase, PriorMask
from MedVLSAM2Lib.results import Event, FoundObject, MaskRegion
from MedVLSAM2Lib.volume import PackedMask, VoxelBox


@dataclass
class MadeObjects:
    """Listens to what a request tells of its objects.

    Attributes:
        phrases: by object, what it was found by.
        pieces: by object, the regions of its mask.
    """

    phrases: dict[str, Phrase] = field(default_factory=dict)
    pieces: dict[str, list[PackedMask]] = field(default_factory=dict)

    def saw(self, event: Event) -> None:
        """Note what was told."""
        if isinstance(event, FoundObject):
            self.phrases[event.object_id] = Phrase(event.phrase, event.number)
        elif isinstance(event, MaskRegion):
            self.pieces.setdefault(event.object_id, []).append(event.mask)

    def as_named(self, volume_id: str) -> tuple[AddPrompts, ...]:
        """Each object from the phrase that named it."""
        return tuple(AddPrompts(volume_id, name, (phrase,)) for name, phrase in self.phrases.items())

    def as_drawn(self, volume_id: str) -> tuple[AddPrompts, ...]:
        """Each object from its mask."""
        return tuple(AddPrompts(volume_id, name, (PriorMask(_joined(mask)),)) for name, mask in self.pieces.items())


def _joined(pieces: Sequence[PackedMask]) -> PackedMask:
    whole = VoxelBox.empty()
    for piece in pieces:
        whole = whole.union(piece.box)
    mask = np.zeros(whole.shape, dtype=bool)
    for piece in pieces:
        if not piece.box.is_empty:
            mask[piece.box.relative_to(whole).slices] = piece.unpack()
    return PackedMask.pack_tight(mask, whole)
