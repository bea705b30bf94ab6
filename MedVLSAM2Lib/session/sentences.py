"""A stream of words and marks cut into sentences, and the words in a sentence that a mark stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.slots import SEG

_END = re.compile(r"[.?!]\s+|\n\s*")
# Before a name stand punctuation, words that are part of no name, and words about a part or a property of what is named.
_ARTICLE = "an?|the"
_NO_NAME = (
    f"{_ARTICLE}|i|it|they|there|here|this|that|these|those|which|is|are|was|were|be|been|has|have|had|do|does|lies?"
    "|measures?|holds?|contains?|shows?|see|sees|seen|find|finds|found|reach|reaches|means|to|from|by|for|with|without|and"
    "|or|but|than|as|while|in|on|at|into|below|above|beside|behind|near|between|around|about|within|just|only|partly"
    "|wholly|also|its|their|yes|no"
)
_OF_IT = "all|parts?|rest|most|half|view|third|side|midline|course|volumes?|density|size"
_BEFORE_NAME = re.compile(
    rf"(?<![\w-])of (?:{_ARTICLE})(?![\w-])"
    rf"|(?P<ends>[.,;:!?()]|(?<![\w-])(?:(?:{_OF_IT}) of(?: (?:{_ARTICLE}))?|{_NO_NAME})(?![\w-]))",
    re.IGNORECASE,
)
_OF = re.compile(rf"\s*(?:of\s+(?:(?:{_ARTICLE})\s+)?)?", re.IGNORECASE)
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class SpokenSentence:
    """One sentence as the model wrote it.

    Attributes:
        raw: its text, with ``[SEG]`` and slots.
        marks: what each of its ``[SEG]`` points at: seg tokens (1, d) float32, or None where the model has none.
    """

    raw: str
    marks: tuple[np.ndarray | None, ...] = ()


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


def named_before(text: str, since: int = 0) -> int:
    """Where the words begin that name what a mark at the end of ``text`` points at.

    They go back to ``since`` (the last mark or slot), to punctuation, or to a word that is part of no name: an article, a
    verb, a preposition. "of the" is part of one ("lesion of the liver") unless the word before it is about the whole of
    something ("part of the liver").
    """
    ends = [match.end() for match in _BEFORE_NAME.finditer(text, since) if match["ends"]]
    of = _OF.match(text, ends[-1] if ends else since)
    return of.end() if of else len(text)


def number_in(name: str) -> int | None:
    """How many things a name in the plural counts, "two cysts"; None where it counts none."""
    first = name.split(maxsplit=1)[0].lower() if name.strip() else ""
    return _NUMBERS.index(first) + 2 if first in _NUMBERS else None
