"""An answer, as a script handles it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from MedVLSAM2Lib.results import AnswerSentence, SentenceStatus
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment


@dataclass(frozen=True)
class Answer:
    """What a model said, each sentence checked against the scan.

    Attributes:
        question: as it was asked.
        sentences: in order, with the links to what they point at, and whether they hold.
        segments: what the sentences point at, by the ids in their links.
        raw: what the model wrote, marks and slots included.
    """

    question: str
    sentences: tuple[AnswerSentence, ...]
    segments: Mapping[str, ScanSegment] = field(repr=False)
    raw: str = field(repr=False)

    @property
    def text(self) -> str:
        """The sentences that hold, as one text."""
        return " ".join(one.text for one in self.sentences if one.status is SentenceStatus.SAID)

    def __str__(self) -> str:
        return self.text
