"""Two processes train one network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.utils import DistributedType
from transformers import AutoTokenizer, PreTrainedModel

from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.batches import draw_batch
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.joint.batches import joint_source
from MedVLSAM2Lib.training.joint.config import JointConfig, LossWeights
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.run import train_stage
from MedVLSAM2Lib.training.joint.trainer import JointTrainer
from MedVLSAM2Lib.training.learning.sharding import layers_of
from MedVLSAM2Lib.training.learning.trainer import Trainer
from MedVLSAM2Lib.training.stage_command import CONFIGS
from tests.training.joint.conftest import SIZE

ROOT = Path(__file__).resolve().parents[4]
STEPS = 2


class Two:
    index, count, device, is_sharded = 0, 2, torch.device("cpu"), False

    def average_gradients(self, network: torch.nn.Module) -> None:
        raise AssertionError("nothing is trained here")

    def deal_out(self, language: PreTrainedModel) -> None:
        raise AssertionError("nothing is dealt out here")

    def agree(self, wishes: Sequence[bool]) -> list[bool]:
        raise AssertionError("nothing is wished here")


def test_two_processes_learn_what_one_learns_from_the_batches_of_both(
    a_stage: JointConfig, a_tokenizer_folder: Path, people_folder: Path, tmp_path: Path
) -> None:
    weights = LossWeights(language=1, words=1, clicks=0, meaning=0)
    config = replace(a_stage, weights=weights, threads=1, schedule=replace(a_stage.schedule, steps=STEPS))
    settings = tmp_path / "joint.json"
    settings.write_text(json.dumps(config.to_dict()))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "people").symlink_to(people_folder)
    written = ["--cache", str(tmp_path / "cache"), "--output", str(tmp_path / "run")]
    _launch(["joint", "--config", str(settings), *written, "--tokenizer", str(a_tokenizer_folder)])
    together = torch.load(tmp_path / "run" / "state.pt", weights_only=True)

    words = AutoTokenizer.from_pretrained(str(a_tokenizer_folder), local_files_only=True)
    torch.manual_seed(config.seed)
    alone = JointTrainer(config, JointNetwork.made(config.network, words), words)
    source = joint_source(config, None, people_folder)
    for step in range(STEPS):
        alone.step([source.batch(2 * step), source.batch(2 * step + 1)])
    assert together["progress"]["step"] == STEPS
    for name, parameter in alone.network.named_parameters():
        assert torch.allclose(parameter, together["network"][name], atol=1e-4), name


def test_two_processes_learn_from_clicks_what_one_learns_from_the_examples_of_both(
    a_small_run: TrainingConfig, a_data_folder: Path, a_cache: Path, tmp_path: Path
) -> None:
    config = replace(a_small_run, threads=1, schedule=replace(a_small_run.schedule, steps=STEPS))
    settings = tmp_path / "interactive.json"
    settings.write_text(json.dumps(config.to_dict()))
    data = ["--data", str(a_data_folder), "--cache", str(a_cache)]
    _launch(["interactive", "--config", str(settings), *data, "--output", str(tmp_path / "run")])
    together = torch.load(tmp_path / "run" / "state.pt", weights_only=True)

    alone = Trainer(replace(config, batch=2 * config.batch, threads=2))
    cases = [case for case in load_cases(a_cache) if not case.held_out]
    source = ExampleSource(cases, config.mix, config.network)
    for step in range(STEPS):
        both = [draw_batch(source, config.seed, 2 * step + index, config.batch) for index in range(2)]
        # Dealt out to two threads, each gets the batch of one process.
        alone.step([[example for pair in zip(*both, strict=True) for example in pair]])
    for name, parameter in alone.network.named_parameters():
        assert torch.allclose(parameter, together["network"][name], atol=1e-5), name


def test_layers_dealt_out_among_processes_learn_as_whole_ones_and_are_written_whole(
    a_stage: JointConfig, a_tokenizer_folder: Path, people_folder: Path, tmp_path: Path
) -> None:
    weights = LossWeights(language=1, words=1, clicks=0, meaning=1)
    config = replace(a_stage, weights=weights, threads=1, schedule=replace(a_stage.schedule, steps=STEPS))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "people").symlink_to(people_folder)
    settings = tmp_path / "joint.json"
    settings.write_text(json.dumps(config.to_dict()))
    written = ["--cache", str(tmp_path / "cache"), "--output", str(tmp_path / "run")]
    arguments = ["joint", "--config", str(settings), *written, "--tokenizer", str(a_tokenizer_folder)]
    # Stopped after the first step, whose schedule is that of both, and gone on with.
    words = AutoTokenizer.from_pretrained(str(a_tokenizer_folder), local_files_only=True)
    torch.manual_seed(config.seed)
    alone = JointTrainer(config, JointNetwork.made(config.network, words), words)
    source = joint_source(config, None, people_folder)
    alone.step([source.batch(0), source.batch(1)])
    (tmp_path / "run").mkdir()
    alone.save(tmp_path / "run")
    _launch([*arguments, "--resume"], is_sharded=True)
    alone.step([source.batch(2), source.batch(3)])

    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    assert state["progress"]["step"] == STEPS
    for name, parameter in alone.network.named_parameters():
        assert torch.allclose(parameter, state["network"][name], atol=1e-4), name
    for name, mean in alone.average.network.named_parameters():
        assert torch.allclose(mean, state["average"][name], atol=1e-4), name
    # One process alone goes on with what several have written, and opens their checkpoint.
    alone.resume(tmp_path / "run")
    latest = JointNetwork.from_checkpoint(tmp_path / "run" / "latest")
    for name, mean in alone.average.network.language_model.named_parameters():
        assert torch.allclose(mean, latest.language_model.get_parameter(name), atol=1e-3), name


def test_of_the_full_size_nearly_all_is_dealt_out(a_tokenizer_folder: Path) -> None:
    words = AutoTokenizer.from_pretrained(str(a_tokenizer_folder), local_files_only=True)
    with torch.device("meta"):
        network = JointNetwork.made(JointConfig.read(CONFIGS / "full.json").network, words)
    dealt = sum(parameter.numel() for layer in layers_of(network.language_model) for parameter in layer.parameters())
    whole = sum(parameter.numel() for parameter in network.parameters())
    assert dealt > 6.5e9
    assert dealt / whole > 0.98


def test_a_language_model_that_does_not_name_its_layers_is_not_dealt_out(a_tokenizer_folder: Path) -> None:
    words = AutoTokenizer.from_pretrained(str(a_tokenizer_folder), local_files_only=True)
    language = JointNetwork.made(SIZE, words).language_model
    language._no_split_modules = None
    with pytest.raises(ValueError, match="of the kind Qwen2ForCausalLM cannot be dealt out"):
        layers_of(language)


def _launch(arguments: list[str], is_sharded: bool = False) -> None:
    """``medvlsam2 train`` as ``accelerate launch --cpu --num_processes 2`` starts it, or with FSDP as well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = os.environ | {
        "ACCELERATE_USE_CPU": "true",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_FSDP": str(is_sharded).lower(),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "MedVLSAM2Lib.training", "train", *arguments],
            cwd=ROOT,
            env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=240)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], "\n".join(said)


def test_several_processes_agree_on_a_number_of_steps(a_stage: JointConfig, tmp_path: Path) -> None:
    timed = replace(a_stage, schedule=replace(a_stage.schedule, steps=None, seconds=10.0))
    with pytest.raises(ValueError, match="--steps"):
        train_stage(timed, tmp_path, processes=Two())


@pytest.mark.parametrize(
    ("name", "kind", "processes"),
    [("several_gpus", "MULTI_GPU", 8), ("sharded_gpus", "FSDP", 8), ("two_cpu_processes", "MULTI_CPU", 2)],
)
def test_accelerate_reads_the_config_that_the_documentation_names(name: str, kind: str, processes: int) -> None:
    config = load_config_from_file(str(CONFIGS / "accelerate" / f"{name}.yaml"))
    assert config.distributed_type == DistributedType(kind)
    assert config.num_processes == processes
    assert config.use_cpu is (kind == "MULTI_CPU")
    assert config.mixed_precision == "no"  # a stage's own config says what is computed in bfloat16
