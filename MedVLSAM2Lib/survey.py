"""What was looked for in a scan before questions about it are answered, and what was seen of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from types import MappingProxyType

from MedVLSAM2Lib.vocabulary import Kind, Side, Structure, Vocabulary

LANDMARKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "head": ("brain", "brainstem", "right eye"),
        "neck": ("larynx", "thyroid gland", "right parotid gland"),
        "chest": ("right lung", "left lung"),
        "abdomen": ("liver", "right kidney", "left kidney"),
        "pelvis": ("urinary bladder", "right hip bone", "left hip bone"),
    }
)
"""The structures that tell which parts of the body a scan shows, from above."""

REGIONS = tuple(LANDMARKS)
"""From the head down."""

_FAR = 2
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their)\b", re.IGNORECASE)

CLEARLY_LARGER, ABOUT_EQUAL = 1.25, 1.07


class Sight(StrEnum):
    """How much of a structure was seen, in the word of a survey's text."""

    WHOLLY = "wholly"
    PARTLY = "partly"
    """It reaches the border of the scan."""
    NOT_FOUND = "no"
    """Out of view, absent, or missed."""


@dataclass(frozen=True)
class Sighting:
    """A structure that was looked for; ``volume_ml`` is that of its voxels."""

    structure: Structure
    sight: Sight
    volume_ml: float = 0.0


@dataclass(frozen=True)
class Survey:
    """Everything that was looked for in one scan.

    What the language model is told of it stands as text before a conversation's first question, so that any language model
    can be told, and so that its answers say no more than was seen.

    Attributes:
        modality: e.g. ``"CT"``.
        sightings: one for each structure; of what has none, nothing is known.
    """

    modality: str
    sightings: tuple[Sighting, ...]

    @property
    def regions(self) -> tuple[str, ...]:
        """The parts of the body of which a landmark is wholly seen, from above."""
        return regions_of(s.structure for s in self.sightings if s.sight is Sight.WHOLLY)

    def of(self, structures: Collection[Structure]) -> list[Sighting]:
        """What is known of these structures: what was seen, and that those of parts of the body out of view are not there."""
        seen = [s for s in self.sightings if s.structure in structures]
        rest = set(structures).difference(s.structure for s in seen)
        far = sorted((s for s in rest if self.is_out_of_view(s)), key=lambda structure: structure.name)
        return seen + [Sighting(structure, Sight.NOT_FOUND) for structure in far]

    def is_out_of_view(self, structure: Structure) -> bool:
        """Whether a structure belongs to a part of the body that is far from all that were seen."""
        return structure.term.kind is not Kind.FINDING and structure.term.region in self._out_of_view

    @cached_property
    def _out_of_view(self) -> tuple[str, ...]:
        seen = (s.structure for s in self.sightings if s.sight is not Sight.NOT_FOUND)
        return out_of_view(self.regions, seen)

    def text(self) -> str:
        """All of it in words, e.g. ``"CT of the chest: wholly heart, no liver, larger right lung."``."""
        regions = self.regions
        of_what = f" of the {' and '.join(regions)}" if regions else ""
        return f"{self.modality}{of_what}: {', '.join(_in_words(self.sightings))}."

    def told(self, questions: Sequence[str], vocabulary: Vocabulary) -> Iterator[str]:
        """The questions of a conversation with what was seen before each.

        All of it stands before the first; before each, once more, what was seen of the structures that it names, or that the
        one before it named if it speaks of *it*; before one that names none, everything that was seen. So even a small
        language model need not search for it.
        """
        named: set[Structure] = set()
        for number, question in enumerate(questions):
            named = set(vocabulary.named_in(question)) or (named if _PRONOUN.search(question) else set())
            lines = [self.text()] if number == 0 else []
            yield "\n".join([*lines, *self._once_more(named), question])

    def _once_more(self, named: Collection[Structure]) -> list[str]:
        """The line before a question that names these structures; none where nothing is known of them."""
        if not named:
            there = [s.structure.name for s in self.sightings if s.sight is not Sight.NOT_FOUND]
            return [f"In view: {', '.join(there) or 'nothing'}."]
        asked = _in_words(self.of(named))
        return [f"Asked about: {', '.join(asked)}."] if asked else []


def regions_of(structures: Iterable[Structure]) -> tuple[str, ...]:
    """The parts of the body whose landmarks are among some structures, from above."""
    names = {structure.name for structure in structures}
    return tuple(region for region, landmarks in LANDMARKS.items() if names.intersection(landmarks))


def out_of_view(regions: Collection[str], seen: Iterable[Structure]) -> tuple[str, ...]:
    """The parts of the body that cannot be in a scan of these; where none is known, of those of which anything is seen."""
    return far_from(regions or regions_of(seen))


def far_from(shown: Collection[str]) -> tuple[str, ...]:
    """The parts of the body that cannot be in a scan of these: two or more away, from the head to the pelvis."""
    places = [REGIONS.index(region) for region in shown if region in REGIONS]
    return tuple(r for n, r in enumerate(REGIONS) if places and min(abs(n - place) for place in places) >= _FAR)


def _in_words(sightings: Sequence[Sighting]) -> list[str]:
    """Each of the sightings, and after them which of a pair is larger, where both are wholly seen and it can be said."""
    return [*(f"{s.sight} {s.structure.name}" for s in sightings), *_compared(sightings)]


def _compared(sightings: Sequence[Sighting]) -> Iterator[str]:
    whole = [s for s in sightings if s.structure.side and s.sight is Sight.WHOLLY]
    by_term = sorted(whole, key=lambda s: s.structure.term.name)
    for _, found in groupby(by_term, key=lambda s: s.structure.term.name):
        pair = {s.structure.side: s for s in found}
        if len(pair) == len(Side) and all(s.volume_ml > 0 for s in pair.values()):
            yield from _comparison(pair[Side.RIGHT], pair[Side.LEFT])


def _comparison(right: Sighting, left: Sighting) -> Iterator[str]:
    large, small = sorted((right, left), key=lambda s: -s.volume_ml)
    ratio = large.volume_ml / small.volume_ml
    if ratio > CLEARLY_LARGER:
        yield f"larger {large.structure.name}"
    elif ratio < ABOUT_EQUAL:
        yield f"same {large.structure.term.plural}"
