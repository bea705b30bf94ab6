"""A patch network on disk: a folder with ``config.json`` and ``model.safetensors``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from MedVLSAM2Lib.model.component_folder import (
    WEIGHTS_NAME,
    check_fit,
    config_of_kind,
    read_config,
    read_weights,
    save_weights,
    weight_files,
    write_config,
)
from MedVLSAM2Lib.model.patches.config import FORMAT_VERSION, PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork

ARCHITECTURE = "patches"


@dataclass(frozen=True)
class PatchCheckpointInfo:
    """What a checkpoint says of itself.

    Attributes:
        config: the network's shape.
        card: everything in ``config.json``: capabilities, what it was trained on, licences.
        sha256: of the weights file; equal hashes give equal answers, so caches may use it as the model's name.
        dtype: the precision the weights are stored in.
    """

    config: PatchConfig
    card: dict[str, Any]
    sha256: str
    dtype: torch.dtype = torch.float16

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The kinds of prompts it was trained for: click, box, scribble, lasso, prior."""
        return tuple(self.card.get("capabilities", ()))


def save_checkpoint(
    folder: Path, network: PatchNetwork, card: dict[str, Any], dtype: torch.dtype = torch.float16
) -> None:
    """Write the network's weights (as ``dtype``) and its card into ``folder``, made if missing."""
    folder = Path(folder)
    save_weights(folder, {name: tensor.to("cpu", dtype) for name, tensor in network.state_dict().items()})
    write_config(folder, {**card, "architecture": ARCHITECTURE, **network.config.to_dict()})


def load_checkpoint(folder: Path) -> tuple[PatchNetwork, PatchCheckpointInfo]:
    """The network (float32, ready to answer) and what the checkpoint says of itself; CheckpointError if unusable."""
    folder = Path(folder)
    card = read_config(folder)
    weights_file = folder / WEIGHTS_NAME
    weight_files(folder)
    config = config_of_kind(card, folder, ARCHITECTURE, FORMAT_VERSION, PatchConfig.from_dict)
    with torch.device("meta"):  # no memory before the weights are known to fit
        network = PatchNetwork(config)
    weights = read_weights(weights_file)
    check_fit(network, weights, weights_file)
    network.load_state_dict({name: tensor.to(torch.float32) for name, tensor in weights.items()}, assign=True)
    digest = hashlib.sha256(weights_file.read_bytes()).hexdigest()
    stored = next(iter(weights.values())).dtype
    return network.eval(), PatchCheckpointInfo(config, card, digest, stored)
