"""A mask model of the kind slices learns, from its clips to a checkpoint that a session opens."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.evaluation.cases import find_cases
from MedVLSAM2Lib.evaluation.segmenters import SegmenterChoice
from MedVLSAM2Lib.evaluation.simulated_user import Start
from MedVLSAM2Lib.evaluation.suites.segmentation import SegmentationPlan, run_segmentation
from MedVLSAM2Lib.model.patches.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.slices.config import SliceConfig, TrunkConfig
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.model.slices.tensors import SliceMasks
from MedVLSAM2Lib.session.mask_models import load_mask_model
from MedVLSAM2Lib.training.__main__ import main
from MedVLSAM2Lib.training.config import Mix, Schedule, TrainingConfig
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.slices.config import SliceTrainingConfig
from MedVLSAM2Lib.training.slices.learner import learn
from MedVLSAM2Lib.training.slices.losses import slice_loss
from MedVLSAM2Lib.training.slices.source import ClipSource
from MedVLSAM2Lib.training.slices.trainer import SliceTrainer
from MedVLSAM2Lib.training.stage_command import CONFIGS
from MedVLSAM2Lib.volume import Modality, Volume
from tests.training.conftest import a_patient, write

TRUNK = TrunkConfig(width=8, blocks=(1, 1, 2, 1), windows=(8, 4, 4, 2), global_blocks=(3,), background=4)


@pytest.fixture
def a_slices_run() -> SliceTrainingConfig:
    return SliceTrainingConfig(
        network=SliceConfig(64, TRUNK, width=64),
        schedule=Schedule(peak=3e-3, floor=1e-3, warmup_steps=2, steps=4, seconds=None),
        batch=2,
        length=2,
        threads=1,
        bfloat16=False,
        validation_objects=2,
    )


def on_head_and_neck(config: SliceTrainingConfig) -> SliceTrainingConfig:
    return replace(config, mix=Mix(1, 0, 0, 0, 0, 0, 0))


def test_a_clip_shows_slices_as_a_session_does(the_cases: list[Case], a_slices_run: SliceTrainingConfig) -> None:
    case = next(case for case in the_cases if case.group == "head_neck")
    config = replace(on_head_and_neck(a_slices_run), axial_share=1.0, length=3)
    clip = ClipSource([case], config).draw(np.random.default_rng(5), in_box=False)
    stack = SliceStack(Volume(case.scan, np.diag([-2.0, -2.0, 3.0, 1.0]), Modality.CT), 2, config.network)
    shown = [stack.grey(index).numpy()[0, 0] for index in range(len(stack))]
    # Brighter or darker, and perhaps mirrored, but one after the other.
    found = [max(range(len(shown)), key=lambda index: likeness(clip.greys[n], shown[index])) for n in range(3)]
    assert np.unique(np.diff(found)).tolist() in ([1], [-1])
    (x, y), (label,) = clip.points[0], clip.labels
    assert label == 1
    assert clip.shares[0, round(float(y)), round(float(x))] > 127


def likeness(seen: np.ndarray, slice_: np.ndarray) -> float:
    mirrored = (slice_, slice_[::-1], slice_[:, ::-1], slice_[::-1, ::-1])
    return max(
        float((seen - seen.mean()).ravel() @ (one - one.mean()).ravel()) / (one.std() + 1e-3) for one in mirrored
    )


def test_a_box_holds_the_object(the_cases: list[Case], a_slices_run: SliceTrainingConfig) -> None:
    clip = ClipSource(the_cases, a_slices_run).draw(np.random.default_rng(1), in_box=True)
    assert clip.labels.tolist() == [2, 3]
    rows, columns = np.nonzero(clip.shares[0] > 127)
    (left, top), (right, bottom) = clip.points
    assert left <= columns.min() <= columns.max() <= right
    assert top <= rows.min() <= rows.max() <= bottom


def test_every_batch_is_decided_by_its_number(the_cases: list[Case], a_slices_run: SliceTrainingConfig) -> None:
    first, again = ClipSource(the_cases, a_slices_run).batch(3), ClipSource(the_cases, a_slices_run).batch(3)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.greys, other.greys)
        assert np.array_equal(one.points, other.points)


def test_what_is_not_cut_from_scans_has_no_share() -> None:
    with pytest.raises(ValueError, match="Slices are cut from scans as they are; lesion, synthetic can have no share"):
        SliceTrainingConfig(mix=Mix(region=0))


def test_the_loss_is_small_for_right_masks_and_a_slice_without_the_object_only_teaches_the_score() -> None:
    share = torch.zeros(1, 1, 16, 16)
    share[..., 4:10, 4:10] = 1
    logits = torch.where(share > 0, 8.0, -8.0)
    iou, pointer, there = torch.ones(1, 1), torch.zeros(1, 1, 8), torch.full((1, 1), 8.0)
    assert slice_loss(SliceMasks(logits, iou, there, pointer), share).item() < 0.05
    assert slice_loss(SliceMasks(-logits, iou, there, pointer), share).item() > 2
    nothing = torch.zeros_like(share)
    assert slice_loss(SliceMasks(logits, iou, -there, pointer), nothing).item() < 0.05
    assert slice_loss(SliceMasks(logits, iou, there, pointer), nothing).item() > 2


def test_the_loss_falls_and_masks_become_better(the_cases: list[Case], a_slices_run: SliceTrainingConfig) -> None:
    config = replace(on_head_and_neck(a_slices_run), schedule=replace(a_slices_run.schedule, steps=20), rounds=(1.0,))
    batch = ClipSource(the_cases, config).batch(0)
    trainer = SliceTrainer(config)
    steps = [trainer.step([batch]) for _ in range(20)]
    assert steps[-1]["loss"] < 0.6 * steps[0]["loss"]
    assert steps[-1]["dice_0"] > steps[0]["dice_0"] + 0.2
    assert steps[-1]["followed"] > steps[0]["followed"] + 0.2


def test_memory_and_prompts_learn_too(the_cases: list[Case], a_slices_run: SliceTrainingConfig) -> None:
    trainer = SliceTrainer(a_slices_run)
    learn(trainer.network, ClipSource(the_cases, a_slices_run).batch(0), 1, bfloat16=False).loss.backward()
    unmoved = {name for name, weight in trainer.network.named_parameters() if weight.grad is None}
    parts = {name.removeprefix("sam.").split(".")[0] for name in unmoved}
    assert not parts & {"vision_encoder", "memory_attention", "memory_encoder", "object_pointer_proj"}


def test_a_run_that_was_stopped_goes_on_bit_for_bit(
    the_cases: list[Case], a_slices_run: SliceTrainingConfig, tmp_path: Path
) -> None:
    batches = [ClipSource(the_cases, a_slices_run).batch(number) for number in range(4)]
    whole, stopped, goes_on = (SliceTrainer(a_slices_run) for _ in range(3))
    for batch in batches:
        whole.step([batch])
    for batch in batches[:2]:
        stopped.step([batch])
    stopped.save(tmp_path)
    goes_on.resume(tmp_path)
    for batch in batches[2:]:
        goes_on.step([batch])
    assert goes_on.progress.step == whole.progress.step == 4
    for of in ("network", "average"):
        pairs = zip(*(state_of(trainer, of).items() for trainer in (whole, goes_on)), strict=True)
        assert all(torch.equal(one, other) for (_, one), (_, other) in pairs)


def state_of(trainer: SliceTrainer, of: str) -> dict[str, torch.Tensor]:
    return (trainer.network if of == "network" else trainer.average.network).state_dict()


def test_the_command_trains_this_kind_and_one_run_compares_it_with_the_other(
    a_data_folder: Path, a_cache: Path, a_small_run: TrainingConfig, a_slices_run: SliceTrainingConfig, tmp_path: Path
) -> None:
    settings = tmp_path / "slices.json"
    settings.write_text(json.dumps(a_slices_run.to_dict()))
    places = ["--data", str(a_data_folder), "--cache", str(a_cache), "--output", str(tmp_path / "slices")]
    assert main(["train", "interactive", "--config", str(settings), *places, "--steps", "1"]) == 0
    save_checkpoint(tmp_path / "patches", PatchNetwork(a_small_run.network), {"capabilities": ["click"]})
    assert load_mask_model(tmp_path / "slices" / "best").capabilities == ("click", "box", "prior")
    scan = tmp_path / "scans" / "somebody"
    image, labels = a_patient(40)
    write(image[8:18], scan / "image.nii.gz")
    write(labels[8:18], scan / "label.nii.gz")
    (scan / "meta.json").write_text(json.dumps({"modality": "CT", "labels": {"1": "organ"}}))
    choice = SegmenterChoice(tmp_path / "slices" / "best", (tmp_path / "patches",), classical=False)
    plan = SegmentationPlan((Start.CLICK,), interactions=1)
    courses = run_segmentation(find_cases(tmp_path / "scans"), choice.make, plan).data["courses"]
    assert [course["segmenter"] for course in courses] == ["model", "patches"]
    assert courses[0]["steps"][0]["prompt"] == courses[1]["steps"][0]["prompt"]


def test_the_comparison_differs_in_the_kind_alone() -> None:
    patches = TrainingConfig.read(CONFIGS / "comparison" / "patches.json")
    slices = SliceTrainingConfig.from_dict(json.loads((CONFIGS / "comparison" / "slices.json").read_text()))
    for name in ("schedule", "mix", "seed", "rounds", "workers", "threads", "ema", "weight_decay", "gradient_norm"):
        assert getattr(patches, name) == getattr(slices, name), name


def test_a_run_of_this_kind_is_not_calibrated(a_cache: Path, a_slices_run: SliceTrainingConfig, tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text(json.dumps(a_slices_run.to_dict()))
    with pytest.raises(ValueError, match="of a mask model of the kind slices, not patches"):
        main(["calibrate", "--run", str(tmp_path), "--cache", str(a_cache)])
