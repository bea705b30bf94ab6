"""Questions that are answered in sentences: sizes, places, descriptions, captions, reports; and what nobody can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from MedVLSAM2Lib.slots import MOST_SEGS, SEG
from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts, StructureFacts, Visibility
from MedVLSAM2Lib.training.language.closed_questions import CANNOT_TELL
from MedVLSAM2Lib.training.language.grammar import Grammar, capitalized
from MedVLSAM2Lib.training.language.presence import HOSTS, Presence, deniable, presence
from MedVLSAM2Lib.training.language.referring import Phrases
from MedVLSAM2Lib.training.language.reports import Reporter
from MedVLSAM2Lib.training.language.said import Said, Turn, joined
from MedVLSAM2Lib.training.language.statements import Statements, verbs
from MedVLSAM2Lib.training.language.user import called, hurried
from MedVLSAM2Lib.training.language.words import FLUID, listed, noun_of, place_of
from MedVLSAM2Lib.vocabulary import Kind, Side


class OpenQuestions:
    """Asks about one scan; what its facts cannot answer is not asked (None)."""

    def __init__(self, statements: Statements) -> None:
        self._say = statements
        self._facts: Facts = statements.facts
        self._vocabulary = statements.vocabulary
        self._phrases = Phrases(self._facts, self._vocabulary)
        self._reporter = Reporter(statements, deniable(self._facts))
        self._questions, self._answers = Grammar.read("questions"), Grammar.read("answers")
        self._unanswerable = Grammar.read("unanswerable")

    def ways(self) -> dict[Callable[[np.random.Generator], Turn | None], float]:
        """Every sort of question, and how often it is asked."""
        return {
            self.organ_measure: 1.5,
            self.finding_measure: 2.0,
            self.describe_organ: 1.5,
            self.abnormal: 1.0,
            self.overview: 4.0,
            self.overview_of_side: 1.0,
            self.caption: 1.0,
            self.report: 2.5,
            self.section: 1.0,
            self.impression: 0.7,
            self.unanswerable: 0.6,
        }

    def organ_measure(self, rng: np.random.Generator) -> Turn | None:
        """How large or how dense is an organ?"""
        seen = [s for s in self._facts.seen() if s.structure.term.kind is not Kind.FINDING]
        if not seen:
            return None
        known = seen[int(rng.integers(len(seen)))]
        is_size = rng.random() < 0.6
        question = self._asked("organ_size" if is_size else "organ_density", rng, organ=called(known.structure, rng))
        what = "organ_density" if not is_size else "organ_size"
        if is_size and known.visibility is Visibility.PARTLY:
            what = "organ_size_partly"
        return Turn("measure", question, self._of_organ(what, known, rng))

    def finding_measure(self, rng: np.random.Generator) -> Turn | None:
        """How large, how dense, or where is a finding?"""
        if not self._facts.findings:
            return None
        finding = self._facts.findings[int(rng.integers(len(self._facts.findings)))]
        phrase = self._phrases.phrase_of(finding, rng)
        if phrase is None:
            return None
        what = ("finding_size", "finding_density", "finding_place")[int(rng.integers(3))]
        return Turn("measure", self._asked(what, rng, phrase=phrase), self._of_finding(what, finding, rng))

    def follow_up(self, finding: FindingFacts, rng: np.random.Generator) -> Turn:
        """A question about the finding that was just spoken of."""
        what = ("size", "density", "place")[int(rng.integers(3))]
        return Turn("follow-up", self._asked(f"it_{what}", rng), self._of_finding(f"finding_{what}", finding, rng))

    def follow_up_of_structure(self, name: str, rng: np.random.Generator) -> Turn:
        """A question about the structure that was just spoken of, seen or not looked for."""
        structure = self._vocabulary.structure(name)
        known = self._facts.structures.get(name, StructureFacts(structure, Visibility.UNKNOWN))
        what = "size" if rng.random() < 0.6 else "density"
        is_cut = what == "size" and known.visibility is Visibility.PARTLY
        answer = self._of_organ(f"organ_{what}_partly" if is_cut else f"organ_{what}", known, rng)
        return Turn("follow-up", self._asked(f"it_{what}", rng), answer)

    def describe_organ(self, rng: np.random.Generator) -> Turn | None:
        """Describe an organ: how much of it is seen, and what is wrong with it."""
        organs = [s for s in self._facts.structures.values() if s.structure.term.kind is Kind.ORGAN]
        known = [s for s in organs if s.visibility is not Visibility.UNKNOWN]
        if not known:
            return None
        organ = known[int(rng.integers(len(known)))]
        question = self._asked("describe_organ", rng, organ=called(organ.structure, rng))
        first = self._say.organ(organ.name, rng)
        if first is None:
            return None
        parts = [first.as_sentence()]
        findings = [f for f in self._facts.findings if f.organ == organ.name]
        parts += [part.as_sentence() for part in self._say.findings(findings, rng)]
        kinds = [kind for kind, hosts in HOSTS.items() if organ.name in hosts and kind in self._facts.searched_kinds]
        is_clear = kinds and all(presence(kind, self._facts, organ.name) is Presence.NONE for kind in kinds)
        if is_clear and organ.visibility is Visibility.WHOLE:
            parts.append(self._say.nothing(rng, organ.name).as_sentence())
        return Turn("describe", question, joined(parts))

    def abnormal(self, rng: np.random.Generator) -> Turn | None:
        """What is abnormal?"""
        if not self._facts.searched_kinds or (self._facts.hidden_kinds and not self._facts.findings):
            return None
        question = self._asked("abnormal", rng)
        if not self._facts.findings:
            return Turn("abnormal", question, self._say.nothing(rng).as_sentence())
        said = self._say.findings(self._facts.findings, rng)
        return Turn("abnormal", question, joined(part.as_sentence() for part in said))

    def overview(self, rng: np.random.Generator) -> Turn | None:
        """Everything that a survey saw; of scans that nobody surveyed, which show too much, this is not asked."""
        if not self._facts.is_surveyed:
            return None
        question = self._asked("overview", rng)
        return Turn("overview", question, self._listing(self._facts.seen(), rng) or self._nothing("nothing_found", rng))

    def overview_of_side(self, rng: np.random.Generator) -> Turn | None:
        """Everything that a survey saw on one side."""
        if not self._facts.is_surveyed:
            return None
        side = list(Side)[int(rng.integers(2))]
        seen = [found for found in self._facts.seen() if found.structure.side is side]
        answer = self._listing(seen, rng) or self._nothing("nothing_found_on_side", rng, side=side.value)
        return Turn("overview", self._asked("overview_of_side", rng, side=side.value), answer)

    def _listing(self, seen: Sequence[StructureFacts], rng: np.random.Generator) -> Said | None:
        names = [found.name for found in seen][:MOST_SEGS]
        if not names:
            return None
        things = listed([f"the {name} {SEG}" for name in names])
        return Said(self._answers.said("overview", rng, list=things), tuple((name,) for name in names))

    def _nothing(self, what: str, rng: np.random.Generator, **words: str) -> Said:
        return Said(self._answers.said(what, rng, **words))

    def caption(self, rng: np.random.Generator) -> Turn | None:
        """The scan in one sentence."""
        answer = self._say.caption(rng)
        return None if answer is None else Turn("caption", self._asked("caption", rng), answer)

    def report(self, rng: np.random.Generator) -> Turn | None:
        """A whole report."""
        if not self._can_report():
            return None
        return Turn("report", self._asked("report", rng), self._reporter.report(rng))

    def section(self, rng: np.random.Generator) -> Turn | None:
        """The report of one region."""
        if not self._can_report():
            return None
        region = self._facts.regions[int(rng.integers(len(self._facts.regions)))]
        answer = self._reporter.section(region, rng)
        return Turn("section", self._asked("section", rng, region=region), answer) if answer.text else None

    def impression(self, rng: np.random.Generator) -> Turn | None:
        """What matters, in short."""
        if not self._can_report():
            return None
        return Turn("impression", self._asked("impression", rng), self._reporter.impression(rng))

    def unanswerable(self, rng: np.random.Generator) -> Turn | None:
        """What no scan shows."""
        question = hurried(self._unanswerable.said("questions", rng), rng)
        return Turn("unanswerable", question, Said(self._answers.said("cannot_tell", rng)), CANNOT_TELL)

    def _can_report(self) -> bool:
        """Whether enough is known: where findings were not labelled, a report would leave out what matters.

        A survey that looked for none says so itself.
        """
        has_all = bool(self._facts.findings) or not self._facts.hidden_kinds
        is_searched = bool(self._facts.searched_kinds) or self._facts.is_surveyed
        return bool(self._facts.regions) and is_searched and has_all

    def _of_organ(self, what: str, known: StructureFacts, rng: np.random.Generator) -> Said:
        the_organ = f"the {known.name}"
        words = {"the_organ": the_organ, "The_organ": capitalized(the_organ), **verbs(known.structure)}
        return Said(self._answers.said(what, rng, **words), ((known.name,),))

    def _of_finding(self, what: str, finding: FindingFacts, rng: np.random.Generator) -> Said:
        kind = noun_of(finding) if rng.random() < 0.4 else finding.kind
        words = {"kind": kind, "place": place_of(finding)}
        if what == "finding_size" and finding.kind == FLUID:
            # The shape of fluid is its container's: its volume says how much there is.
            return Said(f"The {kind} [SEG] holds <volume:1>.", ((finding.name,),))
        return Said(capitalized(self._answers.said(what, rng, **words)), ((finding.name,),))

    def _asked(self, what: str, rng: np.random.Generator, **words: str) -> str:
        return hurried(self._questions.said(what, rng, **words), rng)
