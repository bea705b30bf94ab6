"""Sentences that say facts: the building blocks of answers, reports and captions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from MedVLSAM2Lib.survey import CLEARLY_LARGER
from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts, Visibility
from MedVLSAM2Lib.training.language.grammar import Grammar, capitalized
from MedVLSAM2Lib.training.language.said import Said
from MedVLSAM2Lib.training.language.words import (
    FLUID,
    density_words,
    in_the_phase,
    listed,
    noun_of,
    number,
    place_of,
    with_article,
)
from MedVLSAM2Lib.vocabulary import Kind, Side, Structure, Vocabulary


class Statements:
    """Says what the facts of one scan are; every draw is another wording."""

    def __init__(self, facts: Facts, vocabulary: Vocabulary, grammar: Grammar | None = None) -> None:
        self.facts, self.vocabulary = facts, vocabulary
        self._grammar = grammar or Grammar.read("statements")

    def finding(self, finding: FindingFacts, rng: np.random.Generator) -> Said:
        """That there is a finding, where, and how large."""
        words = {"a_kind": with_article(noun_of(finding)), "place": place_of(finding), "side": str(finding.side)}
        if finding.kind == FLUID:
            what = "fluid" if finding.visibility is Visibility.WHOLE else "fluid_partly"
        elif finding.visibility is Visibility.PARTLY:
            what = "one_partly"
        else:
            what = "one_density" if density_words(finding.kind) and rng.random() < 0.5 else "one"
        return Said(self._grammar.said(what, rng, **words), ((finding.name,),))

    def findings(self, findings: Sequence[FindingFacts], rng: np.random.Generator) -> list[Said]:
        """That there are these findings: several of a kind in one place are counted, and the largest is measured."""
        said: list[Said] = []
        for _, group in groupby(sorted(findings, key=_kind_and_place), key=_kind_and_place):
            alike = sorted(group, key=lambda f: -f.measures.volume_ml)
            are_all_seen = alike[0].kind not in self.facts.hidden_kinds
            may_count = len(alike) > 1 and are_all_seen and rng.random() < 0.6
            if may_count and alike[0].measures.volume_ml > CLEARLY_LARGER * alike[1].measures.volume_ml:
                said.append(self._several(alike, rng))
            else:
                said += [self.finding(finding, rng) for finding in alike]
        return said

    def _several(self, alike: Sequence[FindingFacts], rng: np.random.Generator) -> Said:
        kinds = self.vocabulary.term(alike[0].kind).plural
        words = {
            "count": number(len(alike)),
            "kinds": kinds,
            "place": place_of(alike[0], with_level=False),
            "largest": "larger" if len(alike) == 2 else "largest",
        }
        text = self._grammar.said("many", rng, **words)
        targets = (tuple(f.name for f in alike), (alike[0].name,))
        return Said(text, targets[: text.count("[SEG]")])

    def none(self, kind: str, rng: np.random.Generator) -> Said:
        """That there is no finding of a kind."""
        return Said(self._grammar.said("none", rng, kind=kind))

    def nothing(self, rng: np.random.Generator, organ: str | None = None) -> Said:
        """That nothing is abnormal, in an organ or anywhere."""
        if organ is None:
            return Said(self._grammar.said("nothing", rng))
        return Said(self._grammar.said("nothing_in", rng, organ=organ))

    def not_looked_for(self, rng: np.random.Generator) -> Said:
        """That nobody looked for findings."""
        return Said(self._grammar.said("not_looked_for", rng))

    def organ(self, name: str, rng: np.random.Generator) -> Said | None:
        """How much of an organ is seen, and its size; None when nothing is known of it."""
        structure, visibility = self.vocabulary.structure(name), self.facts.visibility(name)
        what = {
            Visibility.WHOLE: "organ",
            Visibility.PARTLY: "organ_partly",
            Visibility.ABSENT: "organ_absent",
            Visibility.OUT_OF_VIEW: "organ_out",
            Visibility.NOT_FOUND: "organ_not_found",
        }.get(visibility)
        if what is None:
            return None
        text = self._grammar.said(what, rng, organ=name, **verbs(structure))
        return Said(text, ((name,),) if visibility.is_seen else ())

    def pair(self, term: str, rng: np.random.Generator) -> Said | None:
        """The size of both organs of a pair; None unless both are wholly seen."""
        names = tuple(Structure(self.vocabulary.term(term), side).name for side in Side)
        if any(self.facts.visibility(name) is not Visibility.WHOLE for name in names):
            return None
        text = self._grammar.said("pair", rng, organ=term, organs=self.vocabulary.term(term).plural)
        return Said(text, tuple((name,) for name in names) if text.count("[SEG]") == 2 else (names,))

    def technique(self, rng: np.random.Generator) -> Said:
        """What kind of scan it is, and of which part of the body."""
        words = self._frame_words()
        return Said(self._grammar.said("technique" if self.facts.phase else "technique_unknown", rng, **words))

    def caption(self, rng: np.random.Generator) -> Said | None:
        """The scan in one sentence: its findings, or some of the organs it shows; None when it shows neither."""
        shown = [f for f in self.facts.findings if f.visibility is Visibility.WHOLE][:3]
        if shown and len({noun_of(f) + place_of(f) for f in shown}) == len(shown):
            phrases = [f"{with_article(noun_of(f))} [SEG] {place_of(f)}" for f in shown]
            targets: tuple[tuple[str, ...], ...] = tuple((f.name,) for f in shown)
        else:
            organs = [s.name for s in self.facts.seen() if s.structure.term.kind is Kind.ORGAN]
            if not organs:
                return None
            picked = [str(name) for name in rng.permutation(organs)[: int(rng.integers(1, 4))]]
            phrases, targets = [f"the {name} [SEG]" for name in picked], tuple((name,) for name in picked)
        what = "caption" if self.facts.phase else "caption_unknown"
        return Said(self._grammar.said(what, rng, list=listed(phrases), **self._frame_words()), targets)

    def _frame_words(self) -> dict[str, str]:
        phase = {"in_the_phase": in_the_phase(self.facts.phase)} if self.facts.phase else {}
        return {"modality": self.facts.modality, "regions": listed(self.facts.regions or ("body",)), **phase}


def verbs(structure: Structure) -> dict[str, str]:
    """The verbs and pronouns that go with a structure: the ribs *are*, the liver *is*."""
    if structure.term.plural_only:
        return {"is": "are", "has": "have", "measures": "measure", "they": "they", "their": "their"}
    return {"is": "is", "has": "has", "measures": "measures", "they": "it", "their": "its"}


def words_of(names: Sequence[str], vocabulary: Vocabulary) -> dict[str, str]:
    """Noun, verbs and pronouns for a structure, or for both of a pair, by their full names."""
    structure = vocabulary.structure(names[0])
    if len(names) == 1:
        the_organ = f"the {structure.name}"
        return {
            "organ": structure.name,
            "the_organ": the_organ,
            "The_organ": capitalized(the_organ),
            **verbs(structure),
        }
    the_organs = f"both {structure.term.plural}"
    many = {"is": "are", "has": "have", "measures": "measure", "they": "they", "their": "their"}
    return {"organ": structure.term.plural, "the_organ": the_organs, "The_organ": capitalized(the_organs), **many}


def _kind_and_place(finding: FindingFacts) -> tuple[str, str, str]:
    return finding.kind, finding.organ or "", str(finding.side)
