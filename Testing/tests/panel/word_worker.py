"""A worker for the panel: the engine tests' model of tones, with answers to several questions.

Its checkpoint is a folder with ``behaviour.json`` as ``tone_worker.py`` describes it; besides, the ``capabilities`` it claims,
and ``answers``: by question, the words and tones of its answer. What it was asked last stands in ``heard.json``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

# The tests' own folder comes first: another package of that name may be installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from MedVLSAM2Lib.engine.worker import main
from MedVLSAM2Lib.model.mask_model import Cache, MaskModel
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.volume import Volume
from tests.engine.tone_worker import TroubledToneModel
from tests.session.scripted_speaker import ScriptedSpeaker

_TONE_OF_NOTHING = 9999.0
_ANSWER = ["Nothing is to be seen."]


class WordModel(TroubledToneModel):
    """The tones of a few words; any other word means nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.identity = f"words {folder.name}"
        self.capabilities = tuple(self.read()["capabilities"])
        self._heard = folder / "heard.json"

    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """(len(phrases), 1): the tone of each, or one that no voxel has."""
        tones = self.read()["tones"]
        return np.array([[tones.get(phrase, _TONE_OF_NOTHING)] for phrase in phrases], np.float32)

    def answer_to(self, conversation: Sequence[Turn]) -> Sequence[str | float]:
        """What to say to the last question."""
        self._heard.write_text(json.dumps([turn.text for turn in conversation]))
        answer: Sequence[str | float] = self.read().get("answers", {}).get(conversation[-1].text, _ANSWER)
        return answer


class WordSpeaker:
    """Says what the model knows to say, with its pause before each word."""

    def __init__(self, model: WordModel) -> None:
        self._model = model

    def answer(
        self,
        volume: Volume,
        volume_id: str,
        conversation: Sequence[Turn],
        cache: Cache,
        cancelled: Callable[[], bool],
    ) -> Iterator[str | SegMark]:
        """The answer."""
        script = ScriptedSpeaker(*self._model.answer_to(conversation))
        for piece in script.answer(volume, volume_id, conversation, cache, cancelled):
            time.sleep(self._model.read().get("pause_s", 0.0))
            yield piece


def open_session(volume: Volume, volume_id: str, model: MaskModel) -> Session:
    """A session that finds and answers."""
    assert isinstance(model, WordModel)
    return Session(volume, volume_id, model, grounding=Grounding(model, model, 0.1), speaker=WordSpeaker(model))


if __name__ == "__main__":
    main(WordModel, open_session, models=("words",))
