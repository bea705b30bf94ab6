"""A language model fine-tuned by low-rank adapters."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from MedVLSAM2Lib.model.medvlsam2.config import LANGUAGE, SEG_PROJECTOR
from MedVLSAM2Lib.training.joint.adapters import is_of_adapter, merge_adapters
from MedVLSAM2Lib.training.joint.batches import joint_source
from MedVLSAM2Lib.training.joint.config import Adapters, JointConfig, LossWeights
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.run import train_stage
from MedVLSAM2Lib.training.joint.trainer import JointTrainer
from MedVLSAM2Lib.training.stage_command import CONFIGS

SURVEY = LossWeights(language=0, words=0, clicks=0, meaning=1, survey=1)
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def an_adapting_stage(a_stage: JointConfig) -> JointConfig:
    """Surveys and meanings only, of which no image is drawn."""
    data = {"weights": SURVEY, "scans": 0, "worded": 0, "surveyed": 4, "meanings": 6, "validation_objects": 0}
    schedule = replace(a_stage.schedule, steps=3, peak=2e-2, floor=1e-2)
    return replace(a_stage, learns=(LANGUAGE,), adapters=Adapters(rank=2, alpha=8), schedule=schedule, **data)


def a_taught_trainer(config: JointConfig, tokenizer: PreTrainedTokenizerFast) -> JointTrainer:
    torch.manual_seed(0)
    trainer = JointTrainer(config, JointNetwork.made(config.network, tokenizer), tokenizer)
    source = joint_source(config, None, None)
    for number in range(3):
        trainer.step([source.batch(number)])
    return trainer


def test_nothing_but_adapters_and_the_seg_token_learns_in_the_language_model(
    an_adapting_stage: JointConfig, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    torch.manual_seed(0)
    begun = JointNetwork.made(an_adapting_stage.network, a_tokenizer).language_model.state_dict()
    taught = a_taught_trainer(an_adapting_stage, a_tokenizer).network.language_model
    added = {name for name, _ in taught.named_parameters() if is_of_adapter(name)}
    assert {name for name, parameter in taught.named_parameters() if parameter.requires_grad} == added
    assert any("lora_B" in name and parameter.abs().max() > 0 for name, parameter in taught.named_parameters())
    for name, tensor in taught.state_dict().items():
        if not is_of_adapter(name):
            assert torch.equal(tensor, begun[name.replace("base_layer.", "")]), name

    merge_adapters(taught)
    (seg,) = a_tokenizer.convert_tokens_to_ids(["[SEG]"])
    rows = (taught.get_input_embeddings().weight != begun["model.embed_tokens.weight"]).any(1)
    assert rows.nonzero().flatten().tolist() == [seg]


def test_a_merged_language_model_says_what_it_said_with_its_adapters(
    an_adapting_stage: JointConfig, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    network = a_taught_trainer(an_adapting_stage, a_tokenizer).average.network
    merged = copy.deepcopy(network)
    merge_adapters(merged.language_model)
    ids = torch.tensor([a_tokenizer("Is the liver in view? [SEG]")["input_ids"]])
    with torch.no_grad():
        adapted, whole = (one.language_model(ids).logits for one in (network, merged))
    assert torch.allclose(adapted, whole, atol=1e-5)
    assert not any(is_of_adapter(name) for name in merged.state_dict())


def test_what_is_saved_needs_no_adapters_and_a_run_that_was_stopped_goes_on(
    an_adapting_stage: JointConfig, a_tokenizer_folder: Path, people_folder: Path, tmp_path: Path
) -> None:
    config = replace(an_adapting_stage, learns=(LANGUAGE, SEG_PROJECTOR))
    for steps, resume in ((2, False), (3, True)):
        sitting = replace(config, schedule=replace(config.schedule, steps=steps))
        progress = train_stage(sitting, tmp_path, tokenizer=a_tokenizer_folder, people=people_folder, resume=resume)
    assert progress.step == 3
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert any(is_of_adapter(name) for name in state["network"])

    words = AutoTokenizer.from_pretrained(str(a_tokenizer_folder), local_files_only=True)
    trainer = JointTrainer(config, JointNetwork.made(config.network, words), words)
    trainer.resume(tmp_path)
    expected = copy.deepcopy(trainer.average.network)
    merge_adapters(expected.language_model)
    saved = JointNetwork.from_checkpoint(tmp_path / "latest")
    for name, tensor in expected.language_model.state_dict().items():
        assert torch.allclose(tensor, saved.language_model.state_dict()[name], atol=1e-3), name
    assert _answer_without_peft(tmp_path / "latest") == "answered"


def _answer_without_peft(checkpoint: Path) -> str:
    """An answer of the checkpoint, in a Python that cannot import PEFT."""
    program = """
import sys
sys.modules["peft"] = None
from pathlib import Path
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.prompts import Turn
language = MedVLSam2Model.from_pretrained(Path(sys.argv[1])).language_model
said = list(language.generate(None, [Turn("user", "Is the liver in view?")], lambda: False))
print("answered" if said else "silent")
"""
    command = [sys.executable, "-c", program, str(checkpoint)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_config_for_fine_tuning_by_adapters_can_be_read() -> None:
    config = JointConfig.read(CONFIGS / "finetune_lora.json")
    assert config.adapters == Adapters()
    assert JointConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
