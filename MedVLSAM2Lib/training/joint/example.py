"""One scan to learn language and masks from together."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field

import numpy as np

from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.joint.meanings import Meaning
from MedVLSAM2Lib.training.language.said import Turn
from MedVLSAM2Lib.training.language.surveyed_scans import SurveyedConversation


@dataclass(frozen=True)
class Worded:
    """Views of what words mean.

    Attributes:
        phrase: the words; None for a ``[SEG]`` of the conversation.
        seg: which ``[SEG]`` of the conversation's answers, counted from 0 through all of them; None for a phrase.
        views: of the object, or of what it is not.
    """

    phrase: str | None
    seg: int | None
    views: Example


@dataclass(frozen=True)
class ScanExample:
    """One scan.

    Attributes:
        volume: uint8 (C, D, H, W), the encoder's input times 255; empty where no loss looks at it.
        turns: a conversation about it.
        caption: a sentence that describes it.
        worded: views with words.
    """

    volume: np.ndarray
    turns: tuple[Turn, ...]
    caption: str
    worded: tuple[Worded, ...]


@dataclass(frozen=True)
class JointBatch:
    """What one step learns from: scans with words, views with clicks only, phrases alone, and surveys with questions."""

    scans: list[ScanExample]
    clicks: list[Example]
    meanings: list[Meaning]
    surveyed: list[SurveyedConversation] = field(default_factory=list)

    def parts(self, count: int) -> list[JointBatch]:
        """The batch dealt out to so many; no part is empty."""
        kinds: tuple[Sized, ...] = (self.scans, self.clicks, self.meanings, self.surveyed)
        count = min(count, max(1, *map(len, kinds)))
        return [
            JointBatch(self.scans[n::count], self.clicks[n::count], self.meanings[n::count], self.surveyed[n::count])
            for n in range(count)
        ]
