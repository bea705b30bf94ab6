"""The names and the input channels of the first weights, which a U-Net of the same shape but six inputs was given."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from MedVLSAM2Lib.model.patches.network import CHANNEL_NAMES, EARLIER, NEGATIVE, POSITIVE, PatchNetwork

# Patterns of names in the older file, and the names here.
NAMES = (
    (r"^f\.", "stem."),
    (r"^d\.", "down."),
    (r"^p\.", "lateral."),
    (r"^u\.", "up."),
    (r"^o\.", "mask_head."),
    (r"^q\.0\.", "quality_head.hidden."),
    (r"^q\.2\.", "quality_head.out."),
    (r"^scale\.(\d)\.0\.", r"size_modulation.\1.hidden."),
    (r"^scale\.(\d)\.2\.", r"size_modulation.\1.out."),
)
BLOCK_PARTS = ((r"\.c(\d)\.", r".conv\1."), (r"\.n(\d)\.", r".norm\1."), (r"\.sk\.", ".shortcut."))
INPUTS = (0, 1, 2, POSITIVE, NEGATIVE, EARLIER)


def is_rough(path: Path) -> bool:
    """Whether a safetensors file has the older names."""
    with safe_open(str(path), framework="pt") as file:
        return "f.0.weight" in set(file.keys())


def load_rough_weights(network: PatchNetwork, path: Path) -> None:
    """Put the older file's weights into ``network``; inputs that it did not know (box, lasso, what the mask looks like, its circumstances) start at
    zero, so that the answers are the same."""
    expected = network.state_dict()
    weights = {_renamed(name): tensor.float() for name, tensor in load_file(str(path)).items()}
    weights["stem.0.weight"] = _with_all_inputs(weights["stem.0.weight"])
    name = "quality_head.hidden.weight"
    weights[name] = _padded(weights[name], expected[name])
    network.load_state_dict(weights)


def _renamed(name: str) -> str:
    for old, new in (*NAMES, *BLOCK_PARTS):
        name = re.sub(old, new, name)
    return name


def _with_all_inputs(weight: Tensor) -> Tensor:
    """(C, 6 * 8, 3, 3, 3), each input's block of eight cells in a row, to (C, 8 * 8, 3, 3, 3)."""
    blocks = weight.reshape(weight.shape[0], len(INPUTS), 8, *weight.shape[2:])
    widened = torch.zeros(weight.shape[0], len(CHANNEL_NAMES), 8, *weight.shape[2:])
    widened[:, list(INPUTS)] = blocks
    return widened.reshape(weight.shape[0], -1, *weight.shape[2:])


def _padded(weight: Tensor, like: Tensor) -> Tensor:
    """Zero columns for the inputs that were added last."""
    padded = torch.zeros_like(like)
    padded[:, : weight.shape[1]] = weight
    return padded
