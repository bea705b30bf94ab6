"""A worker whose model knows words and answers questions, without torch being asked for any.

Its checkpoint is a folder with ``behaviour.json`` as ``behaviour.py`` describes it; besides, the ``tones`` (HU) that words
mean, the ``answers`` to questions and the ``answer`` to every other one (a number in it is the tone that a ``[SEG]`` points
at), the ``capabilities`` it claims, and the ``threshold`` of what counts as found. Trouble strikes ``at`` a tone that is
looked for, at ``"click"`` and ``"clicked"`` (before and after the region of a click is told), and at ``"word"`` and
``"answered"`` (before each word, and after the last). What it was asked last stands in ``heard.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

# The tests' own folder comes first: another package of that name may be installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from MedVLSAM2Lib.engine.worker import main
from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskModel, MaskRequest
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.volume import PackedMask, Volume
from tests.engine.behaviour import Behaviour, keep_line
from tests.session.scripted_speaker import ScriptedSpeaker
from tests.session.tone_model import ToneModel

_CAPABILITIES = ("click", "phrase", "question")
_TONE_OF_NOTHING = 9999.0
_ANSWER = ["Nothing is to be seen."]


class TroubledToneModel(ToneModel):
    """A tone model that gets into trouble when it is told to; it reads words itself."""

    name = "tones"

    def __init__(self, folder: Path) -> None:
        self.behaviour = Behaviour(folder)
        super().__init__(tuple(self.behaviour.read().get("capabilities", _CAPABILITIES)))
        self._heard = folder / "heard.json"

    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """(len(phrases), 1): the tone of each, or one that no voxel has."""
        tones = self.behaviour.read()["tones"]
        return np.array([[tones.get(phrase, _TONE_OF_NOTHING)] for phrase in phrases], np.float32)

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """The parts, after a pause."""
        self.behaviour.pause()
        assert request.tokens is not None
        self.behaviour.strike(float(request.tokens[0, 0]))
        return super().locate(request, cache)

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """The parts that a click reaches."""
        if request.tokens is not None:
            yield from super().answer(request, cache)
            return
        self.behaviour.pause()
        self.behaviour.strike("click")
        yield from super().answer(request, cache)
        self.behaviour.strike("clicked")

    def answer_to(self, conversation: Sequence[Turn]) -> Sequence[str | float]:
        """What to say to the last question."""
        self._heard.write_text(json.dumps([turn.text for turn in conversation]))
        behaviour = self.behaviour.read()
        answer: Sequence[str | float] = behaviour.get("answers", {}).get(
            conversation[-1].text, behaviour.get("answer", _ANSWER)
        )
        return answer


class SlowSpeaker:
    """Says what the model knows to say, with its pause before each word."""

    def __init__(self, model: TroubledToneModel) -> None:
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
            self._model.behaviour.pause()
            self._model.behaviour.strike("word")
            yield piece
        self._model.behaviour.strike("answered")


def open_session(volume: Volume, volume_id: str, model: MaskModel) -> Session:
    """A session that finds and answers."""
    assert isinstance(model, TroubledToneModel)
    threshold = model.behaviour.read().get("threshold", 0.5)
    return Session(volume, volume_id, model, grounding=Grounding(model, model, threshold), speaker=SlowSpeaker(model))


if __name__ == "__main__":
    keep_line()
    main(TroubledToneModel, open_session, models=("tones",))
