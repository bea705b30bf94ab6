"""A slice network on disk, and what a user is told when it cannot be used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.medvlsam2.mask_component import load_mask_component, save_mask_component
from MedVLSAM2Lib.model.slices.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.model.slices.config import SliceRules
from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.tensors import SlicePrompt
from MedVLSAM2Lib.session.mask_models import load_mask_model


@pytest.fixture
def a_checkpoint(tmp_path: Path, a_small_network: SliceNetwork) -> Path:
    save_checkpoint(tmp_path / "small", a_small_network, {"capabilities": ["click", "box"]})
    return tmp_path / "small"


def test_what_is_loaded_is_bit_for_bit_what_was_saved(a_checkpoint: Path, a_small_network: SliceNetwork) -> None:
    loaded, info = load_checkpoint(a_checkpoint)
    assert info.config == a_small_network.config
    for name, tensor in a_small_network.sam.state_dict().items():
        assert torch.equal(loaded.sam.state_dict()[name], tensor), name


def test_a_loaded_network_remembers_as_the_saved_one_does(a_checkpoint: Path, a_small_network: SliceNetwork) -> None:
    loaded, _ = load_checkpoint(a_checkpoint)
    pixels, recalled = torch.randn(1, 3, 64, 64), []
    with torch.no_grad():
        for network in (loaded, a_small_network):
            features = network.encode(pixels)
            masks = network.decode(features, network.without_memory(features), SlicePrompt.nothing()).chosen(0)
            memory = network.remember(features, masks, prompted=True)
            recalled.append(network.attend(features, [(0, memory), (1, memory)], [(1, memory.pointer)], farthest=2))
    assert torch.equal(*recalled)


def test_the_session_s_loader_takes_it_for_what_it_is(a_checkpoint: Path) -> None:
    model = load_mask_model(a_checkpoint)
    assert isinstance(model.masks, SliceMaskModel)
    assert model.identity.startswith("slices:")
    assert model.capabilities == ("click", "box")


def test_other_rules_are_another_identity(a_checkpoint: Path, tmp_path: Path, a_small_network: SliceNetwork) -> None:
    a_small_network.config = replace(a_small_network.config, rules=SliceRules("bicubic"))
    save_checkpoint(tmp_path / "other", a_small_network, {})
    assert load_mask_model(a_checkpoint).identity != load_mask_model(tmp_path / "other").identity


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"image_size": 100}, "describes no usable network"),
        ({"format_version": 9}, "has format version 9"),
        ({"trunk": {"blocks": [1]}}, "describes no usable network"),
        ({"width": 128, "token_width": 128}, "does not fit its config.json"),
    ],
)
def test_a_config_that_does_not_fit_is_told(a_checkpoint: Path, values: dict, complaint: str) -> None:
    path = a_checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))
    with pytest.raises(CheckpointError, match=complaint):
        load_checkpoint(a_checkpoint)


def test_it_is_a_component_of_the_whole_model_that_is_saved_as_it_was_read(a_checkpoint: Path, tmp_path: Path) -> None:
    component = load_mask_component(a_checkpoint, torch.device("cpu"))
    save_mask_component(tmp_path / "again", component)
    again = load_mask_component(tmp_path / "again", torch.device("cpu"))
    assert again.identity == component.identity
    assert again.capabilities == ("click", "box")
    assert again.network.token_width == 64
