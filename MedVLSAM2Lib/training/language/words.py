"""Nouns and places in words."""

from __future__ import annotations

from collections.abc import Sequence

from MedVLSAM2Lib.training.facts.facts import FindingFacts, Visibility
from MedVLSAM2Lib.training.phantom.structures import Phase
from MedVLSAM2Lib.vocabulary import Side

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FLUID = "pleural effusion"
SIZES_ML = ((150.0, "small"), (500.0, "moderate"), (float("inf"), "large"))
"""Up to which volume an effusion is called what."""

_PLACES = {"mediastinal fat": "in the mediastinum", "visceral fat": "in the abdomen"}
_WITH_LEVEL = frozenset({"lung nodule", "liver cyst", "liver mass", "renal cyst", "splenic lesion"})
_ON = frozenset({"aortic aneurysm", "aortic calcification"})
_DENSE_WORDS = {"lung nodule": ("calcified", "solid"), "bone lesion": ("sclerotic", "lytic")}
_PHASES = {
    Phase.NATIVE: "without contrast",
    Phase.ARTERIAL: "in the arterial phase",
    Phase.PORTAL_VENOUS: "in the portal venous phase",
}


def with_article(noun: str) -> str:
    """``noun`` after *a* or *an*."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def listed(things: Sequence[str]) -> str:
    """*one*, *one and two*, *one, two and three*."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def number(count: int) -> str:
    """A count in words. Raises IndexError beyond a dozen."""
    return NUMBERS[count]


def in_the_phase(phase: Phase) -> str:
    """When after the contrast medium, e.g. ``"in the arterial phase"``."""
    return _PHASES[phase]


def density_words(kind: str) -> tuple[str, str] | None:
    """What a dense and what another finding of this kind is called; None where density has no name."""
    return _DENSE_WORDS.get(kind)


def size_word(finding: FindingFacts) -> str | None:
    """What an effusion of this size is called; None of one that is cut, and of other findings: their size is measured."""
    if finding.kind != FLUID or finding.visibility is not Visibility.WHOLE:
        return None
    return next(word for most, word in SIZES_ML if finding.measures.volume_ml < most)


def noun_of(finding: FindingFacts, with_size: bool = True) -> str:
    """A finding as a noun with what is known of it: ``"calcified lung nodule"``, ``"large pleural effusion"``."""
    words = density_words(finding.kind)
    adjective = (words[0] if finding.is_dense else words[1]) if words else None
    size = size_word(finding) if with_size else None
    return " ".join(word for word in (size, adjective, finding.kind) if word)


def place_of(finding: FindingFacts, with_level: bool = True) -> str:
    """Where a finding lies: ``"in the upper third of the left lung"``, ``"on the right"``, ``"along the course of the aorta"``."""
    if finding.kind == FLUID:
        return f"on the {finding.side}"
    if finding.organ == "brain":
        return f"on the {finding.side} side of the brain" if finding.side else "in the midline of the brain"
    if finding.organ is None:
        return "in the scan"
    if finding.level and with_level and finding.kind in _WITH_LEVEL:
        return f"in the {finding.level} third of the {finding.organ}"
    return place_in(finding.kind, finding.organ)


def place_in(kind: str, organ: str) -> str:
    """Where findings of a kind lie that are in an organ."""
    if kind in _ON:
        return f"along the course of the {organ}"
    return _PLACES.get(organ, f"in the {organ}")


def side_of_name(name: str) -> Side | None:
    """The side a full name speaks of."""
    return next((side for side in Side if name.startswith(f"{side} ")), None)
