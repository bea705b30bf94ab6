"""The model as a report names it."""

from __future__ import annotations

from MedVLSAM2Lib.engine import EngineClient
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.report import ModelIdentity


def model_identity(model: ChosenModel, client: EngineClient) -> ModelIdentity | None:
    """Name, version and the hash that the engine knows the weights by; None while no model is loaded."""
    if model.info is None:
        return None
    worker = client.worker_info
    kind, _, rest = model.info.identity.partition(":")
    return ModelIdentity(model.card.name, worker.version if worker else "", rest.partition(":")[0] or kind)
