"""Questions with one right answer: yes or no, a side, a count, which is larger, what is in view."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from MedVLSAM2Lib.slots import SEG
from MedVLSAM2Lib.survey import ABOUT_EQUAL, CLEARLY_LARGER
from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts, StructureFacts, Visibility
from MedVLSAM2Lib.training.facts.relations import MAIN_ORGANS, just_above, just_below
from MedVLSAM2Lib.training.language.grammar import Grammar, capitalized
from MedVLSAM2Lib.training.language.presence import HOSTS, Presence, presence
from MedVLSAM2Lib.training.language.said import Said, Target, Turn
from MedVLSAM2Lib.training.language.statements import Statements, words_of
from MedVLSAM2Lib.training.language.user import called, hurried, kind_called
from MedVLSAM2Lib.training.language.words import (
    density_words,
    in_the_phase,
    listed,
    number,
    place_in,
    with_article,
)
from MedVLSAM2Lib.training.phantom.structures import Phase
from MedVLSAM2Lib.vocabulary import Kind, Side, Structure

_PAIRS = ("kidney", "parotid gland", "lateral ventricle", "submandibular gland", "eye")
CANNOT_TELL = "cannot tell"
NOT_FOUND = "not found"


class ClosedQuestions:
    """Asks about one scan; a question that its facts cannot answer is not asked (None)."""

    def __init__(self, statements: Statements) -> None:
        self._say = statements
        self._facts: Facts = statements.facts
        self._vocabulary = statements.vocabulary
        self._questions, self._answers = Grammar.read("questions"), Grammar.read("answers")

    def ways(self) -> dict[Callable[[np.random.Generator], Turn | None], float]:
        """Every sort of question, and how often it is asked."""
        return {
            self.presence: 4.0,
            self.side: 1.5,
            self.count: 1.5,
            self.larger: 1.0,
            self.in_view: 2.0,
            self.exists: 1.0,
            self.regions: 0.7,
            self.phase: 0.7,
            self.density: 0.7,
            self.neighbour: 0.7,
        }

    def presence(self, rng: np.random.Generator) -> Turn | None:
        """Is there a finding of this kind, anywhere or in one organ?"""
        kind = self._drawn_kind(rng)
        if kind is None:
            return None
        term, organ = self._vocabulary.term(kind), None
        if HOSTS.get(kind) and rng.random() < 0.4:
            organ = str(rng.choice(HOSTS[kind]))
            if kind == "bone lesion":
                organ = None
        found = presence(kind, self._facts, organ)
        word = kind_called(term, rng)
        where = f" {place_in(kind, organ)}" if organ else ""
        plural = term.plural if word == term.name else f"{word}s"
        question = self._asked("presence", rng, a_kind=with_article(word), kinds=plural, kind=word, where=where)
        if found is Presence.SEEN:
            finding = self._facts.findings_of(kind, organ)[0]
            said = self._say.finding(finding, rng)
            text = self._answers.said("yes", rng, statement=said.text)
            return Turn("presence", question, Said(text, said.targets), "yes")
        answer = self._denial(found, kind, organ, rng)
        key = CANNOT_TELL if found is Presence.OUT_OF_VIEW else "no"
        return None if answer is None else Turn("presence", question, answer, key)

    def side(self, rng: np.random.Generator) -> Turn | None:
        """On which side does a finding lie?"""
        sided = [f for f in self._clear_findings() if f.side is not None]
        if not sided:
            return None
        kind = sided[int(rng.integers(len(sided)))].kind
        alike = self._facts.findings_of(kind)
        sides = {finding.side for finding in alike}
        if None in sides:
            return None
        term, targets = self._vocabulary.term(kind), (tuple(f.name for f in alike),)
        word = kind_called(term, rng)
        if len(alike) == 1:
            question = self._asked("side", rng, kind=word)
        else:
            question = self._asked("sides", rng, kinds=term.plural if word == term.name else f"{word}s")
        if len(sides) == 2:
            text = self._answers.said("both_sides", rng, kinds=term.plural)
            return Turn("side", question, _pointing(text, targets), "both")
        text = self._answers.said("side", rng, kind=kind, side=str(alike[0].side))
        if len(alike) > 1:
            text = f"On the {alike[0].side}."
        return Turn("side", question, _pointing(text, targets), str(alike[0].side))

    def count(self, rng: np.random.Generator) -> Turn | None:
        """How many findings of a kind are there?"""
        kind = self._drawn_kind(rng)
        if kind is None or kind in self._facts.hidden_kinds or kind not in self._facts.searched_kinds:
            return None
        term, organ = self._vocabulary.term(kind), None
        if len(HOSTS.get(kind, ())) == 2 and rng.random() < 0.4:
            organ = str(rng.choice(HOSTS[kind]))
        alike = self._facts.findings_of(kind, organ)
        where = f" {place_in(kind, organ)}" if organ else ""
        question = self._asked("count", rng, kinds=term.plural, where=where)
        if not alike:
            found = presence(kind, self._facts, organ)
            answer = self._denial(found, kind, organ, rng)
            key = CANNOT_TELL if found is Presence.OUT_OF_VIEW else "none"
            return None if answer is None else Turn("count", question, answer, key)
        what = "count_one" if len(alike) == 1 else "count"
        text = self._answers.said(what, rng, count=number(len(alike)), kinds=term.plural, kind=kind, where=where)
        return Turn("count", question, _pointing(text, (tuple(f.name for f in alike),)), number(len(alike)))

    def larger(self, rng: np.random.Generator) -> Turn | None:
        """Which of a pair is larger?"""
        asked_of = _PAIRS if not self._facts.is_surveyed else self._vocabulary.pairs()
        wholes = [term for term in asked_of if all(v is Visibility.WHOLE for v in self._visibilities(term))]
        if not wholes:
            return None
        term = self._vocabulary.term(wholes[int(rng.integers(len(wholes)))])
        right, left = (self._facts.structures[Structure(term, side).name] for side in Side)
        if right.measures is None or left.measures is None:
            return None
        question = self._asked("larger", rng, organ=term.name, organs=term.plural)
        ratio = right.measures.volume_ml / left.measures.volume_ml
        if 1 / ABOUT_EQUAL < ratio < ABOUT_EQUAL:
            text = self._answers.said("same_size", rng, organs=term.plural)
            return Turn("larger", question, Said(text, ((right.name, left.name),)), "same")
        if 1 / CLEARLY_LARGER < ratio < CLEARLY_LARGER:
            return None
        side = Side.RIGHT if ratio > 1 else Side.LEFT
        text = self._answers.said("larger", rng, organ=term.name, side=str(side), other=str(side.other))
        return Turn("larger", question, Said(text, ((Structure(term, side).name,),)), str(side))

    def in_view(self, rng: np.random.Generator) -> Turn | None:
        """Is an organ in view, and all of it?"""
        known = self._drawn_structure(rng)
        if known is None:
            return None
        organ, words = known.name, words_of((known.name,), self._vocabulary)
        question = self._asked("in_view", rng, organ=called(known.structure, rng))
        what, key = {
            Visibility.WHOLE: ("organ_whole", "yes"),
            Visibility.PARTLY: ("organ_partly", "in part"),
            Visibility.OUT_OF_VIEW: ("organ_out_of_view", "no"),
            Visibility.ABSENT: ("organ_absent", "absent"),
            Visibility.NOT_FOUND: ("organ_not_found", NOT_FOUND),
        }[known.visibility]
        return Turn("in view", question, _pointing(self._answers.said(what, rng, **words), ((organ,),)), key)

    def exists(self, rng: np.random.Generator) -> Turn | None:
        """Is an organ there, or was it taken out?"""
        absent = [s for s in self._facts.structures.values() if s.visibility is Visibility.ABSENT]
        known = absent[0] if absent and rng.random() < 0.6 else self._drawn_structure(rng)
        if known is None or known.structure.term.kind is not Kind.ORGAN:
            return None
        organ = called(known.structure, rng)
        wording = self._questions.drawn("exists", rng)
        words = {"organ": organ, "a_organ": with_article(organ)}
        question = hurried(self._questions.filled(wording, rng, words), rng)
        words = words_of((known.name,), self._vocabulary)
        if known.visibility is Visibility.ABSENT:
            return Turn("exists", question, Said(self._answers.said("organ_absent", rng, **words)), "absent")
        if known.visibility is Visibility.OUT_OF_VIEW:
            return Turn("exists", question, Said(self._answers.said("organ_out_of_view", rng, **words)), CANNOT_TELL)
        if known.visibility is Visibility.NOT_FOUND:
            return Turn("exists", question, Said(self._answers.said("organ_not_found", rng, **words)), NOT_FOUND)
        text = f"{words['The_organ']} {SEG} {words['is']} there."
        return Turn("exists", question, Said(text, ((known.name,),)), "there")

    def regions(self, rng: np.random.Generator) -> Turn | None:
        """Which part of the body is it?"""
        if not self._facts.regions:
            return None
        regions = listed(self._facts.regions)
        text = capitalized(self._answers.said("regions", rng, regions=regions))
        return Turn("regions", self._asked("regions", rng), Said(text), regions)

    def phase(self, rng: np.random.Generator) -> Turn | None:
        """Which contrast phase is it, or is there any contrast?"""
        phase = self._facts.phase
        if phase is None:
            return None
        words = {"in_the_phase": in_the_phase(phase)}
        if rng.random() < 0.5:
            text = capitalized(self._answers.said("phase", rng, **words))
            return Turn("phase", self._asked("phase", rng), Said(text), phase.value)
        is_native = phase is Phase.NATIVE
        text = self._answers.said("contrast_no" if is_native else "contrast_yes", rng, **words)
        return Turn("phase", self._asked("contrast", rng), Said(text), "no" if is_native else "yes")

    def density(self, rng: np.random.Generator) -> Turn | None:
        """Is a nodule calcified, is a bone lesion sclerotic?"""
        findings = [
            f for f in self._clear_findings() if density_words(f.kind) and len(self._facts.findings_of(f.kind)) == 1
        ]
        if not findings:
            return None
        finding = findings[int(rng.integers(len(findings)))]
        dense, not_dense = density_words(finding.kind) or ("", "")
        words = {"kind": finding.kind, "dense": dense, "not_dense": not_dense, "a_kind": f"the {finding.kind}"}
        question = hurried(self._questions.said("dense", rng, **words), rng)
        text = self._answers.said("dense_yes" if finding.is_dense else "dense_no", rng, **words)
        return Turn("density", question, Said(text, ((finding.name,),)), "yes" if finding.is_dense else "no")

    def neighbour(self, rng: np.random.Generator) -> Turn | None:
        """Which organ lies just below or above another?"""
        pairs = [("below", organ, just_below(self._facts, organ)) for organ in MAIN_ORGANS]
        pairs += [("above", organ, just_above(self._facts, organ)) for organ in MAIN_ORGANS]
        known = [(where, organ, other) for where, organ, other in pairs if other is not None]
        if not known:
            return None
        where, organ, other = known[int(rng.integers(len(known)))]
        text = self._answers.said(where, rng, organ=organ, other=other)
        return Turn("neighbour", self._asked(where, rng, organ=organ), Said(text, ((other,),)), other)

    def _denial(self, found: Presence, kind: str, organ: str | None, rng: np.random.Generator) -> Said | None:
        """That there is no finding of a kind, or why that cannot be said; None when nothing can be said."""
        where = f" {place_in(kind, organ)}" if organ else ""
        if found is Presence.NONE:
            return Said(self._answers.said("no_finding", rng, kind=kind, where=where))
        hosts = (organ,) if organ else HOSTS.get(kind, ())
        if found is Presence.NONE_IN_PART:
            seen = [host for host in hosts if self._facts.visibility(host).is_seen]
            return Said(self._answers.said("no_finding_partly", rng, kind=kind, the_organs=self._all_of(seen)))
        if found in (Presence.OUT_OF_VIEW, Presence.ABSENT):
            what = "organ_absent" if found is Presence.ABSENT else "organ_out_of_view"
            return Said(self._answers.said(what, rng, **words_of(hosts, self._vocabulary)))
        return None

    def _all_of(self, names: list[str]) -> str:
        return listed([f"the {name}" for name in names])

    def _drawn_kind(self, rng: np.random.Generator) -> str | None:
        """A kind of finding: often one that is there."""
        seen = sorted({f.kind for f in self._facts.findings})
        kinds = seen if seen and rng.random() < 0.5 else sorted(self._facts.searched_kinds)
        return kinds[int(rng.integers(len(kinds)))] if kinds else None

    def _drawn_structure(self, rng: np.random.Generator) -> StructureFacts | None:
        """An organ that something is known of: as often seen as not."""
        known = [s for s in self._facts.structures.values() if s.visibility is not Visibility.UNKNOWN]
        groups = [
            [s for s in known if s.structure.term.kind is Kind.ORGAN],
            [s for s in known if not s.visibility.is_seen],
            known,
        ]
        group = groups[int(rng.integers(3))] or known
        return group[int(rng.integers(len(group)))] if group else None

    def _clear_findings(self) -> list[FindingFacts]:
        return [finding for finding in self._facts.findings if finding.kind not in self._facts.hidden_kinds]

    def _visibilities(self, term: str) -> list[Visibility]:
        return [self._facts.visibility(Structure(self._vocabulary.term(term), side).name) for side in Side]

    def _asked(self, what: str, rng: np.random.Generator, **words: str) -> str:
        return hurried(self._questions.said(what, rng, **words), rng)


def _pointing(text: str, targets: tuple[Target, ...]) -> Said:
    """A text with as many of the targets as it points at."""
    return Said(text, targets[: text.count(SEG)])
