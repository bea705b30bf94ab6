"""A slice network on disk: a folder with ``config.json`` and safetensors in transformers' names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from MedVLSAM2Lib.model.component_folder import (
    config_of_kind,
    load_weights,
    read_config,
    save_weights,
    weight_files,
    write_config,
)
from MedVLSAM2Lib.model.slices.config import FORMAT_VERSION, SliceConfig
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.sam2_video import fill_constants

ARCHITECTURE = "slices"


@dataclass(frozen=True)
class SliceCheckpointInfo:
    """What a checkpoint says of itself.

    Attributes:
        config: the network's shape and the rules it is used by.
        card: everything in ``config.json``: capabilities, where the weights come from, licences.
        sha256: of weights and config; equal hashes give equal answers, so caches may use it as the model's name.
    """

    config: SliceConfig
    card: dict[str, Any]
    sha256: str

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The kinds of prompts it was trained for: click, box, scribble, lasso, prior."""
        return tuple(self.card.get("capabilities", ()))


def save_checkpoint(folder: Path, network: SliceNetwork, card: Mapping[str, Any]) -> None:
    """Write the network's weights, in the precision they have, and its card into ``folder``, made if missing."""
    write_config(Path(folder), {**card, "architecture": ARCHITECTURE, **network.config.to_dict()})
    save_weights(Path(folder), network.sam.state_dict())


def load_checkpoint(folder: Path) -> tuple[SliceNetwork, SliceCheckpointInfo]:
    """The network (float32, ready to answer) and what the checkpoint says of itself; CheckpointError if unusable."""
    folder = Path(folder)
    card = read_config(folder)
    config = config_of_kind(card, folder, ARCHITECTURE, FORMAT_VERSION, SliceConfig.from_dict)
    files = weight_files(folder)
    network = SliceNetwork(config, empty=True)
    load_weights(network.sam, folder, torch.float32)
    fill_constants(network.sam)
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return network.eval(), SliceCheckpointInfo(config, card, digest.hexdigest())
