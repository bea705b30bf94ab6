"""The product itself as a segmenter: a mask model behind a session."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from MedVLSAM2Lib.model.mask_model import MaskModel
from MedVLSAM2Lib.prompts import Prompt, PromptError
from MedVLSAM2Lib.results import Event, MaskRegion
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Volume, VoxelBox

logger = logging.getLogger(__name__)

_OBJECT_ID = "object"


class SessionSegmenter:
    """Opens a session for every object, so that no object gains from what was cached for another."""

    def __init__(self, model: MaskModel, name: str) -> None:
        self._model = model
        self._name = name

    @property
    def name(self) -> str:
        """Its column in the table."""
        return self._name

    def start(self, volume: Volume, volume_id: str) -> SessionInteraction:
        """Begin with a new object in ``volume``."""
        return SessionInteraction(Session(volume, volume_id, self._model), volume)


class SessionInteraction:
    """One object in a session of its own."""

    def __init__(self, session: Session, volume: Volume) -> None:
        self._session = session
        self._whole = VoxelBox.of_shape(volume.shape)
        self.candidate = 0
        self.candidates = 1

    def add(self, prompts: Sequence[Prompt]) -> np.ndarray:
        """The object's mask (bool, K, J, I) after these further prompts; unchanged when nothing was found there."""
        try:
            return self._mask_after(self._session.add_prompts(_OBJECT_ID, tuple(prompts), _never))
        except PromptError as error:
            logger.info("%s", error)
            return self._mask()

    def step(self, step: int) -> np.ndarray:
        """Show the candidate ``step`` further on: its mask (bool, K, J, I)."""
        return self._mask_after(self._session.step_candidate(_OBJECT_ID, step))

    def _mask_after(self, events: Iterable[Event]) -> np.ndarray:
        for event in events:
            if isinstance(event, MaskRegion):
                self.candidate, self.candidates = event.candidate, event.candidates
        return self._mask()

    def _mask(self) -> np.ndarray:
        return self._session.mask(_OBJECT_ID).unpack(self._whole)


def _never() -> bool:
    return False
