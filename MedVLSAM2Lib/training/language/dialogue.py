"""Conversations about one scan."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from MedVLSAM2Lib.slots import SEG
from MedVLSAM2Lib.training.facts.facts import Facts
from MedVLSAM2Lib.training.language.closed_questions import ClosedQuestions
from MedVLSAM2Lib.training.language.open_questions import OpenQuestions
from MedVLSAM2Lib.training.language.referring import Phrase
from MedVLSAM2Lib.training.language.said import Turn
from MedVLSAM2Lib.training.language.seg_requests import SegRequests
from MedVLSAM2Lib.training.language.statements import Statements
from MedVLSAM2Lib.training.language.unknown_questions import UnknownQuestions
from MedVLSAM2Lib.vocabulary import Vocabulary

Way = Callable[[np.random.Generator], Turn | None]
_TRIES_A_TURN = 40
_FOLLOW_UP_SHARE = 0.25


class Dialogue:
    """Draws turns from the facts of one scan."""

    def __init__(self, facts: Facts, vocabulary: Vocabulary) -> None:
        self._facts = facts
        statements = Statements(facts, vocabulary)
        self._statements = statements
        self._open = OpenQuestions(statements)
        self._requests = SegRequests(statements)
        groups = [
            (ClosedQuestions(statements).ways(), 0.4),
            (self._requests.ways(), 0.35),
            (self._open.ways(), 0.25),
        ]
        if facts.is_surveyed:
            groups.append((UnknownQuestions(statements).ways(), 0.3))
        self._ways: Sequence[Way] = [way for ways, _ in groups for way in ways]
        self._shares = np.array([w / sum(ways.values()) * share for ways, share in groups for w in ways.values()])

    def turns(self, count: int, rng: np.random.Generator) -> tuple[Turn, ...]:
        """Up to ``count`` turns, no question twice."""
        turns: list[Turn] = []
        for _ in range(count * _TRIES_A_TURN):
            if len(turns) == count:
                break
            turn = self._follow_up(turns[-1], rng) if turns and rng.random() < _FOLLOW_UP_SHARE else self.turn(rng)
            if turn is not None and turn.question not in {other.question for other in turns}:
                turns.append(turn)
        return tuple(turns)

    def phrases(self, count: int, rng: np.random.Generator) -> tuple[Phrase, ...]:
        """Up to ``count`` phrases that point at something in the scan."""
        return self._requests.phrases(count, rng)

    def caption(self, rng: np.random.Generator) -> str:
        """A sentence that describes the scan, without marks; empty where nothing is known of it."""
        said = self._statements.caption(rng)
        return "" if said is None else said.text.replace(f" {SEG}", "")

    def absent_phrases(self, count: int, rng: np.random.Generator) -> tuple[str, ...]:
        """Up to ``count`` phrases that point at nothing in the scan."""
        return self._requests.absent_phrases(count, rng)

    def turn(self, rng: np.random.Generator) -> Turn | None:
        """One turn of any sort; None when the drawn sort has nothing to ask here."""
        return self._ways[int(rng.choice(len(self._ways), p=self._shares / self._shares.sum()))](rng)

    def _follow_up(self, before: Turn, rng: np.random.Generator) -> Turn | None:
        """What is asked of the one thing that was just spoken of; None when it was none or several.

        Of a structure only where a survey says which one is meant: findings are what a report turns to again.
        """
        names = {name for target in before.answer.targets for name in target}
        if self._facts.is_surveyed and len(names) == 1:
            return self._open.follow_up_of_structure(names.pop(), rng)
        findings = [finding for finding in self._facts.findings if {finding.name} == names]
        return self._open.follow_up(findings[0], rng) if findings else None
