"""Versions of packages, and the range of them that was tested together."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = re.compile(r"(\d+(?:\.\d+)*)")
_BOUND = re.compile(r"(>=|<|==)\s*(\d+(?:\.\d+)*)")

Numbers = tuple[int, ...]


@dataclass(frozen=True)
class VersionRange:
    """What is tested: from ``at_least`` up to, but not including, ``below``.

    The numbers of a version are compared and nothing else: a build (``2.13.0+cpu``) is the version it is a build of, and a
    pre-release of ``below`` is outside, as it should be.
    """

    at_least: str
    below: str

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """The range of ``>=2.13,<2.14``, or of ``==9.6.0``; ValueError when a bound is missing or is of another kind."""
        bounds = dict(_bound(part) for part in text.split(","))
        if exact := bounds.get("=="):
            return cls(exact, _next_after(exact))
        if bounds.keys() != {">=", "<"}:
            raise ValueError(f"{text!r} does not have a lower and an upper bound")
        return cls(bounds[">="], bounds["<"])

    def __contains__(self, version: str) -> bool:
        """Whether ``version`` was tested; one without numbers was not."""
        numbers = numbers_of(version)
        return bool(numbers) and _padded(self.at_least) <= _pad(numbers) < _padded(self.below)

    def __str__(self) -> str:
        """As pip takes it."""
        return f">={self.at_least},<{self.below}"

    @property
    def in_words(self) -> str:
        """As a person reads it."""
        return f"{self.at_least} up to, but not including, {self.below}"

    @property
    def in_short(self) -> str:
        """For a narrow column."""
        return f"≥\u00a0{self.at_least}, <\u00a0{self.below}"


def numbers_of(version: str) -> Numbers:
    """The numbers at the front of a version: (2, 13, 0) of ``2.13.0+cpu``."""
    found = _NUMBERS.match(version.strip())
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def _bound(part: str) -> tuple[str, str]:
    found = _BOUND.fullmatch(part.strip())
    if found is None:
        raise ValueError(f"{part!r} is no bound of a version")
    return found[1], found[2]


def _next_after(version: str) -> str:
    numbers = numbers_of(version)
    return ".".join(str(number) for number in (*numbers[:-1], numbers[-1] + 1))


def _padded(version: str) -> Numbers:
    return _pad(numbers_of(version))


def _pad(numbers: Numbers) -> Numbers:
    return (*numbers, *(0,) * (6 - len(numbers)))
