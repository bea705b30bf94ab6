"""A patch network that hears a seg token."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint, save_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork

WIDTH = 12


@pytest.fixture
def a_hearing_network(a_small_config: PatchConfig) -> PatchNetwork:
    torch.manual_seed(0)
    return PatchNetwork(replace(a_small_config, token_width=WIDTH)).eval()


@pytest.fixture
def a_view() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.rand(2, 8, 16, 16, 16), torch.full((2, 3), 60.0)


def trained_a_little(network: PatchNetwork) -> PatchNetwork:
    for modulation in network.token_modulation:
        nn.init.normal_(modulation.out.weight, std=0.3)
    return network


def test_an_untrained_token_changes_nothing(
    a_hearing_network: PatchNetwork, a_small_network: PatchNetwork, a_view: tuple[Tensor, Tensor]
) -> None:
    a_hearing_network.load_state_dict(a_small_network.state_dict(), strict=False)
    silent = a_small_network(*a_view)
    heard = a_hearing_network(*a_view, tokens=torch.randn(2, 1, WIDTH))
    assert torch.equal(heard[0], silent[0])
    assert torch.equal(heard[1], silent[1])


def test_a_zero_token_is_no_token(a_hearing_network: PatchNetwork, a_view: tuple[Tensor, Tensor]) -> None:
    network = trained_a_little(a_hearing_network)
    assert torch.equal(network(*a_view, tokens=torch.zeros(2, 1, WIDTH))[0], network(*a_view)[0])
    assert not torch.equal(network(*a_view, tokens=torch.ones(2, 1, WIDTH))[0], network(*a_view)[0])


def test_the_token_modulates_every_level(a_hearing_network: PatchNetwork) -> None:
    assert len(a_hearing_network.token_modulation) == len(a_hearing_network.config.channels)


def test_a_gradient_reaches_the_token_through_the_mask(
    a_hearing_network: PatchNetwork, a_view: tuple[Tensor, Tensor]
) -> None:
    token = torch.randn(2, 1, WIDTH, requires_grad=True)
    logits, _ = trained_a_little(a_hearing_network)(*a_view, tokens=token)
    logits.sigmoid().mean().backward()
    assert token.grad is not None
    assert (token.grad.abs().amax(-1) > 0).all()


def test_the_first_step_of_training_already_moves_the_modulation(
    a_hearing_network: PatchNetwork, a_view: tuple[Tensor, Tensor]
) -> None:
    logits, _ = a_hearing_network(*a_view, tokens=torch.randn(2, 1, WIDTH))
    logits.sigmoid().mean().backward()
    for modulation in a_hearing_network.token_modulation:
        assert modulation.out.weight.grad.abs().max() > 0


def test_a_network_without_language_says_so(a_small_network: PatchNetwork, a_view: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(ValueError, match="token_width 0"):
        a_small_network(*a_view, tokens=torch.zeros(2, 1, WIDTH))


def test_the_token_width_comes_back_from_disk(a_hearing_network: PatchNetwork, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, a_hearing_network, {}, torch.float32)
    loaded, _ = load_checkpoint(tmp_path)
    assert loaded.token_width == WIDTH
    for name, tensor in a_hearing_network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_in_the_bundled_checkpoint_one_mask_model_answers_clicks_and_one_hears_words() -> None:
    clicks, info = load_checkpoint(bundled_checkpoint() / "mask_model")
    words, _ = load_checkpoint(bundled_checkpoint() / "locator")
    assert (clicks.token_width, words.token_width > 0) == (0, True)
    weights = bundled_checkpoint() / "mask_model" / "model.safetensors"
    assert info.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert not [name for name in clicks.state_dict() if "token" in name]
