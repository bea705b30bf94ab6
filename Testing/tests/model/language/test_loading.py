"""Language models on disk, and the tokens they are taught."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.language.language_model import LanguageModel
from MedVLSAM2Lib.model.language.loading import add_tokens, load_language_model, save_language_model


@pytest.mark.parametrize("largest_shard", [10**9, 40_000])
def test_a_language_model_comes_back_bit_for_bit(
    a_language_model: LanguageModel, tmp_path: Path, largest_shard: int
) -> None:
    save_language_model(tmp_path, a_language_model, largest_shard)
    assert (len(list(tmp_path.glob("*.safetensors"))) > 1) == (largest_shard < 10**6)
    loaded = load_language_model(tmp_path, a_language_model.config)
    theirs = loaded.network.state_dict()
    for name, tensor in a_language_model.network.state_dict().items():
        assert torch.equal(theirs[name], tensor), name
    assert loaded.tokenizer.get_vocab() == a_language_model.tokenizer.get_vocab()
    assert loaded.tokenizer.chat_template == a_language_model.tokenizer.chat_template


def test_weights_can_be_read_in_another_precision(a_language_model: LanguageModel, tmp_path: Path) -> None:
    save_language_model(tmp_path, a_language_model, 10**9)
    assert load_language_model(tmp_path, LanguageConfig(), torch.bfloat16).network.dtype == torch.bfloat16


def test_new_tokens_start_as_the_mean_of_the_others(a_language_model: LanguageModel) -> None:
    table = a_language_model.network.get_input_embeddings().weight
    seg = a_language_model.tokenizer.convert_tokens_to_ids("[SEG]")
    assert seg == table.shape[0] - 1
    assert torch.allclose(table[seg], table[:-2].mean(dim=0), atol=1e-5)


def test_tokens_that_are_known_are_not_added_again(a_language_model: LanguageModel) -> None:
    before = a_language_model.network.get_input_embeddings().weight.clone()
    add_tokens(a_language_model.network, a_language_model.tokenizer, a_language_model.config)
    assert torch.equal(a_language_model.network.get_input_embeddings().weight, before)


def test_a_folder_without_a_language_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"There is no language model in .*nowhere\.$"):
        load_language_model(tmp_path / "nowhere", LanguageConfig())


def test_missing_weights_are_said_in_a_sentence(a_language_model: LanguageModel, tmp_path: Path) -> None:
    save_language_model(tmp_path, a_language_model, 10**9)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_language_model(tmp_path, LanguageConfig())


def test_pickled_weights_are_never_read(a_language_model: LanguageModel, tmp_path: Path) -> None:
    save_language_model(tmp_path, a_language_model, 10**9)
    (tmp_path / "model.safetensors").unlink()
    torch.save(a_language_model.network.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError):
        load_language_model(tmp_path, LanguageConfig())


def test_code_in_the_folder_is_never_run(a_language_model: LanguageModel, tmp_path: Path) -> None:
    save_language_model(tmp_path, a_language_model, 10**9)
    config = (
        (tmp_path / "config.json").read_text("utf-8").replace('"model_type": "qwen2"', '"model_type": "unknown_llm"')
    )
    mapping = '{"auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},'
    (tmp_path / "config.json").write_text(config.replace("{", mapping, 1))
    (tmp_path / "evil.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()")
    with pytest.raises(CheckpointError):
        load_language_model(tmp_path, LanguageConfig())
    assert not (tmp_path / "ran").exists()
