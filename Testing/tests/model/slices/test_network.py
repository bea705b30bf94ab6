"""The network's parts with tensors between them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from MedVLSAM2Lib.memory.estimate import SLICES_FEATURES_PER_PIXEL
from MedVLSAM2Lib.model.slices.config import SliceConfig, SliceRules, TrunkConfig
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.published import PUBLISHED
from MedVLSAM2Lib.model.slices.sam2_video import build_sam2_video
from MedVLSAM2Lib.model.slices.tensors import ABSENT, SliceFeatures, SlicePrompt

# As counted in the files that were published.
PARAMETERS = {"sam2.1-tiny": 38.96, "sam2.1-small": 46.06, "sam2.1-base-plus": 80.85, "sam2.1-large": 224.45}


@pytest.fixture
def two_slices() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def click(x: float, y: float, tokens: torch.Tensor | None = None) -> SlicePrompt:
    return SlicePrompt(torch.tensor([[[x, y]]]), torch.ones(1, 1, dtype=torch.int32), tokens=tokens)


def test_a_config_survives_json(a_small_config: SliceConfig) -> None:
    assert SliceConfig.from_dict(a_small_config.to_dict()) == a_small_config


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: SliceConfig(image_size=500), "500 pixels is not a multiple of 32"),
        (lambda: TrunkConfig(global_blocks=(3,)), "first block"),
        (lambda: TrunkConfig(blocks=(1, 2)), "four stages"),
        (lambda: SliceRules(resize="nearest"), "'nearest'"),
        (lambda: SliceRules(candidates=0), "At least one|at least one"),
        (lambda: SliceRules(seeds=0), "followed from one"),
        (lambda: SliceConfig(width=256, token_width=128), "128 channels cannot stand beside prompts of 256"),
    ],
)
def test_a_config_without_sense_is_refused(make, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make()


@pytest.mark.parametrize("name", PARAMETERS)
def test_published_shapes_have_as_many_parameters_as_the_published_files(name: str) -> None:
    with torch.device("meta"):
        network = build_sam2_video(PUBLISHED[name])
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(PARAMETERS[name], abs=0.01)


def test_features_are_those_of_transformers_own_forward(
    a_small_network: SliceNetwork, two_slices: torch.Tensor
) -> None:
    with torch.no_grad():
        ours = a_small_network.encode(two_slices)
        finest, fine, top = a_small_network.sam.get_image_features(two_slices, return_dict=True).fpn_hidden_states
    assert torch.allclose(ours.top, top.transpose(0, 1), atol=1e-5)
    assert torch.allclose(ours.fine.flatten(2), fine.permute(1, 2, 0), atol=1e-5)
    assert torch.allclose(ours.finest.flatten(2), finest.permute(1, 2, 0), atol=1e-5)


def test_slices_do_not_hear_of_others_in_their_batch(a_small_network: SliceNetwork, two_slices: torch.Tensor) -> None:
    with torch.no_grad():
        both, alone = a_small_network.encode(two_slices), a_small_network.encode(two_slices[1:])
    assert torch.allclose(both.top[1:], alone.top, atol=1e-5)


def test_features_follow_the_weights_when_they_change(a_small_network: SliceNetwork, two_slices: torch.Tensor) -> None:
    with torch.no_grad():
        before = a_small_network.encode(two_slices)
        a_small_network.sam.vision_encoder.backbone.pos_embed.add_(torch.randn(8, 4, 4))
        after = a_small_network.encode(two_slices)
        with torch.enable_grad():
            expected = a_small_network.encode(two_slices)
    assert not torch.allclose(before.top, after.top, atol=1e-3)
    assert torch.allclose(after.top, expected.top, atol=1e-5)


def test_what_is_kept_of_a_slice_is_what_its_memory_is_reckoned_with(
    a_small_network: SliceNetwork, two_slices: torch.Tensor
) -> None:
    with torch.no_grad():
        kept = a_small_network.encode(two_slices[:1]).nbytes
    # Published networks have 256 channels, this one has 64.
    assert kept == SLICES_FEATURES_PER_PIXEL * 64**2 * 4 * a_small_network.config.width // 256


def test_a_click_has_three_masks_and_a_box_one(a_small_network: SliceNetwork, two_slices: torch.Tensor) -> None:
    box = SlicePrompt(torch.tensor([[[10.0, 10.0], [40.0, 50.0]]]), torch.tensor([[2, 3]], dtype=torch.int32))
    with torch.no_grad():
        features = a_small_network.encode(two_slices[:1])
        top = a_small_network.without_memory(features)
        assert a_small_network.decode(features, top, click(20, 30)).logits.shape == (1, 3, 16, 16)
        assert a_small_network.decode(features, top, box).logits.shape == (1, 1, 16, 16)


def test_a_slice_without_the_object_has_no_mask(a_small_network: SliceNetwork, two_slices: torch.Tensor) -> None:
    a_small_network.sam.mask_decoder.pred_obj_score_head.proj_out.bias.data.fill_(-50.0)
    with torch.no_grad():
        features = a_small_network.encode(two_slices[:1])
        masks = a_small_network.decode(features, a_small_network.without_memory(features), click(20, 30))
    assert (masks.logits == ABSENT).all()
    assert torch.equal(masks.pointer[0, 0], a_small_network.sam.no_object_pointer[0])


def follow(network: SliceNetwork, features: SliceFeatures, token: torch.Tensor) -> torch.Tensor:
    """The second slice's logits after a click with a token on the first one."""
    first, second = features.one(0), features.one(1)
    asked = network.decode(first, network.without_memory(first), click(20, 30, token), several=False)
    memory = network.remember(first, asked, prompted=False)
    top = network.attend(second, [(0, memory)], [(1, memory.pointer)], farthest=1)
    return network.decode(second, top, SlicePrompt.nothing(), several=False).logits


