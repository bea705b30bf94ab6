"""Numbers in a sentence are placeholders, ``{long_axis:Segment_1}``, filled from measurements each time it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from MedVLSAM2Lib.report.quantities import Quantity

SIDE = "side"
"""The one placeholder that is no number."""

_NAMES = frozenset([*Quantity, SIDE])
_PATTERN = re.compile(r"\{(\w+):([^{}]+)\}")
_GOES_ON_BEFORE = re.compile(r"(?:[\w.,+−-])$")
_GOES_ON_AFTER = re.compile(r"^(?:\w|[.,]\d|%)")


@dataclass(frozen=True)
class Placeholder:
    """A quantity (or ``side``) of a segment."""

    name: str
    segment_id: str

    def __str__(self) -> str:
        return f"{{{self.name}:{self.segment_id}}}"


@dataclass(frozen=True)
class Piece:
    """A part of a sentence: words, or what a placeholder was filled with."""

    text: str
    placeholder: Placeholder | None = None


Fill = Callable[[Placeholder], str | None]
"""What a placeholder stands for; None where the report knows no such segment, and the text is shown as it is."""


def split(text: str) -> Iterator[str | Placeholder]:
    """The words and the placeholders of ``text``, in order; braces that hold no known quantity are words."""
    end = 0
    for match in _PATTERN.finditer(text):
        if match[1] in _NAMES:
            yield text[end : match.start()]
            yield Placeholder(match[1], match[2])
            end = match.end()
    yield text[end:]


def placeholders_in(text: str) -> tuple[Placeholder, ...]:
    """All placeholders, in order."""
    return tuple(part for part in split(text) if isinstance(part, Placeholder))


def render(text: str, fill: Fill) -> tuple[Piece, ...]:
    """``text`` with its placeholders filled."""
    pieces = []
    for part in split(text):
        filled = fill(part) if isinstance(part, Placeholder) else None
        if isinstance(part, Placeholder) and filled is not None:
            pieces.append(Piece(filled, part))
        elif str(part):
            pieces.append(Piece(str(part)))
    return tuple(pieces)


def carry_over(shown: tuple[Piece, ...], edited: str) -> str:
    """The text behind a sentence that was ``shown`` and then ``edited`` by hand.

    A number stays a placeholder where the person left it whole; one that was touched, or has become part of another
    number or word, is words from now on.
    """
    old = "".join(piece.text for piece in shown)
    blocks = SequenceMatcher(None, _plain(old), _plain(edited), autojunk=False).get_matching_blocks()
    result, position, written = "", 0, 0
    for piece in shown:
        first, position = position, position + len(piece.text)
        if piece.placeholder is None:
            continue
        for block in blocks:
            if block.a <= first and position <= block.a + block.size:
                start = block.b + first - block.a
                stop = start + len(piece.text)
                if _stands_alone(edited, start, stop):
                    result += edited[written:start] + str(piece.placeholder)
                    written = stop
    return result + edited[written:]


def _plain(text: str) -> str:
    # Text fields may turn a no-break space into a plain one; the number is the same.
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _stands_alone(text: str, start: int, stop: int) -> bool:
    return not _GOES_ON_BEFORE.search(text[:start]) and not _GOES_ON_AFTER.search(text[stop:])
