"""Both trainers on a device that is not the CPU: nothing they compute with is left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.examples.batches import draw_batch
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.joint.config import JointConfig, LossWeights
from MedVLSAM2Lib.training.joint.export import save_checkpoint_of
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.source import JointSource
from MedVLSAM2Lib.training.joint.trainer import JointTrainer
from MedVLSAM2Lib.training.learning.processes import OneProcess
from MedVLSAM2Lib.training.learning.trainer import Trainer
from MedVLSAM2Lib.training.learning.training_device import training_device
from MedVLSAM2Lib.training.learning.validation import Validation
from tests.training.another_device import ElsewhereTensor, another_device

STEPS = 2


def test_a_tensor_that_stays_behind_is_noticed() -> None:
    with another_device() as device:
        there = torch.arange(3, device=device)
        assert (there + 1).tolist() == [1, 2, 3]
        with pytest.raises(RuntimeError, match="two devices"):
            there + torch.arange(3)
        with pytest.raises(RuntimeError, match="numpy"):
            there.numpy()


# torch takes the device's name to mean that weights are not copied there.
@pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter")
def test_the_clicks_are_learned_on_the_device_that_is_given(
    the_cases: list[Case], a_small_run: TrainingConfig, tmp_path: Path
) -> None:
    config = replace(a_small_run, threads=1, rounds=(0.0, 0.0, 1.0))
    source = ExampleSource(the_cases, config.mix, config.network)
    batches = [draw_batch(source, 1, number, config.batch) for number in range(STEPS)]
    validation = Validation(the_cases, config)

    def learn(device: torch.device) -> tuple[Trainer, dict[str, float]]:
        trainer = Trainer(config, OneProcess(device))
        for batch in batches:
            trainer.step([batch])
        return trainer, validation.run(trainer.average.network)

    here, measured = learn(torch.device("cpu"))
    with another_device() as device:
        there, measured_there = learn(device)
        _all_are_elsewhere(there.network)
        there.save(tmp_path)
        again = Trainer(config, OneProcess(device))
        again.resume(tmp_path)
        _are_equal(here.network, again.network)
        again.step([batches[0]])
        _all_are_elsewhere(again.network)
    assert measured_there == measured
    _are_equal(here.network, there.network)


def test_words_and_answers_are_learned_on_the_device_that_is_given(
    the_cases: list[Case],
    a_stage: JointConfig,
    a_small_run: TrainingConfig,
    a_tokenizer: PreTrainedTokenizerFast,
    people_folder: Path,
    tmp_path: Path,
) -> None:
    every_loss = LossWeights(alignment=1, survey=1, keeping=1)
    config = replace(
        a_stage,
        weights=every_loss,
        clicks=2,
        surveyed=2,
        meanings=4,
        threads=1,
        mix=a_small_run.mix,
        word_rounds=(0.0, 1.0),
    )
    source = JointSource(config, the_cases, people_folder)
    batch = source.batch(0)

    def learn(device: torch.device) -> tuple[JointTrainer, dict[str, float]]:
        torch.manual_seed(0)
        trainer = JointTrainer(config, JointNetwork.made(config.network, a_tokenizer), a_tokenizer, OneProcess(device))
        return trainer, trainer.step([batch])

    _, numbers = learn(torch.device("cpu"))
    with another_device() as device:
        there, numbers_there = learn(device)
        _all_are_elsewhere(there.network)
        save_checkpoint_of(there.average.network, a_tokenizer, tmp_path / "made", config, there.progress, {})
    assert {"alignment_loss", "survey_loss", "moved", "click_loss", "word_loss"} <= set(numbers)
    assert numbers_there == numbers
    assert JointNetwork.from_checkpoint(tmp_path / "made").device.type == "cpu"


def _all_are_elsewhere(network: torch.nn.Module) -> None:
    for name, tensor in network.state_dict().items():
        assert isinstance(tensor, ElsewhereTensor), name


def _are_equal(here: torch.nn.Module, there: torch.nn.Module) -> None:
    moved = there.state_dict()
    for name, tensor in here.state_dict().items():
        assert torch.equal(tensor, moved[name].inner), name


@pytest.mark.parametrize(("has_cuda", "device"), [(False, "cpu"), (True, "cuda")])
def test_the_device_is_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch, has_cuda: bool, device: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    assert training_device().type == device
    assert training_device("cpu").type == "cpu"


def test_a_device_that_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="no device abacus; take one of cpu"):
        training_device("abacus")
