"""The first weights, by the names they had."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.training.learning.rough_weights import INPUTS, is_rough, load_rough_weights

# One name of each kind, as the older file has them.
OLD_NAMES = {
    "stem.0.weight": "f.0.weight",
    "stem.3.norm1.bias": "f.3.n1.bias",
    "down.0.0.conv1.weight": "d.0.0.c1.weight",
    "down.0.0.shortcut.weight": "d.0.0.sk.weight",
    "lateral.0.bias": "p.0.bias",
    "up.0.conv2.weight": "u.0.c2.weight",
    "mask_head.weight": "o.weight",
    "size_modulation.0.hidden.weight": "scale.0.0.weight",
    "size_modulation.0.out.weight": "scale.0.2.weight",
    "size_modulation.1.out.bias": "scale.1.2.bias",
    "quality_head.hidden.weight": "q.0.weight",
    "quality_head.out.bias": "q.2.bias",
}


def old_name(name: str) -> str:
    parts = (("stem.", "f."), ("down.", "d."), ("lateral.", "p."), ("up.", "u."), ("mask_head.", "o."),
             ("size_modulation.", "scale."), ("quality_head.hidden.", "q.0."), ("quality_head.out.", "q.2."),
             (".hidden.", ".0."), (".out.", ".2."), ("conv", "c"), ("norm", "n"), ("shortcut", "sk"))  # fmt: skip
    for new, old in parts:
        name = name.replace(new, old)
    return name


def a_rough_file(network: PatchNetwork, path: Path) -> Path:
    """The network's weights as the older file would hold them: six inputs, a quality head that knows less."""
    weights = {old_name(name): tensor.clone() for name, tensor in network.state_dict().items()}
    stem = weights["f.0.weight"]
    blocks = stem.reshape(stem.shape[0], 8, 8, *stem.shape[2:])[:, list(INPUTS)]
    weights["f.0.weight"] = blocks.reshape(stem.shape[0], -1, *stem.shape[2:]).contiguous()
    weights["q.0.weight"] = weights["q.0.weight"][:, :-7].contiguous()
    save_file(weights, path)
    return path


def test_the_names_of_the_older_file_are_those_expected_here() -> None:
    assert {name: old_name(name) for name in OLD_NAMES} == OLD_NAMES


def test_answers_stay_the_same_and_new_inputs_change_nothing(tmp_path: Path) -> None:
    config = PatchConfig(side=16, channels=(4, 8), depths=(1, 2))
    original, loaded = PatchNetwork(config), PatchNetwork(config)
    for modulation in original.size_modulation:
        torch.nn.init.normal_(modulation.out.weight)
    path = a_rough_file(original, tmp_path / "rough.safetensors")
    assert is_rough(path)
    load_rough_weights(loaded, path)

    channels = torch.rand(1, 8, 16, 16, 16)
    plain = channels.clone()
    plain[:, [5, 6]] = 0
    with torch.inference_mode():
        expected, _ = original(plain, torch.full((1, 3), 90.0))
        answer, _ = loaded(channels, torch.full((1, 3), 90.0))
    assert torch.allclose(answer, expected, atol=1e-5)


def test_weights_of_our_own_are_not_mistaken_for_older_ones(tmp_path: Path) -> None:
    network = PatchNetwork(PatchConfig(side=16, channels=(4, 8), depths=(1, 1)))
    save_file(network.state_dict(), tmp_path / "own.safetensors")
    assert not is_rough(tmp_path / "own.safetensors")
