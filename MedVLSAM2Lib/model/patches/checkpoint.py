"""A patch network on disk: a folder with ``config.json`` and ``model.safetensors``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from MedVLSAM2Lib.model.patches.config import FORMAT_VERSION, PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork

ARCHITECTURE = "patches"
CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"


class CheckpointError(Exception):
    """The folder does not hold a checkpoint that can be used; the message is one sentence for the user."""


@dataclass(frozen=True)
class PatchCheckpointInfo:
    """What a checkpoint says of itself.

    Attributes:
        config: the network's shape.
        card: everything in ``config.json``: capabilities, what it was trained on, licences.
        sha256: of the weights file; equal hashes give equal answers, so caches may use it as the model's name.
    """

    config: PatchConfig
    card: dict[str, Any]
    sha256: str

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The kinds of prompts it was trained for: click, box, scribble, lasso, prior."""
        return tuple(self.card.get("capabilities", ()))


def save_checkpoint(folder: Path, network: PatchNetwork, card: dict[str, Any]) -> None:
    """Write the network's weights (float16) and its card into ``folder``, made if missing."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().cpu().half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, str(folder / WEIGHTS_NAME))
    # safetensors makes files that their owner alone can read; a checkpoint is shared with everybody on the machine.
    (folder / WEIGHTS_NAME).chmod(0o644)
    content = {**card, "architecture": ARCHITECTURE, **network.config.to_dict()}
    (folder / CONFIG_NAME).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def load_checkpoint(folder: Path) -> tuple[PatchNetwork, PatchCheckpointInfo]:
    """The network (float32, ready to answer) and what the checkpoint says of itself; CheckpointError if unusable."""
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"There is no checkpoint folder {folder}.")
    for name in (CONFIG_NAME, WEIGHTS_NAME):
        if not (folder / name).is_file():
            raise CheckpointError(f"The checkpoint in {folder} has no {name}.")
    card = _read_card(folder / CONFIG_NAME)
    config = _config_of(card, folder)
    weights_file = folder / WEIGHTS_NAME
    network = PatchNetwork(config)
    _load_weights(network, weights_file)
    digest = hashlib.sha256(weights_file.read_bytes()).hexdigest()
    return network.eval(), PatchCheckpointInfo(config, card, digest)


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({error}).") from error
    if not isinstance(card, dict):
        raise CheckpointError(f"{path} does not hold a JSON object.")
    return card


def _config_of(card: dict[str, Any], folder: Path) -> PatchConfig:
    architecture, version = card.get("architecture"), card.get("format_version")
    if architecture != ARCHITECTURE:
        raise CheckpointError(f"The checkpoint in {folder} is of the kind {architecture!r}, not {ARCHITECTURE!r}.")
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"The checkpoint in {folder} has format version {version}, this MedVLSAM2 reads version {FORMAT_VERSION}."
        )
    try:
        return PatchConfig.from_dict(card)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The checkpoint in {folder} describes no usable network: {error}.") from error


def _load_weights(network: PatchNetwork, path: Path) -> None:
    try:
        weights = load_file(str(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or incomplete; copy or download it again ({error}).") from error
    expected = network.state_dict()
    for name in sorted(expected.keys() ^ weights.keys()):
        what = "lacks" if name in expected else "has an unexpected"
        raise CheckpointError(f"{path} {what} tensor {name}, so it does not fit its {CONFIG_NAME}.")
    for name, tensor in weights.items():
        if tensor.shape != expected[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(expected[name].shape)}"
            raise CheckpointError(f"{path} has tensor {name} of shape {shapes}, so it does not fit its {CONFIG_NAME}.")
    network.load_state_dict({name: tensor.to(torch.float32) for name, tensor in weights.items()})
