"""The size that can be bundled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from MedVLSAM2Lib.model.medvlsam2.config import COMPONENTS
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.medvlsam2.sizes import tiny_model
from MedVLSAM2Lib.model.memory.estimate import estimate, read_component_configs

WORDS = 4000
PARTS = COMPONENTS[:5]


def a_tiny_model() -> MedVLSam2Model:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<|endoftext|>": 0, "<|im_end|>": 1, "<unk>": 2}
    words |= {f"word{n}": n for n in range(len(words), WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    torch.manual_seed(0)
    return tiny_model(fast, capabilities=("click", "phrase", "question"))


def in_half_precision(model: MedVLSam2Model) -> MedVLSam2Model:
    for part in (model.volume_encoder, model.projector, model.seg_projector, model.language_model.network):
        part.half()
    masks = replace(model.mask_model, dtype=torch.float16)
    return MedVLSam2Model(model.config, {**{name: model.component(name) for name in PARTS}, "mask_model": masks})


def test_all_parts_of_the_tiny_size_fit_in_40_megabytes_and_work(tmp_path: Path) -> None:
    model = in_half_precision(a_tiny_model())
    model.save_pretrained(tmp_path)
    stored = {path.parent.name: path.stat().st_size for path in tmp_path.rglob("*.safetensors")}
    assert 30e6 < sum(stored.values()) < 40e6

    configs = read_component_configs({name: tmp_path / name for name in PARTS})
    needed = estimate(configs, bytes_per_value=2).weights
    for name in PARTS[:4]:
        assert 0 < stored[name] - needed[name] < 40_000, f"{name}: names take {stored[name] - needed[name]} bytes"

    loaded = MedVLSam2Model.from_pretrained(tmp_path, dtype=torch.float32)
    with torch.no_grad():
        visual = loaded.encode_volume(torch.rand(1, 3, 64, 128, 128))
        assert visual.shape == (1, loaded.projector.config.visual_tokens, 256) == (1, 64, 256)
        states = loaded.seg_states(visual, ["word7 word8", "word9"])
        logits, _ = loaded.segment(states[:1, None], torch.rand(1, 8, 48, 48, 48), torch.full((1, 3), 90.0))
    assert logits.shape == (1, 1, 48, 48, 48)
