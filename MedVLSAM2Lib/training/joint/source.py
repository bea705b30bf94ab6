"""Draws the scans and the clicks of each step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig
from MedVLSAM2Lib.model.volume_input.prepare import prepare
from MedVLSAM2Lib.survey import LANDMARKS, far_from
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.examples.rendering import byte
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.facts.facts import Facts
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.example import JointBatch, ScanExample, Worded
from MedVLSAM2Lib.training.joint.meanings import Meanings
from MedVLSAM2Lib.training.joint.worded_views import WordedViews
from MedVLSAM2Lib.training.language.example import LanguageExample
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.seg_requests import without_article
from MedVLSAM2Lib.training.language.source import LanguageSource
from MedVLSAM2Lib.training.language.surveyed_scans import SurveyedConversation, SurveyedScans
from MedVLSAM2Lib.training.language.user import called
from MedVLSAM2Lib.vocabulary import Kind, Structure, Vocabulary

OTHERS = 6
FAR_SHARE = 0.5
_TELLING = frozenset(name for names in LANDMARKS.values() for name in names)


class JointSource:
    """Endless batches; each is decided by the seed and its number, and by nothing else."""

    def __init__(self, config: JointConfig, cases: Sequence[Case], people: Path | None = None) -> None:
        """``people`` is where phantoms are kept between runs."""
        vocabulary = Vocabulary.read()
        self._config = config
        self._scans = LanguageSource(People(vocabulary, people), vocabulary, cases, config.language_data)
        self._clicks = ExampleSource(cases, config.mix, config.network.masks) if config.clicks else None
        self._meanings = Meanings(vocabulary)
        self._organs = [s for s in vocabulary.structures() if s.term.kind is Kind.ORGAN]
        self._surveys = SurveyedScans(vocabulary, config.surveys)
        self._input = VolumeInputConfig(size=config.network.encoder.input_size)

    def batch(self, number: int) -> JointBatch:
        """The batch of that number."""
        seed = self._config.seed
        scans = [
            self.scan(np.random.default_rng((seed, number, index)), self._worded_of(index))
            for index in range(self._config.scans)
        ]
        rngs = [np.random.default_rng((seed, number, 1_000 + index)) for index in range(self._config.clicks)]
        clicks = [self._clicks.draw(rng) for rng in rngs] if self._clicks else []
        words = np.random.default_rng((seed, number, 2_000))
        weights = self._config.weights
        meanings = [
            self._meanings.draw(words) for _ in range(self._config.meanings if weights.meaning + weights.keeping else 0)
        ]
        return JointBatch(scans, clicks, meanings, self._surveyed(number) if weights.survey else [])

    def _surveyed(self, number: int) -> list[SurveyedConversation]:
        rng = np.random.default_rng((self._config.seed, number, 3_000))
        turns = self._config.language_data.turns
        return [self._surveys.conversation(turns, rng) for _ in range(self._config.surveyed)]

    def scan(self, rng: np.random.Generator, worded: int) -> ScanExample:
        """One scan with so many views with words."""
        drawn = self._scans.draw(rng)
        weights = self._config.weights
        # Only these losses look at volumes.
        is_shown = bool(weights.language or weights.alignment)
        shown = byte(prepare(drawn.volume, self._input)) if is_shown else np.empty(0, np.uint8)
        return ScanExample(shown, drawn.turns, drawn.caption, self._worded(drawn, worded, rng))

    def _worded_of(self, index: int) -> int:
        """How many of a step's views with words the scan of this index gets."""
        config = self._config
        return (config.worded + config.scans - 1 - index) // config.scans if config.weights.words else 0

    def _worded(self, drawn: LanguageExample, count: int, rng: np.random.Generator) -> tuple[Worded, ...]:
        if not count:
            return ()
        views = WordedViews(drawn.volume, self._config.network.masks, rng)
        names = [name for name in drawn.ids if rng.random() < OTHERS / len(drawn.ids)]
        others = [drawn.mask((name,)) for name in names]
        made = []
        for _ in range(count):
            words = self._words(drawn, rng)
            if words is not None:
                phrase, seg, mask = words
                made.append(Worded(phrase, seg, views.draw(mask, _apart(mask, others))))
        return tuple(made)

    def _words(
        self, drawn: LanguageExample, rng: np.random.Generator
    ) -> tuple[str | None, int | None, np.ndarray] | None:
        """A phrase, or the number of a ``[SEG]`` of the conversation, and the mask that it means; None if there is none."""
        shares = self._config.words
        ways = {
            "structures": self._structure,
            "phrases": self._phrase,
            "answers": self._answer,
            "absent": self._absent,
        }
        kinds = list(ways)
        shuffled = rng.choice(kinds, len(kinds), replace=False, p=np.array([getattr(shares, kind) for kind in kinds]))
        return next((words for kind in shuffled if (words := ways[str(kind)](drawn, rng)) is not None), None)

    def _structure(self, drawn: LanguageExample, rng: np.random.Generator) -> tuple[str, None, np.ndarray] | None:
        """A structure by its name."""
        seen = [facts for facts in drawn.facts.seen() if facts.measures is not None]
        if not seen:
            return None
        weights = np.array([facts.measures.volume_ml for facts in seen if facts.measures is not None])
        weights **= self._config.words.size_power
        structure = seen[int(rng.choice(len(seen), p=weights / weights.sum()))].structure
        return without_article(f"the {called(structure, rng)}", rng), None, drawn.mask((structure.name,))

    def _phrase(self, drawn: LanguageExample, rng: np.random.Generator) -> tuple[str, None, np.ndarray] | None:
        if not drawn.phrases:
            return None
        phrase = drawn.phrases[int(rng.integers(len(drawn.phrases)))]
        return phrase.text, None, drawn.mask(phrase.target)

    def _answer(self, drawn: LanguageExample, rng: np.random.Generator) -> tuple[None, int, np.ndarray] | None:
        """What a ``[SEG]`` of the conversation means."""
        segs = [target for turn in drawn.turns for target in turn.answer.targets]
        if not segs or not self._config.weights.language:
            return None
        number = int(rng.integers(len(segs)))
        return None, number, drawn.mask(segs[number])

    def _absent(self, drawn: LanguageExample, rng: np.random.Generator) -> tuple[str, None, np.ndarray] | None:
        """Something that is not there: of the facts, or of a part of the body that cannot be in the scan."""
        far = self._far(drawn.facts)
        if far and (not drawn.absent_phrases or rng.random() < FAR_SHARE):
            # Half of them are those by which a survey tells what a scan shows: they had better not be found elsewhere.
            telling = [organ for organ in far if organ.name in _TELLING]
            drawn_from = telling if telling and rng.random() < 0.5 else far
            text = without_article(f"the {called(drawn_from[int(rng.integers(len(drawn_from)))], rng)}", rng)
        elif drawn.absent_phrases:
            text = drawn.absent_phrases[int(rng.integers(len(drawn.absent_phrases)))]
        else:
            return None
        return text, None, np.zeros(drawn.labels.shape, bool)

    def _far(self, facts: Facts) -> list[Structure]:
        """Organs that nobody labelled, in parts of the body that are far from everything that is seen."""
        far = far_from({found.structure.term.region for found in facts.seen()})
        return [organ for organ in self._organs if organ.term.region in far]


def _apart(mask: np.ndarray, others: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Those of the other masks that show something else."""
    return [other for other in others if 2 * int((other & mask).sum()) < int(other.sum())]
