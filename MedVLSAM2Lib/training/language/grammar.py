"""Wordings: small grammars in JSON files, one list of wordings for each thing that can be said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_PLACE = re.compile(r"\{(\w+)\}")

Wordings = Mapping[str, Sequence[str]]


class Grammar:
    """Draws wordings and fills their places.

    In a wording ``(one|other)`` is a choice and ``{kind}`` a place for words; ``{Kind}`` takes the same words with a capital.
    """

    def __init__(self, wordings: Wordings) -> None:
        self._wordings = wordings

    @classmethod
    def read(cls, name: str) -> Grammar:
        """The grammar in ``wordings/NAME.json``."""
        path = Path(__file__).parent / "wordings" / f"{name}.json"
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def said(self, what: str, rng: np.random.Generator, **words: str) -> str:
        """One wording of ``what``, drawn and filled. Raises KeyError for a thing or a place without words."""
        return self.filled(self.drawn(what, rng), rng, words)

    def drawn(self, what: str, rng: np.random.Generator) -> str:
        """One wording of ``what``, not yet filled."""
        wordings = self._wordings[what]
        return wordings[int(rng.integers(len(wordings)))]

    def filled(self, wording: str, rng: np.random.Generator, words: Mapping[str, str]) -> str:
        """A wording with its choices made and its places filled."""
        while match := _CHOICE.search(wording):
            options = match[1].split("|")
            wording = wording[: match.start()] + options[int(rng.integers(len(options)))] + wording[match.end() :]
        return _PLACE.sub(lambda match: _word(match[1], words), wording)

    def all_of(self, what: str) -> tuple[str, ...]:
        """Every wording of ``what``, as written."""
        return tuple(self._wordings[what])


def _word(place: str, words: Mapping[str, str]) -> str:
    if place in words:
        return words[place]
    return capitalized(words[place[0].lower() + place[1:]])


def capitalized(text: str) -> str:
    """The text with a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]
