"""A speaker that says what it is given, marks by their tones; it needs no language model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from MedVLSAM2Lib.model.mask_model import Cache
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.volume import Volume


class ScriptedSpeaker:
    """Says ``script`` word by word; a number in it is the tone, in HU, that a ``[SEG]`` points at."""

    def __init__(self, *script: str | float) -> None:
        self._script = script
        self.asked: list[tuple[Turn, ...]] = []
        self.said = 0

    def answer(
        self,
        volume: Volume,
        volume_id: str,
        conversation: Sequence[Turn],
        cache: Cache,
        cancelled: Callable[[], bool],
    ) -> Iterator[str | SegMark]:
        """The script."""
        self.asked.append(tuple(conversation))
        for part in self._script:
            for piece in part.split(" ") if isinstance(part, str) else [part]:
                if cancelled():
                    return
                self.said += 1
                yield f"{piece} " if isinstance(piece, str) else SegMark(np.array([[piece]], np.float32))
