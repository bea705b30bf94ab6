"""A worker with a small model that knows words and needs no training: the real session, finding tones by their names.

Its checkpoint is a folder with ``behaviour.json``: the ``capabilities`` it claims, the ``tones`` in HU that it has words for,
``pause_s`` before each look, and ``answers``: by question, the words and tones of its answer. What it was asked last stands in
``heard.json``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from MedVLSAM2Lib.engine.worker import main
from MedVLSAM2Lib.model.mask_model import Cache, MaskRequest
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.volume import PackedMask, Volume
from tests.session.scripted_speaker import ScriptedSpeaker
from tests.session.tone_model import ToneModel

_TONE_OF_NOTHING = 9999.0


class WordModel(ToneModel):
    """The tones of a few words, after a pause."""

    def __init__(self, folder: Path) -> None:
        self._behaviour = folder / "behaviour.json"
        super().__init__(tuple(self.read()["capabilities"]))
        self.identity = f"words {folder.name}"
        self.grounding = Grounding(self, self, threshold=0.1)

    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """(len(phrases), 1): the tone of each, or one that no voxel has."""
        tones = self.read()["tones"]
        return np.array([[tones.get(phrase, _TONE_OF_NOTHING)] for phrase in phrases], np.float32)

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """Each part of the tone."""
        time.sleep(self.read().get("pause_s", 0.0))
        return super().locate(request, cache)

    def hear(self, conversation: Sequence[Turn]) -> None:
        """Write down what was asked."""
        self._behaviour.with_name("heard.json").write_text(json.dumps([turn.text for turn in conversation]))

    def read(self) -> dict:
        """What it does now."""
        return json.loads(self._behaviour.read_text())


class WordSpeaker:
    """Answers what it was told the answers of."""

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
        """Its answer to the last question."""
        self._model.hear(conversation)
        script = self._model.read().get("answers", {}).get(conversation[-1].text, ["Nothing is to be seen."])
        yield from ScriptedSpeaker(*script).answer(volume, volume_id, conversation, cache, cancelled)


def open_session(volume: Volume, volume_id: str, model: WordModel) -> Session:
    """A session that knows words if the model claims to."""
    grounding = model.grounding if "phrase" in model.capabilities else None
    return Session(volume, volume_id, model, grounding=grounding, speaker=WordSpeaker(model))


if __name__ == "__main__":
    main(WordModel, open_session, models=("words",))  # type: ignore[arg-type]
