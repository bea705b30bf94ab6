"""A model that answers questions about a volume, and how it says what it points at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from MedVLSAM2Lib.model.mask_model import Cache
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.volume import Volume


@dataclass(frozen=True)
class SegMark:
    """An answer has come to a ``[SEG]``.

    ``tokens`` (1, d) float32 are what the words just before it mean to the mask model; None if it understands none.
    """

    tokens: np.ndarray | None


class Speaker(Protocol):
    """Answers questions about volumes."""

    def answer(
        self,
        volume: Volume,
        volume_id: str,
        conversation: Sequence[Turn],
        cache: Cache,
        cancelled: Callable[[], bool],
    ) -> Iterator[str | SegMark]:
        """The answer to a conversation's last question, piece by piece; it ends early once ``cancelled()`` is true."""
        ...
