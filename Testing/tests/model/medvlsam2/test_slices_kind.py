"""The whole model with SAM 2 as its mask model: words beside points or in their place, gradients, and both on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

pytest.importorskip("transformers")

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.seg_projector import SegProjector, SegProjectorConfig
from MedVLSAM2Lib.model.slices.config import SliceConfig, TrunkConfig
from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.tensors import SlicePrompt
from MedVLSAM2Lib.session.mask_models import load_mask_model
from MedVLSAM2Lib.training.joint.network import JointNetwork

TRUNK = TrunkConfig(width=8, blocks=(1, 1, 2, 1), windows=(8, 4, 3, 2), global_blocks=(3,), background=4)
CONFIG = SliceConfig(64, TRUNK, width=64, token_width=64)


@pytest.fixture
def with_slices(a_model: MedVLSam2Model) -> MedVLSam2Model:
    """The small model, its mask model a SAM 2 of 64 pixels that always sees an object."""
    torch.manual_seed(1)
    network = SliceNetwork(CONFIG).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape))
        network.sam.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(5.0)
    parts = {name: a_model.component(name) for name in ("volume_encoder", "projector", "language_model")}
    parts["seg_projector"] = SegProjector(SegProjectorConfig(32, 64)).eval()
    parts["mask_model"] = MaskComponent("slices", network, {"capabilities": ["click"]}, "slices:random")
    return MedVLSam2Model(a_model.config, parts)


def network_of(model: MedVLSam2Model) -> SliceNetwork:
    network = model.mask_model.network
    assert isinstance(network, SliceNetwork)
    return network


def a_slice_and_a_click(x: float = 20.0) -> tuple[Tensor, Tensor, Tensor]:
    pixels = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    return pixels, torch.tensor([[[x, 30.0]]]), torch.ones(1, 1, dtype=torch.int32)


def states_of(model: MedVLSam2Model, *phrases: str) -> Tensor:
    return model.seg_states(torch.randn(1, 6, 32, generator=torch.Generator().manual_seed(3)), phrases)


def test_a_phrase_and_a_click_become_masks_of_a_slice(with_slices: MedVLSam2Model) -> None:
    with torch.no_grad():
        one, other = states_of(with_slices, "the left kidney", "the liver")[:, None, None]
        logits, iou = with_slices.segment(one, *a_slice_and_a_click())
        assert (logits.shape, iou.shape) == ((1, 3, 16, 16), (1, 3))
        assert not torch.allclose(logits, with_slices.segment(other, *a_slice_and_a_click())[0], atol=1e-4)


def test_words_stand_beside_points_or_in_their_place_as_the_config_says(with_slices: MedVLSam2Model) -> None:
    states = states_of(with_slices, "liver")[:, None].detach()
    beside = [with_slices.segment(states, *a_slice_and_a_click(x))[0] for x in (20.0, 50.0)]
    with_slices.config = replace(with_slices.config, seg_prompt="replace")
    instead = [with_slices.segment(states, *a_slice_and_a_click(x))[0] for x in (20.0, 50.0)]
    assert not torch.allclose(*beside, atol=1e-4)
    assert torch.equal(*instead)


def test_a_gradient_reaches_the_state_of_seg_through_decoding(with_slices: MedVLSam2Model) -> None:
    states = states_of(with_slices, "liver")
    states.retain_grad()
    logits, _ = with_slices.segment(states[:, None], *a_slice_and_a_click())
    logits.sigmoid().mean().backward()
    assert states.grad is not None
    assert states.grad.abs().max() > 0
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in with_slices.language_model.network.parameters())


def test_a_gradient_reaches_the_state_of_seg_through_memory(with_slices: MedVLSam2Model) -> None:
    """Words on the first slice only; the second one remembers."""
    states, network = states_of(with_slices, "liver"), network_of(with_slices)
    states.retain_grad()
    features = network.encode(torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2)))
    first, second = features.one(0), features.one(1)
    nothing = SlicePrompt.nothing()
    asked = replace(nothing, tokens=with_slices.seg_tokens(states[:, None]))
    masks = network.decode(first, network.without_memory(first), asked, several=False)
    memory = network.remember(first, masks, prompted=False)
    top = network.attend(second, [(0, memory)], [(1, memory.pointer)], farthest=1)
    network.decode(second, top, nothing, several=False).logits.sigmoid().mean().backward()
    assert states.grad is not None
    assert states.grad.abs().max() > 0


def test_it_comes_back_from_disk_and_finds_words_by_its_own_mask_model(
    with_slices: MedVLSam2Model, tmp_path: Path
) -> None:
    with_slices.save_pretrained(tmp_path / "whole")
    loaded = load_mask_model(tmp_path / "whole")
    assert isinstance(loaded.masks, SliceMaskModel)
    assert loaded.grounding is not None
    assert loaded.masks.network.config == CONFIG
    for name, weight in network_of(with_slices).sam.state_dict().items():
        assert torch.equal(loaded.masks.network.sam.state_dict()[name], weight)


def test_a_network_that_hears_no_words_cannot_be_promised_to_find_any(
    with_slices: MedVLSam2Model, tmp_path: Path
) -> None:
    network_of(with_slices).config = replace(CONFIG, token_width=0)
    with_slices.save_pretrained(tmp_path / "deaf")
    with pytest.raises(CheckpointError, match=r"without seg tokens \(token_width 0\); name one that has them"):
        load_mask_model(tmp_path / "deaf")


def test_patches_cannot_have_words_in_the_place_of_prompts(a_model: MedVLSam2Model, tmp_path: Path) -> None:
    a_model.config = replace(a_model.config, seg_prompt="replace")
    a_model.save_pretrained(tmp_path / "patches")
    with pytest.raises(CheckpointError, match="of the kind patches hears words in every layer beside its prompts"):
        load_mask_model(tmp_path / "patches")


def test_learning_does_not_go_on_from_it(with_slices: MedVLSam2Model, tmp_path: Path) -> None:
    with_slices.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="is of the kind 'slices'; learning goes on from one of the kind patches"):
        JointNetwork.from_checkpoint(tmp_path)