def test_a_gradient_reaches_a_further_token_through_decoding(
    a_small_network: SliceNetwork, two_slices: torch.Tensor
) -> None:
    token = torch.randn(1, 1, 64, requires_grad=True)
    features = a_small_network.encode(two_slices[:1])
    masks = a_small_network.decode(features, a_small_network.without_memory(features), click(20, 30, token))
    masks.logits.mean().backward()
    assert token.grad is not None
    assert token.grad.abs().max() > 0


def test_a_gradient_reaches_a_further_token_through_memory(
    a_small_network: SliceNetwork, two_slices: torch.Tensor
) -> None:
    token = torch.randn(1, 1, 64, requires_grad=True)
    logits = follow(a_small_network, a_small_network.encode(two_slices), token)
    logits.mean().backward()
    assert token.grad is not None
    assert token.grad.abs().max() > 0
    assert all(
        weight.grad is not None
        for name, weight in a_small_network.sam.memory_attention.named_parameters()
        if "cross_attn" in name
    )


def test_a_further_token_alone_is_a_prompt(a_small_network: SliceNetwork, two_slices: torch.Tensor) -> None:
    nothing = SlicePrompt.nothing()
    with torch.no_grad():
        features = a_small_network.encode(two_slices[:1])
        top = a_small_network.without_memory(features)
        one, other = (
            a_small_network.decode(features, top, SlicePrompt(nothing.points, nothing.labels, tokens=token)).logits
            for token in torch.randn(2, 1, 2, 64)
        )
    assert not torch.allclose(one, other, atol=1e-3)


def test_a_further_token_can_stand_in_the_place_of_points(
    a_small_network: SliceNetwork, two_slices: torch.Tensor
) -> None:
    token = torch.randn(1, 1, 64)

    def asked(x: float, replaces: bool) -> torch.Tensor:
        return a_small_network.decode(features, top, replace(click(x, 30, token), replace=replaces)).logits

    with torch.no_grad():
        features = a_small_network.encode(two_slices[:1])
        top = a_small_network.without_memory(features)
        assert torch.equal(asked(20, True), asked(50, True))
        assert not torch.allclose(asked(20, False), asked(50, False), atol=1e-3)


def test_a_network_that_hears_no_tokens_says_so(a_small_config: SliceConfig, two_slices: torch.Tensor) -> None:
    deaf, asked = SliceNetwork(replace(a_small_config, token_width=0)), click(20, 30)
    with pytest.raises(ValueError, match="token_width 0"):
        deaf(two_slices[:1], asked.points, asked.labels, tokens=torch.randn(1, 1, 64))


def test_called_as_a_whole_it_decodes_slices_on_their_own(
    a_small_network: SliceNetwork, two_slices: torch.Tensor
) -> None:
    asked, token = click(20, 30), torch.randn(1, 1, a_small_network.token_width)
    with torch.no_grad():
        logits, iou = a_small_network(two_slices[:1], asked.points, asked.labels)
        worded, _ = a_small_network(two_slices[:1], asked.points, asked.labels, tokens=token)
    assert (logits.shape, iou.shape) == ((1, 3, 16, 16), (1, 3))
    assert not torch.allclose(logits, worded, atol=1e-3)
