"""Phrases that point at something: an organ, a pair, a finding among others, a neighbour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts, Visibility
from MedVLSAM2Lib.training.facts.relations import MAIN_ORGANS, just_above, just_below
from MedVLSAM2Lib.training.language.said import Target
from MedVLSAM2Lib.training.language.user import called
from MedVLSAM2Lib.training.language.words import FLUID, density_words, noun_of, place_in, size_word
from MedVLSAM2Lib.vocabulary import Kind, Side, Structure, Vocabulary

_CLEARLY_LARGER = 1.3
_EVERYTHING_SHARE = 0.02
_CLEARLY_HIGHER_MM = 12.0


@dataclass(frozen=True)
class Phrase:
    """Words for something that is there.

    Attributes:
        text: in the user's words, e.g. ``"the larger renal cyst in the right kidney"``.
        target: what it means.
        is_many: the words are a plural.
        answer: the same in the model's words, where those are others.
    """

    text: str
    target: Target
    is_many: bool = False
    answer: str | None = None


class Phrases:
    """Draws phrases that are true of one scan, and mean one thing only."""

    def __init__(self, facts: Facts, vocabulary: Vocabulary) -> None:
        self._facts, self._vocabulary = facts, vocabulary
        # With another of its kind that is hardly in view, a finding cannot be told apart, nor can all be counted.
        self._clear = [finding for finding in facts.findings if finding.kind not in facts.hidden_kinds]

    def any(self, rng: np.random.Generator) -> Phrase | None:
        """A phrase of any sort; None where nothing can be pointed at."""
        ways = (self.finding, self.findings, self.organ, self.organ, self.pair, self.neighbour)
        return self.everything(rng) if rng.random() < _EVERYTHING_SHARE else self._first_of(ways, rng)

    def everything(self, rng: np.random.Generator) -> Phrase | None:
        """All findings together."""
        if not self._facts.findings or self._facts.hidden_kinds or not self._facts.searched_kinds:
            return None
        words = ("all findings", "everything abnormal", "all abnormalities", "all lesions")[int(rng.integers(4))]
        return Phrase(words, tuple(f.name for f in self._facts.findings), is_many=words != "everything abnormal")

    def organ(self, rng: np.random.Generator) -> Phrase | None:
        """A structure by its name."""
        seen = self._facts.seen()
        if not seen:
            return None
        weights = np.array([4.0 if s.structure.term.kind is Kind.ORGAN else 1.0 for s in seen])
        structure = seen[int(rng.choice(len(seen), p=weights / weights.sum()))].structure
        return Phrase(f"the {called(structure, rng)}", (structure.name,), structure.term.plural_only)

    def pair(self, rng: np.random.Generator) -> Phrase | None:
        """Both of a pair, or the larger or the smaller one."""
        terms = [
            term
            for term in self._vocabulary.terms
            if term.paired and all(self._facts.visibility(Structure(term, side).name).is_seen for side in Side)
        ]
        if not terms:
            return None
        term = terms[int(rng.integers(len(terms)))]
        names = tuple(Structure(term, side).name for side in Side)
        larger = self._larger(names)
        if larger is not None and not term.plural_only and rng.random() < 0.4:
            smaller = names[1 - names.index(larger)]
            word, name = (("larger", larger), ("smaller", smaller))[int(rng.integers(2))]
            return Phrase(f"the {word} {term.name}", (name,))
        words = ("both {}", "the {}", "{}", "the right and left {}")[int(rng.integers(4))]
        return Phrase(words.format(term.plural), names, is_many=True)

    def neighbour(self, rng: np.random.Generator) -> Phrase | None:
        """An organ by what it lies next to."""
        found = []
        for organ in MAIN_ORGANS:
            below, above = just_below(self._facts, organ), just_above(self._facts, organ)
            found += [("below", organ, below)] if below else []
            found += [("above", organ, above)] if above else []
        if not found:
            return None
        where, organ, other = found[int(rng.integers(len(found)))]
        words = ("the organ just {} the {}", "the organ directly {} the {}")[int(rng.integers(2))]
        return Phrase(words.format(where, organ), (other,))

    def findings(self, rng: np.random.Generator) -> Phrase | None:
        """All findings of a kind, anywhere or in one organ."""
        if not self._clear:
            return None
        finding = self._drawn_finding(rng)
        term = self._vocabulary.term(finding.kind)
        organ = finding.organ if finding.organ and rng.random() < 0.4 else None
        meant = tuple(f.name for f in self._facts.findings_of(finding.kind, organ))
        words = "all {}" if len(meant) != 2 else ("both {}", "all {}")[int(rng.integers(2))]
        where = f" {place_in(finding.kind, organ)}" if organ else ""
        if len(meant) == 1:
            return Phrase(f"all {term.plural}{where}", meant, answer=f"the only {finding.kind}{where}")
        return Phrase(words.format(term.plural) + where, meant, is_many=True)

    def finding(self, rng: np.random.Generator) -> Phrase | None:
        """One finding, told apart from the others by as few words as need be."""
        if not self._clear:
            return None
        finding = self._drawn_finding(rng)
        return self._first_of(
            (
                lambda _: self._by_kind(finding, rng),
                lambda _: self._by_place(finding, rng),
                lambda _: self._by_size(finding, rng),
                lambda _: self._by_height(finding, rng),
                lambda _: self._by_density(finding),
            ),
            rng,
        )

    def phrase_of(self, finding: FindingFacts, rng: np.random.Generator) -> str | None:
        """Words for this finding and no other; None when the words there are do not tell it apart."""
        if finding not in self._clear:
            return None
        ways = (self._by_kind, self._by_place, self._by_size)
        for way in ways:
            phrase = way(finding, rng)
            if phrase is not None and phrase.target == (finding.name,):
                return phrase.text
        return None

    def _by_kind(self, finding: FindingFacts, rng: np.random.Generator) -> Phrase | None:
        if len(self._facts.findings_of(finding.kind)) > 1:
            return None
        kind = called(Structure(self._vocabulary.term(finding.kind)), rng)
        size = size_word(finding)
        noun = f"{size} {finding.kind}" if size and rng.random() < 0.3 else kind
        return Phrase(f"the {noun}", (finding.name,))

    def _by_place(self, finding: FindingFacts, rng: np.random.Generator) -> Phrase | None:
        if finding.kind == FLUID:
            words = ("the {}-sided {}", "the {} {}")[int(rng.integers(2))]
            return Phrase(words.format(finding.side, finding.kind), (finding.name,))
        if finding.organ is None or len(self._facts.findings_of(finding.kind, finding.organ)) > 1:
            return None
        return Phrase(f"the {finding.kind} {place_in(finding.kind, finding.organ)}", (finding.name,))

    def _by_size(self, finding: FindingFacts, rng: np.random.Generator) -> Phrase | None:
        organ = finding.organ if rng.random() < 0.6 else None
        group = self._facts.findings_of(finding.kind, organ)
        if len(group) < 2 or finding.kind == FLUID:
            return None
        volumes = [f.measures.volume_ml for f in group]
        where = f" {place_in(finding.kind, organ)}" if organ else ""
        largest, smallest = ("larger", "smaller") if len(group) == 2 else ("largest", "smallest")
        if volumes[0] > _CLEARLY_LARGER * volumes[1] and finding is not group[-1]:
            return Phrase(f"the {largest} {finding.kind}{where}", (group[0].name,))
        if volumes[-2] > _CLEARLY_LARGER * volumes[-1]:
            return Phrase(f"the {smallest} {finding.kind}{where}", (group[-1].name,))
        return None

    def _by_height(self, finding: FindingFacts, rng: np.random.Generator) -> Phrase | None:
        group = sorted(self._facts.findings_of(finding.kind), key=lambda f: f.measures.centre[2])
        if len(group) < 2 or finding.kind == FLUID:
            return None
        heights = [f.measures.centre[2] for f in group]
        lowest, highest = ("lower", "upper") if len(group) == 2 else ("lowest", "uppermost")
        if rng.random() < 0.5 and heights[1] - heights[0] > _CLEARLY_HIGHER_MM:
            return Phrase(f"the {lowest} {finding.kind}", (group[0].name,))
        if heights[-1] - heights[-2] > _CLEARLY_HIGHER_MM:
            return Phrase(f"the {highest} {finding.kind}", (group[-1].name,))
        return None

    def _by_density(self, finding: FindingFacts) -> Phrase | None:
        alike = [f for f in self._facts.findings_of(finding.kind) if f.is_dense == finding.is_dense]
        if density_words(finding.kind) is None or len(alike) > 1:
            return None
        return Phrase(f"the {noun_of(finding, with_size=False)}", (finding.name,))

    def _larger(self, names: tuple[str, ...]) -> str | None:
        first, second = (self._facts.structures[name] for name in names)
        is_whole = first.visibility is second.visibility is Visibility.WHOLE
        if not is_whole or first.measures is None or second.measures is None:
            return None
        if first.measures.volume_ml > _CLEARLY_LARGER * second.measures.volume_ml:
            return names[0]
        return names[1] if second.measures.volume_ml > _CLEARLY_LARGER * first.measures.volume_ml else None

    def _drawn_finding(self, rng: np.random.Generator) -> FindingFacts:
        return self._clear[int(rng.integers(len(self._clear)))]

    def _first_of(
        self, ways: Sequence[Callable[[np.random.Generator], Phrase | None]], rng: np.random.Generator
    ) -> Phrase | None:
        for index in rng.permutation(len(ways)):
            phrase = ways[int(index)](rng)
            if phrase is not None:
                return phrase
        return None
