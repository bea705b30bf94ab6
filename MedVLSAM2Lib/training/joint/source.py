"""Draws the scans and the clicks of each step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig
from MedVLSAM2Lib.model.volume_input.prepare import prepare
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.examples.rendering import byte
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.example import JointBatch, ScanExample, Worded
from MedVLSAM2Lib.training.joint.meanings import Meanings
from MedVLSAM2Lib.training.joint.worded_views import WordedViews
from MedVLSAM2Lib.training.language.example import LanguageExample
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.source import LanguageSource
from MedVLSAM2Lib.vocabulary import Vocabulary

SEG_SHARE, ABSENT_SHARE = 0.15, 0.15
OTHERS = 6


class JointSource:
    """Endless batches; each is decided by the seed and its number, and by nothing else."""

    def __init__(self, config: JointConfig, cases: Sequence[Case], people: Path | None = None) -> None:
        """``people`` is where phantoms are kept between runs."""
        vocabulary = Vocabulary.read()
        self._config = config
        self._scans = LanguageSource(People(vocabulary, people), vocabulary, cases, config.language_data)
        self._clicks = ExampleSource(cases, config.mix, config.network.masks) if config.clicks else None
        self._meanings = Meanings(vocabulary)
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
        wanted = self._config.meanings if self._config.weights.meaning else 0
        return JointBatch(scans, clicks, [self._meanings.draw(words) for _ in range(wanted)])

    def scan(self, rng: np.random.Generator, worded: int) -> ScanExample:
        """One scan with so many views with words."""
        drawn = self._scans.draw(rng)
        shown = byte(prepare(drawn.volume, self._input))
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
        segs = [target for turn in drawn.turns for target in turn.answer.targets]
        made = []
        for _ in range(count):
            draw = rng.random()
            if draw < SEG_SHARE and segs:
                number = int(rng.integers(len(segs)))
                mask = drawn.mask(segs[number])
                made.append(Worded(None, number, views.draw(mask, _apart(mask, others))))
            elif (draw < SEG_SHARE + ABSENT_SHARE or not drawn.phrases) and drawn.absent_phrases:
                text = drawn.absent_phrases[int(rng.integers(len(drawn.absent_phrases)))]
                made.append(Worded(text, None, views.draw(np.zeros(drawn.labels.shape, bool), others)))
            elif drawn.phrases:
                phrase = drawn.phrases[int(rng.integers(len(drawn.phrases)))]
                mask = drawn.mask(phrase.target)
                made.append(Worded(phrase.text, None, views.draw(mask, _apart(mask, others))))
        return tuple(made)


def _apart(mask: np.ndarray, others: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Those of the other masks that show something else."""
    return [other for other in others if 2 * int((other & mask).sum()) < int(other.sum())]
