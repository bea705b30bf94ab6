"""What a language model says while it says it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class GeneratedText:
    """The next few characters of an answer."""

    text: str


@dataclass(frozen=True)
class GeneratedSeg:
    """The answer has come to a ``[SEG]``: what was said just before it is to become a mask.

    ``state`` (1, width) is the language model's, ready for the seg projector.
    """

    state: Tensor


GeneratedPiece = GeneratedText | GeneratedSeg
