"""What a model needs, worked out from its configs, against the bytes it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from MedVLSAM2Lib.memory import RUNTIME_BYTES, SLICES, MaskShape, MemoryEstimate, mask_memory
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.memory.estimate import estimate
from MedVLSAM2Lib.model.memory.weights import of_language_model
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.projector.config import MixerConfig
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import SegProjector, SegProjectorConfig
from MedVLSAM2Lib.model.slices.published import PUBLISHED
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer

if TYPE_CHECKING:
    from transformers import Qwen2Config


def qwen2_5_7b() -> Qwen2Config:
    from transformers import Qwen2Config

    return Qwen2Config(
        vocab_size=152064,
        hidden_size=3584,
        intermediate_size=18944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        tie_word_embeddings=False,
    )


def nbytes(network: nn.Module) -> int:
    """Of all weights and statistics; weights that two layers share are counted once."""
    tensors = {id(t): t for t in (*network.parameters(), *network.buffers()) if t is not None}
    persistent = {id(t) for t in network.state_dict(keep_vars=True).values()}
    return sum(tensor.nbytes for key, tensor in tensors.items() if key in persistent)


def test_the_full_size_needs_what_it_is_said_to_need() -> None:
    from transformers import AutoModelForCausalLM

    masks = PatchConfig(token_width=256)
    seg = SegProjectorConfig(3584, 256)
    with torch.device("meta"):
        networks: dict[str, nn.Module] = {
            "volume_encoder": DCFormer(DCFormerConfig.small()).bfloat16(),
            "projector": MixerProjector(MixerConfig()).bfloat16(),
            "language_model": AutoModelForCausalLM.from_config(qwen2_5_7b(), dtype=torch.bfloat16),
            "seg_projector": SegProjector(seg).bfloat16(),
            "mask_model": PatchNetwork(masks),
        }
    configs: dict[str, dict[str, Any]] = {
        "volume_encoder": DCFormerConfig.small().to_dict(),
        "projector": MixerConfig().to_dict(),
        "language_model": qwen2_5_7b().to_dict(),
        "seg_projector": seg.to_dict(),
        "mask_model": masks.to_dict(),
    }
    needed = estimate(configs, bytes_per_value=2)
    assert needed.weights == {name: nbytes(network) for name, network in networks.items()}
    assert 15.2e9 < sum(needed.weights.values()) < 15.6e9
    # 28 layers, 4 heads of 128 for keys and for values, 256 visual and 1024 other tokens, two bytes each.
    assert needed.key_value_cache == 2 * 28 * 4 * 128 * (256 + 1024) * 2
    parts = sum(needed.weights.values()) + needed.key_value_cache + needed.activations
    assert needed.total == needed.device_bytes == parts + RUNTIME_BYTES["cpu"]


@pytest.mark.parametrize("config", [PatchConfig(), PatchConfig(16, (4, 8, 16), (1, 3, 1), token_width=5)])
def test_every_patch_network_is_counted(config: PatchConfig) -> None:
    needed = estimate({"mask_model": config.to_dict()}, bytes_per_value=2)
    with torch.device("meta"):
        assert needed.weights["mask_model"] == nbytes(PatchNetwork(config))


@pytest.mark.parametrize("config", [DCFormerConfig.tiny(), DCFormerConfig.small()])
def test_every_encoder_is_counted(config: DCFormerConfig) -> None:
    needed = estimate({"volume_encoder": config.to_dict()}, bytes_per_value=4)
    with torch.device("meta"):
        assert needed.weights["volume_encoder"] == nbytes(DCFormer(config))


@pytest.mark.parametrize("family", ["qwen2", "llama", "mistral", "qwen3", "smollm3"])
@pytest.mark.parametrize("tied", [True, False])
def test_every_known_family_is_counted(family: str, tied: bool) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        family,
        vocab_size=100,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        tie_word_embeddings=tied,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    assert of_language_model(config.to_dict()).nbytes(2) == nbytes(network)


def test_an_unknown_family_is_said_so() -> None:
    with pytest.raises(CheckpointError, match="family mamba needs is not known"):
        of_language_model({"model_type": "mamba"})


def test_a_mask_model_of_another_kind_is_said_so() -> None:
    with pytest.raises(CheckpointError, match="mask model of the kind spheres needs is not known"):
        estimate({"mask_model": {"architecture": "spheres"}}, 2)


def test_a_slice_network_is_counted() -> None:
    pytest.importorskip("transformers")
    config = PUBLISHED["sam2.1-tiny"]
    needed = estimate({"mask_model": {"architecture": "slices", **config.to_dict()}}, 2, volume_shape=(300, 512, 512))
    assert needed.weights["mask_model"] / 4e6 == pytest.approx(38.96, abs=0.01)
    assert needed == mask_memory(MaskShape(SLICES, needed.weights["mask_model"] // 4, 1024), (300, 512, 512))


def test_a_longer_conversation_needs_more() -> None:
    configs = {"language_model": qwen2_5_7b().to_dict()}
    short, long = (estimate(configs, 2, text_tokens=tokens) for tokens in (100, 4000))
    assert long.weights == short.weights
    assert long.key_value_cache == 40 * short.key_value_cache
    assert long.activations > short.activations


def test_nothing_is_counted_for_parts_that_are_not_there() -> None:
    assert estimate({}, 4) == MemoryEstimate(runtime=RUNTIME_BYTES["cpu"])
