"""Two processes train one network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from MedVLSAM2Lib.training.joint.batches import joint_source
from MedVLSAM2Lib.training.joint.config import JointConfig, LossWeights
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.run import train_stage
from MedVLSAM2Lib.training.joint.trainer import JointTrainer

ROOT = Path(__file__).resolve().parents[4]
STEPS = 2


class Two:
    index, count = 0, 2

    def average_gradients(self, network: torch.nn.Module) -> None:
        raise AssertionError("nothing is trained here")


def test_two_processes_learn_what_one_learns_from_the_batches_of_both(
    a_stage: JointConfig, a_tokenizer_folder: Path, people_folder: Path, tmp_path: Path
) -> None:
    weights = LossWeights(language=1, words=1, clicks=0, meaning=0)
    config = replace(a_stage, weights=weights, threads=1, schedule=replace(a_stage.schedule, steps=STEPS))
    settings = tmp_path / "joint.json"
    settings.write_text(json.dumps(config.to_dict()))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "people").symlink_to(people_folder)
    _launch(settings, tmp_path, a_tokenizer_folder)
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


def _launch(settings: Path, folder: Path, tokenizer: Path) -> None:
    """As ``accelerate launch --cpu --num_processes 2`` does it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "MedVLSAM2Lib.training", "train", "joint", "--config", str(settings)]
    command += ["--cache", str(folder / "cache"), "--output", str(folder / "run"), "--tokenizer", str(tokenizer)]
    environment = os.environ | {
        "ACCELERATE_USE_CPU": "true",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
    }
    started = [
        subprocess.Popen(
            command,
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
