"""Questions about what nobody looked for: no answer, or one that points and so can be checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from MedVLSAM2Lib.slots import SEG
from MedVLSAM2Lib.survey import out_of_view
from MedVLSAM2Lib.training.facts.facts import Facts, Visibility
from MedVLSAM2Lib.training.facts.relations import MAIN_ORGANS
from MedVLSAM2Lib.training.language.closed_questions import CANNOT_TELL
from MedVLSAM2Lib.training.language.grammar import Grammar
from MedVLSAM2Lib.training.language.presence import HOSTS
from MedVLSAM2Lib.training.language.said import Said, Turn
from MedVLSAM2Lib.training.language.seg_requests import without_article
from MedVLSAM2Lib.training.language.statements import Statements, words_of
from MedVLSAM2Lib.training.language.user import called, hurried, kind_called
from MedVLSAM2Lib.training.language.words import density_words, place_in, with_article
from MedVLSAM2Lib.vocabulary import Kind, Side, Structure, Term


class UnknownQuestions:
    """Asks about findings and relations that no survey says anything of, and about structures that one left out.

    Of a finding nothing is said. A structure is pointed at: whoever is told looks for it, and shows the answer only if it
    is there.
    """

    def __init__(self, statements: Statements) -> None:
        self._facts: Facts = statements.facts
        self._vocabulary = statements.vocabulary
        self._questions, self._answers = Grammar.read("questions"), Grammar.read("answers")
        self._requests = Grammar.read("requests")

    def ways(self) -> dict[Callable[[np.random.Generator], Turn | None], float]:
        """Every sort of question, and how often it is asked."""
        return {
            self.finding: 4.0,
            self.where_finding: 2.0,
            self.density: 0.7,
            self.abnormal: 1.0,
            self.phase: 1.0,
            self.neighbour: 1.0,
            self.regions: 0.5,
            self.larger: 0.7,
            self.structure: 4.0,
        }

    def finding(self, rng: np.random.Generator) -> Turn:
        """Is there a finding of a kind, or how many?"""
        term = self._kind(rng)
        hosts = HOSTS.get(term.name)
        organ = str(rng.choice(hosts)) if hosts and rng.random() < 0.4 else None
        where = f" {place_in(term.name, organ)}" if organ else ""
        word = kind_called(term, rng)
        plural = term.plural if word == term.name else f"{word}s"
        what = "presence" if rng.random() < 0.7 else "count"
        question = self._asked(what, rng, a_kind=with_article(word), kinds=plural, kind=word, where=where)
        return Turn(what, question, self._of_kinds(term.plural, rng), CANNOT_TELL)

    def where_finding(self, rng: np.random.Generator) -> Turn:
        """On which side is it, where is it, how large is it, or show it."""
        term = self._kind(rng)
        word = kind_called(term, rng)
        what = ("side", "sides", "finding_size", "finding_place", "request")[int(rng.integers(5))]
        if what == "request":
            question = hurried(self._requests.said(what, rng, phrase=without_article(f"the {word}", rng)), rng)
            return Turn("segment", question, self._of_kinds(term.plural, rng), CANNOT_TELL)
        question = self._asked(what, rng, kind=word, kinds=term.plural, phrase=f"the {word}")
        kind = "side" if what.startswith("side") else "measure"
        return Turn(kind, question, self._of_kinds(term.plural, rng), CANNOT_TELL)

    def density(self, rng: np.random.Generator) -> Turn | None:
        """Is a finding calcified or sclerotic?"""
        term = self._kind(rng)
        words = density_words(term.name)
        if words is None:
            return None
        asked = {"kind": term.name, "dense": words[0], "not_dense": words[1], "a_kind": f"the {term.name}"}
        question = hurried(self._questions.said("dense", rng, **asked), rng)
        return Turn("density", question, self._of_kinds(term.plural, rng), CANNOT_TELL)

    def abnormal(self, rng: np.random.Generator) -> Turn:
        """What is abnormal?"""
        said = Said(self._answers.said("findings_not_looked_for", rng))
        return Turn("abnormal", self._asked("abnormal", rng), said, CANNOT_TELL)

    def phase(self, rng: np.random.Generator) -> Turn:
        """Which contrast phase is it?"""
        what = "phase" if rng.random() < 0.5 else "contrast"
        return Turn("phase", self._asked(what, rng), self._no_judgement(rng), CANNOT_TELL)

    def neighbour(self, rng: np.random.Generator) -> Turn:
        """What lies below or above an organ?"""
        where = "below" if rng.random() < 0.5 else "above"
        organ = MAIN_ORGANS[int(rng.integers(len(MAIN_ORGANS)))]
        return Turn("neighbour", self._asked(where, rng, organ=organ), self._no_judgement(rng), CANNOT_TELL)

    def regions(self, rng: np.random.Generator) -> Turn | None:
        """Which part of the body is it, where no landmark was seen?"""
        if self._facts.regions:
            return None
        return Turn("regions", self._asked("regions", rng), self._no_judgement(rng), CANNOT_TELL)

    def larger(self, rng: np.random.Generator) -> Turn | None:
        """Which of a pair is larger, where not both were wholly seen?"""
        pairs = self._vocabulary.pairs()
        term = self._vocabulary.term(pairs[int(rng.integers(len(pairs)))])
        if all(self._facts.visibility(Structure(term, side).name) is Visibility.WHOLE for side in Side):
            return None
        question = self._asked("larger", rng, organ=term.name, organs=term.plural)
        return Turn("larger", question, self._no_judgement(rng), CANNOT_TELL)

    def structure(self, rng: np.random.Generator) -> Turn | None:
        """Is a structure there that was not looked for, how large is it, show it."""
        hidden = out_of_view(self._facts.regions, (found.structure for found in self._facts.seen()))
        unknown = [
            structure
            for structure in self._vocabulary.structures()
            if structure.term.kind is not Kind.FINDING
            and structure.term.region not in hidden
            and self._facts.visibility(structure.name) is Visibility.UNKNOWN
        ]
        if not unknown:
            return None
        asked = unknown[int(rng.integers(len(unknown)))]
        ways = (self._in_view, self._exists, self._organ_size, self._organ_density, self._request)
        return ways[int(rng.integers(len(ways)))](asked, words_of((asked.name,), self._vocabulary), rng)

    def _in_view(self, asked: Structure, words: dict[str, str], rng: np.random.Generator) -> Turn:
        question = self._asked("in_view", rng, organ=called(asked, rng))
        return Turn("in view", question, self._pointing("organ_pointed_at", asked, words, rng), "yes")

    def _exists(self, asked: Structure, words: dict[str, str], rng: np.random.Generator) -> Turn:
        organ = called(asked, rng)
        question = self._asked("exists", rng, organ=organ, a_organ=with_article(organ))
        said = Said(f"{words['The_organ']} {SEG} {words['is']} there.", ((asked.name,),))
        return Turn("exists", question, said, "there")

    def _organ_size(self, asked: Structure, words: dict[str, str], rng: np.random.Generator) -> Turn:
        question = self._asked("organ_size", rng, organ=called(asked, rng))
        return Turn("measure", question, self._pointing("organ_size", asked, words, rng))

    def _organ_density(self, asked: Structure, words: dict[str, str], rng: np.random.Generator) -> Turn:
        question = self._asked("organ_density", rng, organ=called(asked, rng))
        return Turn("measure", question, self._pointing("organ_density", asked, words, rng))

    def _request(self, asked: Structure, words: dict[str, str], rng: np.random.Generator) -> Turn:
        phrase = without_article(f"the {called(asked, rng)}", rng)
        question = hurried(self._requests.said("request", rng, phrase=phrase), rng)
        what = "here_many" if asked.term.plural_only else "here_one"
        said = self._requests.said(what, rng, phrase=words["the_organ"])
        return Turn("segment", question, Said(said, ((asked.name,),)))

    def _pointing(self, what: str, asked: Structure, words: dict[str, str], rng: np.random.Generator) -> Said:
        return Said(self._answers.said(what, rng, **words), ((asked.name,),))

    def _kind(self, rng: np.random.Generator) -> Term:
        terms = self._vocabulary.findings()
        return terms[int(rng.integers(len(terms)))]

    def _of_kinds(self, kinds: str, rng: np.random.Generator) -> Said:
        return Said(self._answers.said("finding_not_looked_for", rng, kinds=kinds))

    def _no_judgement(self, rng: np.random.Generator) -> Said:
        return Said(self._answers.said("cannot_judge", rng))

    def _asked(self, what: str, rng: np.random.Generator, **words: str) -> str:
        return hurried(self._questions.said(what, rng, **words), rng)
