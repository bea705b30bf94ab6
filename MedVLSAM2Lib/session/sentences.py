"""A stream of words and marks cut into sentences, and the words in a sentence that a mark stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.slots import SEG

_END = re.compile(r"[.?!]\s+|\n\s*")


@dataclass(frozen=True)
class SpokenSentence:
    """One sentence as the model wrote it.

    Attributes:
        raw: its text, with ``[SEG]`` and slots.
        marks: what each of its ``[SEG]`` points at: seg tokens (1, d) float32, or None where the model has none.
    """

    raw: str
    marks: tuple[np.ndarray | None, ...] = ()


def found_sentence(names: Sequence[str], tokens: np.ndarray) -> SpokenSentence:
    """A sentence of the session's own about what it found: names of structures, and their seg tokens (len(names), d)."""
    *first, last = [f"the {name} {SEG}" for name in names]
    listed = f"{', '.join(first)} and {last}" if first else last
    return SpokenSentence(f"Looked for and found: {listed}.", tuple(tokens[n : n + 1] for n in range(len(names))))


class SentenceBuffer:
    """Collects what a model says until a sentence is complete.

    A sentence of one word ("Yes.") is held back until the next one is complete, and is one with it: what it affirms is
    said there, and may turn out not to hold.
    """

    def __init__(self) -> None:
        self._before = ""
        self._text = ""
        self._marks: list[np.ndarray | None] = []

    @property
    def raw(self) -> str:
        """Everything that was said, with ``[SEG]`` and slots."""
        return (self._before + self._text).strip()

    def push(self, piece: str | SegMark) -> Iterator[SpokenSentence]:
        """Add the next few characters or a mark; the sentences that are complete now."""
        if isinstance(piece, SegMark):
            self._text += SEG
            self._marks.append(piece.tokens)
        else:
            self._add(piece)
        while (end := self._end_of_first()) is not None:
            yield self._cut(end)

    def rest(self) -> Iterator[SpokenSentence]:
        """What was said last, whether it is complete or not."""
        if self._text.strip():
            yield self._cut(len(self._text))

    def _add(self, piece: str) -> None:
        self._text += piece
        # Some tokenizers write the mark's own token out; it counts once, when its state comes.
        while self._text.count(SEG) > len(self._marks):
            place = self._text.rindex(SEG)
            self._text = self._text[:place] + self._text[place + len(SEG) :]

    def _end_of_first(self) -> int | None:
        ends = (match.end() for match in _END.finditer(self._text))
        return next((end for end in ends if len(self._text[:end].split()) > 1), None)

    def _cut(self, end: int) -> SpokenSentence:
        said, self._text = self._text[:end], self._text[end:]
        self._before += said
        count = said.count(SEG)
        marks, self._marks = self._marks[:count], self._marks[count:]
        return SpokenSentence(said.strip(), tuple(marks))
