"""The product itself asked in words: a session that finds phrases and answers questions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, Event, FoundObject, MaskRegion, SentenceStatus
from MedVLSAM2Lib.session.mask_models import LoadedModel
from MedVLSAM2Lib.session.opening import open_session
from MedVLSAM2Lib.volume import Volume, VoxelBox


@dataclass(frozen=True)
class Found:
    """What a phrase named: the voxels of all its objects (bool, K, J, I), and the least sure one's confidence."""

    mask: np.ndarray
    objects: int
    confidence: float


@dataclass(frozen=True)
class Answered:
    """An answer as it is shown.

    Attributes:
        text: the sentences that hold, measured values written in.
        withheld: how many sentences did not hold and were not shown.
        raw: what the model wrote.
    """

    text: str
    withheld: int
    raw: str


class Asker:
    """One volume and a checkpoint that knows words."""

    def __init__(self, volume: Volume, name: str, model: LoadedModel) -> None:
        self._session = open_session(volume, name, model)
        self._whole = VoxelBox.of_shape(volume.shape)
        self._requests = 0

    def find(self, phrase: str) -> Found:
        """What the phrase names in the volume."""
        events = list(self._session.find([phrase], self._prefix(), _never))
        ids = [event.object_id for event in events if isinstance(event, FoundObject)]
        mask = np.zeros(self._whole.shape, bool)
        for object_id in ids:
            mask |= self._session.mask(object_id).unpack(self._whole)
        return Found(mask, len(ids), min(_confidences(events), default=0.0))

    def ask(self, question: str) -> Answered:
        """The answer to one question."""
        events = list(self._session.ask([Turn("user", question)], self._prefix(), _never))
        sentences = [event for event in events if isinstance(event, AnswerSentence)]
        shown = [sentence.text for sentence in sentences if sentence.status is SentenceStatus.SAID]
        raw = next((event.raw for event in events if isinstance(event, AnswerDone)), "")
        return Answered(" ".join(shown), len(sentences) - len(shown), raw)

    def _prefix(self) -> str:
        self._requests += 1
        return f"asked {self._requests}:"


def _confidences(events: list[Event]) -> list[float]:
    return [event.confidence for event in events if isinstance(event, MaskRegion)]


def _never() -> bool:
    return False
