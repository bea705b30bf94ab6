"""What a model's text holds beside words: marks that point at voxels, and slots that a measurement fills.

A phrase that points at voxels is followed by ``[SEG]``. The n-th ``[SEG]`` of a text, counted from 1, is what ``<volume:n>`` and
the other slots with that number speak of. A model writes slots and never digits: a number is always measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

SEG = "[SEG]"
MOST_SEGS = 24
"""How many ``[SEG]`` of one text slots can speak of."""

_SLOT = re.compile(r"<(volume|diameter|perpendicular|hu):([1-9][0-9]?)>")


class Measure(StrEnum):
    """What is measured of the voxels that a ``[SEG]`` points at. Whoever fills a slot writes the unit too."""

    VOLUME = "volume"
    """In ml, or in whatever unit suits its size."""
    DIAMETER = "diameter"
    """The longest diameter in an axial slice, in mm."""
    PERPENDICULAR = "perpendicular"
    """The extent across the longest diameter in the same slice, in mm."""
    HU = "hu"
    """Mean ± standard deviation, in HU."""


@dataclass(frozen=True)
class Slot:
    """A place for a measured value in a text.

    Attributes:
        measure: what to measure.
        number: of which ``[SEG]`` of the text, from 1.
    """

    measure: Measure
    number: int

    def __str__(self) -> str:
        """The slot as it stands in a text, which is one token of the vocabulary."""
        return f"<{self.measure}:{self.number}>"


def slot_tokens() -> tuple[str, ...]:
    """Every slot there is, as it stands in a text."""
    return tuple(str(Slot(measure, number)) for measure in Measure for number in range(1, MOST_SEGS + 1))


def slots_of(text: str) -> tuple[Slot, ...]:
    """The slots of a text, in order; those that speak of a ``[SEG]`` which the text has not are there too."""
    return tuple(_slot(match) for match in _SLOT.finditer(text))


def is_sound(text: str) -> bool:
    """Whether every slot of a text speaks of one of its ``[SEG]`` and no digit stands outside a slot."""
    segs = text.count(SEG)
    within_reach = all(slot.number <= min(segs, MOST_SEGS) for slot in slots_of(text))
    return within_reach and not any(character.isdigit() for character in _SLOT.sub("", text))


def filled(text: str, value: Callable[[Slot], str]) -> str:
    """The text with ``value(slot)`` in the place of every slot, e.g. ``"31 ml"``."""
    return _SLOT.sub(lambda match: value(_slot(match)), text)


def shifted(text: str, by: int) -> str:
    """The text with every slot speaking of the ``[SEG]`` ``by`` further on, as when it follows a text with so many."""
    return _SLOT.sub(lambda match: str(Slot(Measure(match[1]), int(match[2]) + by)), text)


def pieces(text: str) -> Iterator[str | Slot | int]:
    """A text in its parts, in order: words, slots, and for each ``[SEG]`` its number from 1."""
    seg, end = 0, 0
    for match in re.finditer(rf"{re.escape(SEG)}|{_SLOT.pattern}", text):
        if match.start() > end:
            yield text[end : match.start()]
        if match[0] == SEG:
            seg += 1
            yield seg
        else:
            yield Slot(Measure(match[1]), int(match[2]))
        end = match.end()
    if end < len(text):
        yield text[end:]


def _slot(match: re.Match[str]) -> Slot:
    return Slot(Measure(match[1]), int(match[2]))
