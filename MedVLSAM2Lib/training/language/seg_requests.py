"""Requests for masks: a phrase, and the mask or a truthful refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from MedVLSAM2Lib.training.facts.facts import Facts, Visibility
from MedVLSAM2Lib.training.language.closed_questions import CANNOT_TELL
from MedVLSAM2Lib.training.language.grammar import Grammar, capitalized
from MedVLSAM2Lib.training.language.presence import HOSTS, Presence, presence
from MedVLSAM2Lib.training.language.referring import Phrase, Phrases
from MedVLSAM2Lib.training.language.said import Said, Turn
from MedVLSAM2Lib.training.language.statements import Statements, words_of
from MedVLSAM2Lib.training.language.user import called, hurried
from MedVLSAM2Lib.training.language.words import listed, place_in

_PLAIN_SHARE = 0.35
_NOT_SEEN = (Visibility.OUT_OF_VIEW, Visibility.ABSENT, Visibility.NOT_FOUND)


class SegRequests:
    """Asks for masks in one scan."""

    def __init__(self, statements: Statements) -> None:
        self._facts: Facts = statements.facts
        self._vocabulary = statements.vocabulary
        self._phrases = Phrases(self._facts, self._vocabulary)
        self._requests, self._answers = Grammar.read("requests"), Grammar.read("answers")
        self._unanswerable = Grammar.read("unanswerable")

    def ways(self) -> dict[Callable[[np.random.Generator], Turn | None], float]:
        """Every sort of request, and how often it is made."""
        return {
            self.segment: 6.0,
            self.two: 1.0,
            self.finding_not_there: 1.0,
            self.organ_not_there: 1.2,
            self.strange: 0.2,
        }

    def segment(self, rng: np.random.Generator) -> Turn | None:
        """Segment what a phrase means."""
        phrase = self._phrases.any(rng)
        if phrase is None:
            return None
        if rng.random() < _PLAIN_SHARE:
            # The form in which a phrase is grounded in one pass: question and answer are fixed but for the phrase.
            asked = without_article(phrase.text, rng)
            question = self._requests.said("plain", rng, phrase=asked)
            has_digit = any(character.isdigit() for character in asked)
            said = _in_model_words(phrase) if has_digit else asked
            return Turn("segment", question, Said(f"{said} [SEG]", (phrase.target,)))
        words = {"phrase": _in_model_words(phrase)}
        question = hurried(self._requests.said("request", rng, phrase=without_article(phrase.text, rng)), rng)
        is_cut = len(phrase.target) == 1 and self._facts.visibility(phrase.target[0]) is Visibility.PARTLY
        what = "partly" if is_cut else "here_many" if phrase.is_many else "here_one"
        answer = Said(self._requests.said(what, rng, **words), (phrase.target,))
        return Turn("segment", question, answer)

    def two(self, rng: np.random.Generator) -> Turn | None:
        """Segment two things at once."""
        first, second = self._phrases.any(rng), self._phrases.any(rng)
        if first is None or second is None or set(first.target) & set(second.target):
            return None
        asked = {"first": without_article(first.text, rng), "second": without_article(second.text, rng)}
        question = hurried(self._requests.said("two", rng, **asked), rng)
        answer = self._requests.said("here_two", rng, first=_in_model_words(first), second=_in_model_words(second))
        return Turn("segment", question, Said(capitalized(answer), (first.target, second.target)))

    def finding_not_there(self, rng: np.random.Generator) -> Turn | None:
        """Segment a finding that is not there, or not in that organ."""
        kinds = sorted(self._facts.searched_kinds)
        if not kinds:
            return None
        kind = kinds[int(rng.integers(len(kinds)))]
        hosts = [host for host in HOSTS.get(kind, ()) if host != "spine"]
        organ = str(rng.choice(hosts)) if hosts and rng.random() < 0.5 else None
        found = presence(kind, self._facts, organ)
        if found in (Presence.SEEN, Presence.UNKNOWN):
            return None
        where = f" {place_in(kind, organ)}" if organ else ""
        term = self._vocabulary.term(kind)
        word = (kind, f"the {kind}", f"all {term.plural}", term.plural)[int(rng.integers(4))]
        question = self._asked_for(word + where, rng)
        seen = [host for host in ([organ] if organ else hosts) if self._facts.visibility(host).is_seen]
        if found is Presence.NONE_IN_PART and seen:
            the_organs = listed([f"the {host}" for host in seen])
            text = self._answers.said("no_finding_partly", rng, kind=kind, the_organs=the_organs)
            return Turn("segment", question, Said(text), "no")
        if found in (Presence.NONE, Presence.NONE_IN_PART):
            return Turn("segment", question, Said(self._answers.said("no_finding", rng, kind=kind, where=where)), "no")
        return Turn("segment", question, *self._not_there((organ,) if organ else HOSTS[kind], rng))

    def organ_not_there(self, rng: np.random.Generator) -> Turn | None:
        """Segment an organ that is out of view or absent."""
        missing = [s for s in self._facts.structures.values() if s.visibility in _NOT_SEEN]
        if not missing:
            return None
        # What was taken out is rarer than what is out of view, and asked for as often.
        absent = [s for s in missing if s.visibility is Visibility.ABSENT]
        group = absent if absent and rng.random() < 0.5 else missing
        known = group[int(rng.integers(len(group)))]
        question = self._asked_for(without_article(f"the {called(known.structure, rng)}", rng), rng)
        return Turn("segment", question, *self._not_there((known.name,), rng))

    def phrases(self, count: int, rng: np.random.Generator) -> tuple[Phrase, ...]:
        """Up to ``count`` phrases that point at something in the scan, half of the time without their *the*."""
        drawn = [self._phrases.any(rng) for _ in range(count)]
        return tuple(replace(one, text=without_article(one.text, rng)) for one in drawn if one is not None)

    def absent_phrases(self, count: int, rng: np.random.Generator) -> tuple[str, ...]:
        """Up to ``count`` phrases that point at nothing in the scan: whoever looks for them must find an empty mask."""
        phrases = [s.name for s in self._facts.structures.values() if s.visibility in _NOT_SEEN]
        for kind in sorted(self._facts.searched_kinds):
            where: list[str | None] = [None, *(host for host in HOSTS.get(kind, ()) if len(HOSTS[kind]) > 1)]
            for organ in where:
                if presence(kind, self._facts, organ) not in (Presence.SEEN, Presence.UNKNOWN):
                    phrases.append(f"{kind} {place_in(kind, organ)}" if organ else kind)
        drawn = rng.permutation(np.array(phrases, dtype=object))[:count]
        return tuple(without_article(f"the {phrase}", rng) for phrase in drawn)

    def strange(self, rng: np.random.Generator) -> Turn | None:
        """Segment something that is no part of a body."""
        word = self._unanswerable.said("strange_words", rng)
        return Turn(
            "segment", self._asked_for(f"the {word}", rng), Said(self._answers.said("unknown_word", rng)), CANNOT_TELL
        )

    def _not_there(self, organs: tuple[str, ...], rng: np.random.Generator) -> tuple[Said, str]:
        what = {Visibility.ABSENT: "organ_absent", Visibility.NOT_FOUND: "organ_not_found"}.get(
            self._facts.visibility(organs[0]), "organ_out_of_view"
        )
        return Said(self._answers.said(what, rng, **words_of(organs, self._vocabulary))), "no"

    def _asked_for(self, phrase: str, rng: np.random.Generator) -> str:
        if rng.random() < _PLAIN_SHARE:
            return self._requests.said("plain", rng, phrase=phrase)
        return hurried(self._requests.said("request", rng, phrase=phrase), rng)


def without_article(text: str, rng: np.random.Generator) -> str:
    """The phrase, half of the time without its *the*."""
    return text.removeprefix("the ") if rng.random() < 0.5 else text


def _in_model_words(phrase: Phrase) -> str:
    if phrase.answer is not None:
        return phrase.answer
    # A synonym may hold a digit (L3); the model's words never do.
    if any(character.isdigit() for character in phrase.text):
        return f"the {listed(phrase.target)}"
    return phrase.text
