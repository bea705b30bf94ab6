"""Med3DVLM's checkpoint, made in the test with its full set of names, as one of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.converters.med3dvlm import convert_med3dvlm
from MedVLSAM2Lib.model.converters.med3dvlm_names import our_name, our_tensor
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.conversation import GeneratedText
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.medvlsam2.model import CapabilityError, MedVLSam2Model
from MedVLSAM2Lib.model.projector.config import MixerConfig, StreamConfig
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer
from MedVLSAM2Lib.prompts import Turn

from . import med3dvlm_reference as reference

if TYPE_CHECKING:
    from transformers import Qwen2ForCausalLM

ENCODER = DCFormerConfig((16, 32, 64), 1, channels=(4, 6, 8), depths=(1, 2), kernel_sizes=(5, 3))
PROJECTOR = MixerConfig(StreamConfig(64, 6, (8, 4)), StreamConfig(8, 8, (4, 2)), width=32)
QUESTION = "Is there a pleural effusion?"


def random_weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(7)
    weights: dict[str, Tensor] = {}
    for name, shape in reference.shapes(ENCODER, PROJECTOR):
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(5)
        else:
            drawn = torch.randn(shape, generator=generator) * 0.3
            weights[name] = drawn.abs() + 0.5 if name.endswith(("running_var", "scale")) else drawn
    return weights


@pytest.fixture
def qwen2s(make_language_model: Callable[[LanguageConfig], LanguageModel]) -> LanguageModel:
    return make_language_model(LanguageConfig.med3dvlm())


def config_of(network: Qwen2ForCausalLM) -> dict[str, Any]:
    return {
        **network.config.to_dict(),
        "model_type": "vlm_qwen",
        "architectures": ["VLMQwenForCausalLM"],
        "auto_map": {"AutoModelForCausalLM": "evil.Model"},
        "vision_tower": "dcformer",
        "vision_select_layer": -2,
        "vision_select_feature": "cls_patch",
        "input_size": [32, 64, 16],
        "mm_projector_type": "mixer",
        "mm_mlp_depth": 2,
        "proj_out_num": 6,
        "low_input_size": [64, 6],
        "low_output_size": [8, 4],
        "high_input_size": [8, 8],
        "high_output_size": [4, 2],
    }


@pytest.fixture
def a_published_checkpoint(qwen2s: LanguageModel, tmp_path: Path) -> Path:
    """Two shards, encoder and projector spread over both."""
    folder = tmp_path / "Med3DVLM"
    folder.mkdir()
    weights = random_weights() | {name: t.clone() for name, t in qwen2s.network.state_dict().items()}
    names = sorted(weights)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, listed in shards.items():
        save_file({name: weights[name] for name in listed}, str(folder / file))
    file_of = {name: file for file, listed in shards.items() for name in listed}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": file_of}))
    (folder / "config.json").write_text(json.dumps(config_of(qwen2s.network)))
    qwen2s.tokenizer.save_pretrained(str(folder))
    return folder


@pytest.fixture
def converted(a_published_checkpoint: Path, tmp_path: Path) -> MedVLSam2Model:
    convert_med3dvlm(a_published_checkpoint, tmp_path / "ours", ENCODER)
    return MedVLSam2Model.from_pretrained(tmp_path / "ours")


def test_every_published_name_has_its_place_in_the_full_size() -> None:
    """DCFormer-small and the projector for Qwen2.5-7B, on the meta device."""
    with torch.device("meta"):
        parts = {"volume_encoder": DCFormer(DCFormerConfig.small()), "projector": MixerProjector(MixerConfig())}
        found: dict[str, dict[str, Tensor]] = {name: {} for name in parts}
        for theirs, shape in reference.shapes(DCFormerConfig.small(), MixerConfig()):
            ours = our_name(theirs)
            assert ours is not None, theirs
            found[ours[0]][ours[1]] = our_tensor(ours[0], torch.empty(shape))
    for part, network in parts.items():
        expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
        assert {name: tensor.shape for name, tensor in found[part].items()} == expected


def test_the_full_language_models_names_are_kept() -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    with torch.device("meta"):
        network = Qwen2ForCausalLM(Qwen2Config(num_hidden_layers=28, tie_word_embeddings=False))
    assert [our_name(name) for name in network.state_dict()] == [
        ("language_model", name) for name in network.state_dict()
    ]


def test_the_converted_encoder_gives_what_the_published_equations_give(converted: MedVLSam2Model) -> None:
    volume = torch.rand(2, 1, 16, 32, 64)
    expected = reference.scales(random_weights(), ENCODER, volume)
    with torch.no_grad():
        for scale, theirs in zip(converted.volume_encoder(volume), expected, strict=True):
            assert torch.allclose(scale, theirs, atol=1e-5)


def test_the_converted_visual_tokens_are_the_published_ones(converted: MedVLSam2Model) -> None:
    volume, weights = torch.rand(1, 1, 16, 32, 64), random_weights()
    low, high = reference.scales(weights, ENCODER, volume)[-2:]
    with torch.no_grad():
        assert torch.allclose(converted.encode_volume(volume), reference.visual_tokens(weights, low, high), atol=1e-4)


def test_the_converted_model_answers_as_the_published_one(converted: MedVLSam2Model, qwen2s: LanguageModel) -> None:
    """Its own splice, on plain Qwen2: a placeholder, the visual tokens, and the question without its first token."""
    volume, weights = torch.rand(1, 1, 16, 32, 64), random_weights()
    visual = reference.visual_tokens(weights, *reference.scales(weights, ENCODER, volume)[-2:])
    ids = torch.tensor([qwen2s.tokenizer("<im_patch>" * 6 + QUESTION)["input_ids"]])
    table = qwen2s.network.get_input_embeddings()(ids)
    spliced = torch.cat([table[:, :1], visual, table[:, 1 + visual.shape[1] :]], dim=1)
    with torch.no_grad():
        expected = qwen2s.network.generate(
            inputs_embeds=spliced,
            attention_mask=torch.ones(spliced.shape[:2], dtype=torch.long),
            max_new_tokens=16,
            do_sample=False,
            eos_token_id=qwen2s.tokenizer.eos_token_id,
            pad_token_id=0,
        )[0]
    theirs = qwen2s.tokenizer.decode(expected, skip_special_tokens=True)
    pieces = converted.generate(converted.encode_volume(volume), [Turn("user", QUESTION)], lambda: False)
    said = "".join(piece.text for piece in islice(pieces, 40) if isinstance(piece, GeneratedText))
    assert len(theirs) > 3
    assert said.startswith(theirs)


def test_the_converted_model_offers_what_the_published_one_was_trained_for(converted: MedVLSam2Model) -> None:
    assert converted.config.capabilities == ("question", "report")
    assert converted.config.language.splice == "after_first"
    assert converted.config.volume_input.preparation == "foreground"
    with pytest.raises(CapabilityError):
        converted.seg_states(None, ["liver"])


def test_the_language_model_stays_in_shards_and_is_plain_qwen2(
    converted: MedVLSam2Model, qwen2s: LanguageModel, tmp_path: Path
) -> None:
    folder = tmp_path / "ours" / "language_model"
    assert len(list(folder.glob("*.safetensors"))) == 2
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["model_type"] == "qwen2"
    assert not {"auto_map", "vision_tower", "low_output_size"} & config.keys()
    theirs = qwen2s.network.state_dict()
    for name, tensor in converted.language_model.network.state_dict().items():
        assert torch.equal(tensor, theirs[name]), name


def test_progress_is_told(a_published_checkpoint: Path, tmp_path: Path) -> None:
    told: list[float] = []
    convert_med3dvlm(a_published_checkpoint, tmp_path / "ours", ENCODER, told.append)
    assert told == [0.5, 1.0]


def test_another_checkpoint_is_refused(a_published_checkpoint: Path, tmp_path: Path) -> None:
    path = a_published_checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"model_type": "llama"}))
    with pytest.raises(CheckpointError, match=r"holds no Med3DVLM checkpoint \(its type is 'llama'\)"):
        convert_med3dvlm(a_published_checkpoint, tmp_path / "ours", ENCODER)


def test_another_encoder_is_refused(a_published_checkpoint: Path, tmp_path: Path) -> None:
    path = a_published_checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"vision_tower": "vit3d"}))
    with pytest.raises(CheckpointError, match=r"with the encoder 'vit3d' .* only dcformer with mixer can be used"):
        convert_med3dvlm(a_published_checkpoint, tmp_path / "ours", ENCODER)


def test_a_shard_that_is_not_there_is_named(a_published_checkpoint: Path, tmp_path: Path) -> None:
    (a_published_checkpoint / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match="has no model-00002-of-00002"):
        convert_med3dvlm(a_published_checkpoint, tmp_path / "ours", ENCODER)


def test_weights_of_another_size_are_refused(a_published_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="describes no encoder"):
        convert_med3dvlm(a_published_checkpoint, tmp_path / "ours")
    with pytest.raises(CheckpointError, match="does not fit its config"):
        convert_med3dvlm(a_published_checkpoint, tmp_path / "ours", DCFormerConfig())
