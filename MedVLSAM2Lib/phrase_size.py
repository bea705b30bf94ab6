"""Sizes in phrases: "all lymph nodes above 1 cm" names lymph nodes, and of these only those that are measured so large."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MM = {"mm": 1.0, "cm": 10.0}
_SIZE = re.compile(
    r"\s*,?\s+(?:that (?:is|are)\s+|which (?:is|are)\s+)?"
    r"(?:(?P<above>above|over|larger than|bigger than|greater than|longer than|more than|>)"
    r"|(?P<least>at least|of at least|from|≥|>=)"
    r"|(?P<below>below|under|smaller than|shorter than|less than|<)"
    r"|(?P<most>at most|of at most|up to|≤|<=))"
    r"\s*(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>mm|cm)"
    r"(?:\s+in (?:size|diameter)|\s+(?:long|wide|large))?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SizeLimit:
    """Which longest axial diameters a phrase means.

    Attributes:
        words: as they were typed, such as ``"above 1 cm"``.
        least_mm: the smallest; 0 for any.
        most_mm: the largest.
        is_strict: whether the limit itself does not count.
    """

    words: str
    least_mm: float = 0.0
    most_mm: float = float("inf")
    is_strict: bool = True

    def holds(self, diameter_mm: float) -> bool:
        """Whether an object of that longest axial diameter is meant."""
        if self.is_strict:
            return self.least_mm < diameter_mm < self.most_mm
        return self.least_mm <= diameter_mm <= self.most_mm


def split_size(phrase: str) -> tuple[str, SizeLimit | None]:
    """What a phrase names, and of which size; None for any size."""
    match = _SIZE.search(phrase)
    if match is None or not phrase[: match.start()].strip():
        return phrase, None
    limit = float(match["number"].replace(",", ".")) * _MM[match["unit"].lower()]
    words = match[0].strip(" ,")
    is_strict = bool(match["above"] or match["below"])
    is_least = bool(match["above"] or match["least"])
    least, most = (limit, float("inf")) if is_least else (0.0, limit)
    return phrase[: match.start()].rstrip(), SizeLimit(words, least, most, is_strict)
