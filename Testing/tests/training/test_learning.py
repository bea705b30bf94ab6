"""Losses, rounds, steps, and a run from its start to its export."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.model.patches.carry import carried
from MedVLSAM2Lib.model.patches.checkpoint import load_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.training.__main__ import main
from MedVLSAM2Lib.training.config import Schedule, TrainingConfig
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.examples.batches import draw_batch
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.learning.calibration import calibrate
from MedVLSAM2Lib.training.learning.ema import MovingAverage
from MedVLSAM2Lib.training.learning.losses import hard_dice, mask_loss
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.rounds import Rounds
from MedVLSAM2Lib.training.learning.run import train
from MedVLSAM2Lib.training.learning.scene import Scene
from MedVLSAM2Lib.training.learning.schedule import learning_rate, progress
from MedVLSAM2Lib.training.learning.trainer import Trainer
from MedVLSAM2Lib.training.prompting.cell_prompts import CellStroke

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def some_batches(the_cases: list[Case], a_small_run: TrainingConfig) -> list[list[Example]]:
    source = ExampleSource(the_cases, a_small_run.mix, a_small_run.network)
    return [draw_batch(source, 1, step, 4) for step in range(6)]


def a_cube(lo: int, hi: int) -> torch.Tensor:
    mask = torch.zeros(1, 1, 12, 12, 12, dtype=torch.bool)
    mask[..., lo:hi, lo:hi, lo:hi] = True
    return mask


def test_dice_counts_what_lies_beyond_the_view() -> None:
    cube = a_cube(2, 8)
    assert hard_dice(cube, cube).item() == pytest.approx(1)
    assert hard_dice(cube, cube, torch.tensor([3 * 216.0])).item() == pytest.approx(0.5, abs=1e-3)
    assert hard_dice(a_cube(2, 8), a_cube(8, 12)).item() == pytest.approx(0, abs=1e-4)


def test_the_loss_is_small_for_a_right_answer_and_large_for_a_wrong_one() -> None:
    cube = a_cube(2, 8)
    logits = torch.where(cube, 8.0, -8.0)
    assert mask_loss(logits, cube.float()).item() < 0.05
    assert mask_loss(-logits, cube.float()).item() > 2


def test_the_learning_rate_rises_and_then_falls_along_a_cosine() -> None:
    schedule = Schedule(peak=1e-3, floor=1e-5, warmup_steps=10, steps=100, seconds=None)
    rates = [learning_rate(schedule, step, progress(schedule, step, 0)) for step in range(101)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == pytest.approx(1e-3, rel=0.03)
    assert rates[100] == pytest.approx(1e-5)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_schedule_in_seconds_does_not_look_at_steps() -> None:
    schedule = Schedule(steps=None, seconds=100)
    assert progress(schedule, 10**6, 25) == 0.25
    assert progress(schedule, 0, 300) == 1


def test_a_schedule_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="steps or of seconds"):
        progress(Schedule(steps=None, seconds=None), 0, 0)


def test_the_average_follows_slowly() -> None:
    network = PatchNetwork(PatchConfig(side=16, channels=(4, 8), depths=(1, 1)))
    average = MovingAverage(network, 0.9)
    before = network.mask_head.bias.detach().clone()
    with torch.no_grad():
        network.mask_head.bias += 1
    average.update(network, step=1000)
    assert torch.allclose(average.network.mask_head.bias, before + 0.1)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_each_round_is_scored_and_the_last_one_has_a_gradient(
    some_batches: list[list[Example]], a_small_run: TrainingConfig, count: int
) -> None:
    torch.manual_seed(0)
    network = PatchNetwork(a_small_run.network)
    result = Rounds(a_small_run.rounds, 0.2, bfloat16=False).run(
        network, some_batches[0], count, np.random.default_rng(0)
    )
    assert len(result.dice) == count + 1
    assert all(dice.shape == (4,) for dice in result.dice)
    result.loss.backward()
    assert network.stem[0].weight.grad is not None


def test_an_answer_is_carried_into_the_second_view() -> None:
    logits = torch.where(a_cube(3, 9), 6.0, -6.0)
    moved = carried(logits, np.ones(3), np.array([2.0, 0.0, -1.0]))
    assert torch.equal(moved[..., 2:, :, :-1] > 0, logits[..., :-2, :, 1:] > 0)
    assert (moved[..., :2, :, :] < 0).all()
    halved = carried(logits, np.full(3, 0.5), np.full(3, 5.75 - 0.5 * 5.5))
    assert (halved > 0).sum() == pytest.approx(27, abs=20)


def test_two_threads_find_the_gradient_of_one(some_batches: list[list[Example]], a_small_run: TrainingConfig) -> None:
    def gradient(count: int) -> torch.Tensor:
        torch.manual_seed(0)
        network = PatchNetwork(a_small_run.network)
        replicas = Replicas(network, count)

        def work(copied: PatchNetwork, part: list[Example], _number: int) -> None:
            images = torch.stack([torch.from_numpy(example.views[0].image).float() for example in part])
            channels = torch.cat([images, torch.zeros(len(part), 5, 16, 16, 16)], 1)
            copied(channels, torch.full((len(part), 3), 80.0))[0].sum().backward()

        replicas.map_parts(work, some_batches[0])
        replicas.gather_gradients()
        assert network.stem[0].weight.grad is not None
        return network.stem[0].weight.grad

    assert torch.allclose(gradient(1), gradient(2), rtol=1e-3, atol=1e-3)


def test_repeating_a_batch_makes_the_loss_fall(some_batches: list[list[Example]], a_small_run: TrainingConfig) -> None:
    trainer = Trainer(replace(a_small_run, rounds=(1.0,), schedule=Schedule(5e-3, 1e-4, 1, steps=60, seconds=None)))
    losses = [trainer.step([some_batches[0]])["loss"] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:3])


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    some_batches: list[list[Example]], a_small_run: TrainingConfig, tmp_path: Path
) -> None:
    straight = Trainer(a_small_run)
    for batch in some_batches:
        straight.step([batch])
    first = Trainer(a_small_run)
    for batch in some_batches[:3]:
        first.step([batch])
    first.save(tmp_path)
    second = Trainer(replace(a_small_run, seed=a_small_run.seed))
    second.resume(tmp_path)
    for batch in some_batches[3:]:
        second.step([batch])
    assert second.progress.step == straight.progress.step
    for one, other in ((straight.network, second.network), (straight.average.network, second.average.network)):
        for name, tensor in one.state_dict().items():
            assert torch.equal(tensor, other.state_dict()[name]), name


def test_a_run_leaves_its_curve_its_state_and_a_checkpoint_with_a_card(
    a_cache: Path, a_data_folder: Path, a_small_run: TrainingConfig, tmp_path: Path
) -> None:
    config = replace(a_small_run, schedule=replace(a_small_run.schedule, steps=3), log_seconds=0.0)
    run = tmp_path / "run"
    assert train(config, a_cache, run).step == 3
    with (run / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3]
    assert all(float(row["loss"]) > 0 for row in rows)

    assert main(["calibrate", "--run", str(run), "--cache", str(a_cache), "--objects", "2"]) == 0
    _, info = load_checkpoint(run / "calibrated")
    assert info.capabilities == ("click", "box", "scribble", "lasso", "prior")
    assert info.card["training"]["seed"] == config.seed
    assert any("CC BY 3.0" in line for line in info.card["trained_on"])


def test_calibration_changes_the_estimate_and_nothing_else(the_cases: list[Case], a_small_run: TrainingConfig) -> None:
    torch.manual_seed(0)
    network = PatchNetwork(a_small_run.network).eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    source = ExampleSource(the_cases, a_small_run.mix, a_small_run.network)
    calibrate(network, source, a_small_run, objects=6)
    after = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for name, tensor in after.items():
        assert torch.equal(tensor, before[name]) != name.startswith("quality_head."), name

    subjects = [source.draw_subject(np.random.default_rng(index)) for index in range(6)]
    scenes = [
        Scene.of(
            [subject.seen_in(subject.framing.cube(subject.framing.a_click(), size)) for size in (48.0, 130.0)],
            torch.device("cpu"),
        )
        for subject in subjects
    ]
    click = CellStroke(np.full((1, 3), 7.5))
    errors = []
    for weights in (before, after):
        network.load_state_dict(weights)
        for scene in scenes:
            with torch.inference_mode():
                logits, guess = scene.answer(network, [[click]] * 2, torch.zeros_like(scene.share), bfloat16=False)
            truth = hard_dice(logits > 0, scene.target, scene.whole_cells)
            errors.append(float((guess - truth).abs().mean()))
    assert sum(errors[6:]) < sum(errors[:6])


def test_the_command_goes_on_with_a_run(
    a_cache: Path, a_data_folder: Path, a_small_run: TrainingConfig, tmp_path: Path
) -> None:
    settings = tmp_path / "small.json"
    settings.write_text(json.dumps(a_small_run.to_dict()))
    run = tmp_path / "run"
    common = [
        "train",
        "interactive",
        "--config",
        str(settings),
        "--data",
        str(a_data_folder),
        "--cache",
        str(a_cache),
        "--output",
        str(run),
    ]
    assert main([*common, "--steps", "2"]) == 0
    assert main([*common, "--steps", "3", "--resume"]) == 0
    assert torch.load(run / "state.pt")["progress"]["step"] == 3


def test_the_config_of_the_bundled_checkpoint_can_be_read() -> None:
    config = TrainingConfig.read(REPOSITORY / "MedVLSAM2Lib" / "training" / "configs" / "interactive.json")
    assert config.network.side == 48
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
