"""One language example: a volume, a conversation about it, and the masks that its answers point at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.facts.facts import Facts
from MedVLSAM2Lib.training.language.referring import Phrase
from MedVLSAM2Lib.training.language.said import Target, Turn
from MedVLSAM2Lib.volume import Volume


@dataclass(frozen=True)
class LanguageExample:
    """What language and masks are learned from together.

    Attributes:
        kind: the part of the mix it is of.
        volume: int16 HU (K, J, I), its axes to the patient's left, posterior and superior.
        labels: uint8 (K, J, I).
        ids: the label values of every structure and finding that is in the scan, by name.
        turns: the conversation.
        phrases: words for something that is in the volume.
        absent_phrases: phrases for which there is nothing to be found in the volume: their masks are empty.
        caption: a sentence that describes the scan; empty where nothing is known of it.
        facts: what is true of the scan.
    """

    kind: str
    volume: Volume
    labels: np.ndarray
    ids: Mapping[str, tuple[int, ...]]
    turns: tuple[Turn, ...]
    phrases: tuple[Phrase, ...]
    absent_phrases: tuple[str, ...]
    caption: str
    facts: Facts

    def masks(self, turn: Turn) -> np.ndarray:
        """Boolean (N, K, J, I): the mask of each ``[SEG]`` of the turn's answer, in order."""
        found = np.zeros((len(turn.answer.targets), *self.labels.shape), bool)
        for mask, target in zip(found, turn.answer.targets, strict=True):
            mask[...] = self.mask(target)
        return found

    def mask(self, target: Target) -> np.ndarray:
        """Boolean (K, J, I): what ``target`` means."""
        table = np.zeros(256, bool)
        table[[value for name in target for value in self.ids[name]]] = True
        return table[self.labels]
