"""Surveys of scans that nobody took: what language learns to read a survey from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from MedVLSAM2Lib.survey import REGIONS, Sight, Sighting, Survey
from MedVLSAM2Lib.training.facts.facts import Facts, Measures, StructureFacts, Visibility
from MedVLSAM2Lib.training.language.dialogue import Dialogue
from MedVLSAM2Lib.training.language.said import Turn
from MedVLSAM2Lib.vocabulary import Kind, Structure, Vocabulary

FEWEST, MOST = 4, 24
_WITHIN = {Sight.WHOLLY: 0.66, Sight.PARTLY: 0.14, Sight.NOT_FOUND: 0.20}
_BEYOND = {Sight.WHOLLY: 0.03, Sight.PARTLY: 0.07, Sight.NOT_FOUND: 0.90}
_ORGAN_WEIGHT = 4.0
_VOLUME_SPREAD = 0.2
_PAIR_SHARE = 0.8
_OUT_OF_VIEW = 3
_VISIBILITY = {
    Sight.WHOLLY: Visibility.WHOLE,
    Sight.PARTLY: Visibility.PARTLY,
    Sight.NOT_FOUND: Visibility.NOT_FOUND,
}


@dataclass(frozen=True)
class SurveyedConversation:
    """A conversation that says no more than its survey.

    Attributes:
        survey: of a scan.
        turns: questions as they were asked, with their answers.
        told: the same with what was seen before each question, as a session tells it.
    """

    survey: Survey
    turns: tuple[Turn, ...]
    told: tuple[Turn, ...]

    @classmethod
    def of(cls, survey: Survey, turns: tuple[Turn, ...], vocabulary: Vocabulary) -> SurveyedConversation:
        """The conversation as it is told."""
        questions = survey.told([turn.question for turn in turns], vocabulary)
        return cls(survey, turns, tuple(replace(turn, question=next(questions)) for turn in turns))


class SurveyedScans:
    """Draws surveys, and conversations about them.

    What was seen is drawn, not anatomy's: a language model that learns from them reads the survey, and does not guess.
    """

    def __init__(self, vocabulary: Vocabulary, own: Sequence[str] = (), own_share: float = 0.6) -> None:
        """``own`` names what a checkpoint looks for in every scan: so many of the surveys are of just that."""
        self._vocabulary = vocabulary
        self._own = {vocabulary.structure(name) for name in own}
        self._own_share = own_share if own else 0.0
        self._structures = [s for s in vocabulary.structures() if s.term.kind is not Kind.FINDING]
        weights = np.array([_ORGAN_WEIGHT if s.term.kind is Kind.ORGAN else 1.0 for s in self._structures])
        self._weights = weights / weights.sum()

    def conversation(self, turns: int, rng: np.random.Generator) -> SurveyedConversation:
        """One survey, and up to so many questions with their answers."""
        survey = self.survey(rng)
        far = [structure for structure in self._structures if survey.is_out_of_view(structure)]
        asked = [far[n] for n in rng.choice(len(far), min(_OUT_OF_VIEW, len(far)), replace=False)]
        drawn = Dialogue(surveyed_facts(survey, asked), self._vocabulary).turns(turns, rng)
        return SurveyedConversation.of(survey, drawn, self._vocabulary)

    def survey(self, rng: np.random.Generator) -> Survey:
        """One survey, of the checkpoint's own or any number of structures, of some neighbouring parts of the body."""
        chosen = self._own if rng.random() < self._own_share else self._any(rng)
        first, last = sorted(rng.integers(0, len(REGIONS), 2))
        regions = REGIONS[first : last + 1]
        # In the vocabulary's order, as a session looks for them.
        return Survey("CT", tuple(self._sighting(s, regions, rng) for s in self._structures if s in chosen))

    def _any(self, rng: np.random.Generator) -> set[Structure]:
        count = int(rng.integers(FEWEST, MOST + 1))
        drawn = [self._structures[n] for n in rng.choice(len(self._structures), count, replace=False, p=self._weights)]
        # Whoever looks for one of a pair looks for the other.
        both = {Structure(s.term, s.side.other) for s in drawn if s.side and rng.random() < _PAIR_SHARE}
        return both.union(drawn)

    def _sighting(self, structure: Structure, regions: Sequence[str], rng: np.random.Generator) -> Sighting:
        shares = _WITHIN if structure.term.region in regions else _BEYOND
        sight = list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]
        volume = 0.0 if sight is Sight.NOT_FOUND else float(np.exp(rng.normal(0, _VOLUME_SPREAD)))
        return Sighting(structure, sight, volume)


def surveyed_facts(survey: Survey, others: Sequence[Structure] = ()) -> Facts:
    """What a survey says, as facts to speak of: no findings, no phase, and nothing of what lies next to what.

    Args:
        survey: of a scan.
        others: structures that nobody looked for, to be spoken of as well where they are out of view.
    """
    known = survey.of([*(s.structure for s in survey.sightings), *others])
    structures = {
        s.structure.name: StructureFacts(s.structure, _VISIBILITY[s.sight], _measures(s.volume_ml)) for s in known
    }
    return Facts(survey.modality, None, survey.regions, structures, (), is_surveyed=True)


def _measures(volume_ml: float) -> Measures | None:
    """Volumes can be compared; where a structure lies is not in a survey."""
    nowhere = (0.0, 0.0, 0.0)
    return Measures(volume_ml, 0, 0, 0, 0, 0, nowhere, nowhere, nowhere) if volume_ml else None
