"""A session on a volume with everything its checkpoint can do."""

from __future__ import annotations

from MedVLSAM2Lib.session.mask_models import LoadedModel
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Volume


def open_session(volume: Volume, volume_id: str, model: LoadedModel) -> Session:
    """A session that takes prompts, phrases and questions, as far as the model understands them."""
    return Session(volume, volume_id, model, grounding=model.grounding, speaker=model.speaker, surveyor=model.surveyor)
