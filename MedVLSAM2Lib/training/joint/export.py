"""A network in training written as a checkpoint that a session can use."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from MedVLSAM2Lib.files.atomic_write import folder_beside
from MedVLSAM2Lib.model.medvlsam2.config import LOCATOR, PHRASE, QUESTION, REPORT, ComponentSource, MedVLSam2Config
from MedVLSAM2Lib.training.joint.adapters import merge_adapters
from MedVLSAM2Lib.training.joint.config import TRAINED, JointConfig
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.validation import FOUND
from MedVLSAM2Lib.training.learning.training_state import Progress
from MedVLSAM2Lib.training.model_card import CAPABILITIES, SOURCES

NAME = "MedVL-SAM2 tiny"


def save_checkpoint_of(
    network: JointNetwork,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    config: JointConfig,
    progress: Progress,
    validation: dict[str, float],
) -> None:
    """Write the network in half precision, with what is known of it, in the place of the checkpoint in ``folder``."""
    halved = copy.deepcopy(network).to("cpu")
    # In full precision: what adapters add to a weight is small.
    merge_adapters(halved.language_model)
    halved.to(torch.float16)
    trained_on = tuple(f"{source.what}: {source.licence}" for source in SOURCES)
    parts = TRAINED if network.locator is None else (*TRAINED, LOCATOR)
    components = {name: ComponentSource(path=name) for name in parts}
    begun_with = network.begun_with or MedVLSam2Config(
        name=NAME,
        capabilities=(*CAPABILITIES, PHRASE, QUESTION, REPORT),
        components=components,
        found_threshold=FOUND,
        licence="Apache-2.0",
        trained_on=("procedural phantoms of the trunk and the head (this project): Apache-2.0", *trained_on),
    )
    whole = replace(begun_with, components=components)
    if config.weights.words:
        whole = replace(whole, rereads_phrases=not (config.weights.language and config.words.answers))
    card: dict[str, Any] = {
        "name": NAME,
        "licence": whole.licence,
        "capabilities": list(CAPABILITIES),
        "trained_on": list(whole.trained_on),
        "training": {
            "stage": config.stage,
            "steps": progress.step,
            "seconds": round(progress.seconds),
            "seed": config.seed,
            "validation": {name: round(value, 4) for name, value in validation.items()},
        },
    }
    with folder_beside(folder) as beside:
        halved.as_model(whole, tokenizer, card, _identity(network)).save_pretrained(beside)


def _identity(network: JointNetwork) -> str:
    """Names the mask model's weights while they are in memory only."""
    digest = hashlib.sha256()
    for tensor in network.mask_model.state_dict().values():
        digest.update(tensor.detach().cpu().numpy().tobytes())
    return f"patches:{digest.hexdigest()[:16]}"
