"""A checkpoint that answers questions about a volume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from MedVLSAM2Lib.model.language.conversation import GeneratedSeg
from MedVLSAM2Lib.model.mask_model import Cache
from MedVLSAM2Lib.model.medvlsam2.config import PHRASE
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.session.names import named_before
from MedVLSAM2Lib.session.phrase_reader import ModelPhraseReader
from MedVLSAM2Lib.session.speaking import SegMark
from MedVLSAM2Lib.slots import SEG
from MedVLSAM2Lib.volume import Volume


class ModelSpeaker:
    """Answers with the parts of a checkpoint, which are loaded for the first question."""

    def __init__(self, model: MedVLSam2Model, reader: ModelPhraseReader) -> None:
        self._model = model
        self._reader = reader

    def answer(
        self,
        volume: Volume,
        volume_id: str,
        conversation: Sequence[Turn],
        cache: Cache,
        cancelled: Callable[[], bool],
    ) -> Iterator[str | SegMark]:
        """The answer to a conversation's last question about a canonically ordered volume.

        Raises:
            CapabilityError: the checkpoint was not trained for questions.
        """
        self._model.require_answers()
        with torch.inference_mode():
            sees = self._model.config.question_sees_volume
            visual = self._reader.visual(volume, volume_id, cache) if sees else None
        pieces = self._model.generate(visual, conversation, cancelled)
        text, since = "", 0
        while True:
            # Entered anew for each piece: whoever takes them must not find itself in it.
            with torch.inference_mode():
                piece = next(pieces, None)
                if piece is None:
                    return
                if isinstance(piece, GeneratedSeg):
                    said: str | SegMark = self._mark(piece, text.rstrip(), since, volume, volume_id, cache)
                    since = len(text)
                else:
                    said = piece.text
                    text += piece.text.replace(SEG, "")
            yield said

    def _mark(
        self, piece: GeneratedSeg, text: str, since: int, volume: Volume, volume_id: str, cache: Cache
    ) -> SegMark:
        """What the model means by the words before a mark, or what it means by them when it reads them by themselves."""
        if not self._model.offers(PHRASE):
            return SegMark(None)
        name = text[named_before(text, since) :]
        if self._model.config.rereads_phrases and name:
            return SegMark(self._reader.tokens(volume, volume_id, [name], cache))
        return SegMark(self._reader.tokens_of(piece.state))
