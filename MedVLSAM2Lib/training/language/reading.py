"""Reads a text back: what it claims of findings and of organs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from MedVLSAM2Lib.training.facts.facts import Visibility
from MedVLSAM2Lib.training.language.words import NUMBERS, SIZES_ML
from MedVLSAM2Lib.vocabulary import Kind, Side, Vocabulary

_DENSE, _NOT_DENSE = ("calcified", "sclerotic"), ("solid", "lytic")
_SIZES = tuple(word for _, word in SIZES_ML)
_SENTENCE_END = re.compile(r"(?<=[.;?!])\s+|\n")
_SIDE = re.compile(r"\bon the (right|left)\b|\b(right|left)-sided\b", re.IGNORECASE)
_ON_BOTH = re.compile(r"\bon both sides\b")
_LEVEL = re.compile(r"\b(upper|middle|lower) third\b")
_VISIBILITIES = (
    (Visibility.NOT_FOUND, re.compile(r"\bnot found\b|\bfound nothing\b")),
    (Visibility.ABSENT, re.compile(r"\babsent\b")),
    (Visibility.OUT_OF_VIEW, re.compile(r"\bout of view\b|\bnot in view\b")),
    (Visibility.PARTLY, re.compile(r"\bpartly in view\b|\bonly a part\b|\bonly in part\b")),
    (Visibility.WHOLE, re.compile(r"\bwholly in view\b|\ball of\b")),
)
_NOTHING_CLAIMED = re.compile(r"\bdo not look for\b")
_IN = "in|third of|course of|side of|midline of|part of"
_PLACES = {"mediastinum": "mediastinal fat", "abdomen": "visceral fat"}


@dataclass(frozen=True)
class FindingClaim:
    """That there are findings of a kind, or none.

    Attributes:
        kind: in the words of the vocabulary.
        is_denied: it is said that there is none.
        count: how many, where a number is said.
        organ: the full name of the structure they are said to lie in.
        side: the side they are said to lie on; an organ's own side is not repeated here.
        on_both_sides: they are said to lie on either side.
        level: the third of the organ.
        size: ``small``, ``moderate`` or ``large``.
        is_dense: they are said to be calcified or sclerotic (True), solid or lytic (False).
    """

    kind: str
    is_denied: bool = False
    count: int | None = None
    organ: str | None = None
    side: Side | None = None
    on_both_sides: bool = False
    level: str | None = None
    size: str | None = None
    is_dense: bool | None = None


@dataclass(frozen=True)
class OrganClaim:
    """How much of a structure is said to be in view."""

    name: str
    visibility: Visibility


Claim = FindingClaim | OrganClaim


class Reader:
    """Reads texts in the words of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def claims(self, text: str) -> tuple[Claim, ...]:
        """Everything that a text claims, sentence by sentence."""
        plain = re.sub(r"\s*\[SEG\]", "", text)
        return tuple(claim for sentence in _SENTENCE_END.split(plain) for claim in self._claims_of(sentence))

    def _claims_of(self, sentence: str) -> Iterator[Claim]:
        if _NOTHING_CLAIMED.search(sentence):
            return
        mentions = list(self._mention.finditer(sentence))
        ends = [mention.start() for mention in mentions[1:]] + [len(sentence)] * bool(mentions)
        for mention, end in zip(mentions, ends, strict=True):
            # What stands before a colon ("On the right: the cyst") belongs to the first mention.
            before = sentence[: mention.start()] if mention is mentions[0] else ""
            before = before if before.rstrip().endswith(":") else ""
            yield self._finding(mention, f"{before} | {sentence[mention.end() : end]}")
        if not mentions:
            yield from self._organs(sentence)

    def _finding(self, mention: re.Match[str], context: str) -> FindingClaim:
        first = (mention["first"] or "").lower().strip()
        words = (mention["adjectives"] or "").lower().split()
        kind = self._vocabulary.meant_by(mention["kind"])[0].term.name
        side = _SIDE.search(" ".join((*words, context)))
        level = _LEVEL.search(context)
        return FindingClaim(
            kind,
            is_denied=first == "no",
            count=NUMBERS.index(first) if first in NUMBERS[1:] else None,
            organ=self._organ_in(context),
            side=Side(next(group for group in side.groups() if group)) if side else None,
            on_both_sides=bool(_ON_BOTH.search(context)),
            level=level[1] if level else None,
            size=next((word for word in words if word in _SIZES), None),
            is_dense=next((word in _DENSE for word in words if word in (*_DENSE, *_NOT_DENSE)), None),
        )

    def _organ_in(self, context: str) -> str | None:
        match = self._place.search(context)
        if match is None:
            return None
        organ = match["organ"]
        if organ.lower() in _PLACES:
            return _PLACES[organ.lower()]
        meant = self._vocabulary.meant_by(organ)
        return meant[0].name if len(meant) == 1 else None

    def _organs(self, sentence: str) -> Iterator[OrganClaim]:
        visibility = next((what for what, words in _VISIBILITIES if words.search(sentence.lower())), None)
        if visibility is None:
            return
        names = (
            structure.name
            for match in self._organ.finditer(sentence)
            for structure in self._vocabulary.meant_by(match[0])
        )
        for name in dict.fromkeys(names):
            yield OrganClaim(name, visibility)

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        first = "|".join((*NUMBERS, "an", "a", "the", "all", "both"))
        adjectives = "|".join((*_SIZES, *_DENSE, *_NOT_DENSE, "only", "right-sided", "left-sided", "larger", "largest"))
        terms = (
            spelling for term in self._vocabulary.findings() for spelling in (term.name, term.plural, *term.synonyms)
        )
        return re.compile(
            rf"(?:\b(?P<first>{first}) )?(?P<adjectives>(?:\b(?:{adjectives}) )*)\b(?P<kind>{_any_of(terms)})\b",
            re.IGNORECASE,
        )

    @cached_property
    def _organ(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{_any_of(self._organ_words())})\b", re.IGNORECASE)

    @cached_property
    def _place(self) -> re.Pattern[str]:
        organs = _any_of((*self._organ_words(), *_PLACES))
        return re.compile(rf"\b(?:{_IN}) the (?P<organ>{organs})\b", re.IGNORECASE)

    def _organ_words(self) -> tuple[str, ...]:
        phrases = self._vocabulary.phrases()
        return tuple(p for p in phrases if self._vocabulary.meant_by(p)[0].term.kind is not Kind.FINDING)


def _any_of(words: Iterator[str] | tuple[str, ...]) -> str:
    """A pattern of any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
