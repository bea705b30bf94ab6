"""A worker whose model knows words and answers questions, without torch being asked for any.

Its checkpoint is a folder with ``behaviour.json``: the ``tones`` (HU) that words mean, the ``answer`` to every question (a
number in it is the tone that a ``[SEG]`` points at), ``pause_s`` before each word and each look at the volume, and a
``trouble`` of the kinds ``die`` and ``hang`` that strikes when the tone ``at`` is looked for, ``times`` times.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from MedVLSAM2Lib.engine.worker import main
from MedVLSAM2Lib.model.mask_model import Cache, MaskModel, MaskRequest
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.volume import PackedMask, Volume
from tests.session.scripted_speaker import ScriptedSpeaker
from tests.session.tone_model import ToneModel, ToneReader


class TroubledToneModel(ToneModel):
    """A tone model that gets into trouble when it is told to."""

    name = "tones"

    def __init__(self, folder: Path) -> None:
        super().__init__(("click", "phrase", "question"))
        self._behaviour = folder / "behaviour.json"

    def read(self) -> dict:
        """How to behave now."""
        return json.loads(self._behaviour.read_text())

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """The parts, after a pause."""
        behaviour = self.read()
        time.sleep(behaviour.get("pause_s", 0.0))
        trouble = behaviour.get("trouble")
        if trouble and trouble["times"] > 0 and trouble["at"] == float(request.tokens[0, 0]):
            trouble["times"] -= 1
            self._behaviour.write_text(json.dumps(behaviour))
            if trouble["kind"] == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(1000)
        return super().locate(request, cache)


class SlowSpeaker:
    """Says the answer in the model's behaviour, with a pause before each word."""

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
        behaviour = self._model.read()
        for piece in ScriptedSpeaker(*behaviour["answer"]).answer(volume, volume_id, conversation, cache, cancelled):
            time.sleep(behaviour.get("pause_s", 0.0))
            yield piece


def open_session(volume: Volume, volume_id: str, model: MaskModel) -> Session:
    """A session that finds and answers."""
    assert isinstance(model, TroubledToneModel)
    grounding = Grounding(ToneReader(model.read()["tones"]), model, threshold=0.5)
    return Session(volume, volume_id, model, grounding=grounding, speaker=SlowSpeaker(model))


def run() -> None:
    """Be such a worker."""
    main(TroubledToneModel, open_session, models=("tones",))
