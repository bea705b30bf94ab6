"""One language example: a volume, a conversation about it, and the masks that its answers point at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.training.facts.facts import Facts
from MedVLSAM2Lib.training.language.said import Turn
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
        absent_phrases: phrases for which there is nothing to be found in the volume: their masks are empty.
        facts: what is true of the scan.
    """

    kind: str
    volume: Volume
    labels: np.ndarray
    ids: Mapping[str, tuple[int, ...]]
    turns: tuple[Turn, ...]
    absent_phrases: tuple[str, ...]
    facts: Facts

    def masks(self, turn: Turn) -> np.ndarray:
        """Boolean (N, K, J, I): the mask of each ``[SEG]`` of the turn's answer, in order."""
        found = np.zeros((len(turn.answer.targets), *self.labels.shape), bool)
        for mask, target in zip(found, turn.answer.targets, strict=True):
            table = np.zeros(256, bool)
            table[[value for name in target for value in self.ids[name]]] = True
            np.take(table, self.labels, out=mask)
        return found
