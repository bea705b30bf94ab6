"""What phrases mean to a checkpoint's language model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from MedVLSAM2Lib.model.mask_model import Cache
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.volume_input.prepare import prepare
from MedVLSAM2Lib.volume import Volume


class ModelPhraseReader:
    """Reads phrases with the parts of a checkpoint, which are loaded for the first one."""

    def __init__(self, model: MedVLSam2Model) -> None:
        self._model = model

    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """The seg tokens of phrases about a canonically ordered volume: float32 (len(phrases), d)."""
        with torch.inference_mode():
            visual = self.visual(volume, volume_id, cache) if self._model.config.phrase_sees_volume else None
            return self.tokens_of(self._model.seg_states(visual, [within_a_sentence(phrase) for phrase in phrases]))

    def visual(self, volume: Volume, volume_id: str, cache: Cache) -> Tensor:
        """What the language model is shown of the volume: (1, N, width)."""
        return cache.get_or_make(("visual tokens", self, volume_id), lambda: self._visual(volume))

    def tokens_of(self, states: Tensor) -> np.ndarray:
        """The seg tokens of ``[SEG]`` states (N, width): float32 (N, d)."""
        tokens: np.ndarray = self._model.seg_tokens(states).cpu().numpy()
        return tokens

    def _visual(self, volume: Volume) -> Tensor:
        shown = prepare(volume, self._model.config.volume_input)
        return self._model.encode_volume(torch.from_numpy(shown)[None])


def within_a_sentence(phrase: str) -> str:
    """A phrase as it stands amid a sentence, however it was typed: "Left kidney." means "left kidney".

    Words with digits ("L3") and abbreviations ("IVC") keep their capitals, unless everything was typed in capitals.
    """
    words = phrase.split()
    spelled = [word for word in words if word.isalpha()]
    shouts = len(spelled) > 1 and all(word.isupper() for word in spelled)
    lowered = [word.lower() if word.isalpha() and (shouts or word.istitle()) else word for word in words]
    return " ".join(lowered).rstrip(".,;!? ")
