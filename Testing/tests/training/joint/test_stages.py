"""Every stage on a network of a few thousand weights: it learns, it goes on where it was, what it writes can be used."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from MedVLSAM2Lib.model.component_folder import write_config
from MedVLSAM2Lib.model.medvlsam2.config import ENCODER, LANGUAGE, MASK_MODEL, PROJECTOR, SEG_PROJECTOR
from MedVLSAM2Lib.model.medvlsam2.model import read_model_config
from MedVLSAM2Lib.prompts import Phrase, Point, PromptError
from MedVLSAM2Lib.session.mask_models import load_mask_model
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.training.__main__ import main
from MedVLSAM2Lib.training.joint.batches import joint_source
from MedVLSAM2Lib.training.joint.compose import compose
from MedVLSAM2Lib.training.joint.config import JointConfig, LossWeights
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.offering import offer
from MedVLSAM2Lib.training.joint.run import train_stage
from MedVLSAM2Lib.training.joint.trainer import JointTrainer
from MedVLSAM2Lib.training.stage_command import CONFIGS, STAGES
from MedVLSAM2Lib.volume import Modality, Volume
from tests.small_disk import SmallDisk

MEANING = LossWeights(language=0, words=0, clicks=0, meaning=1)
ALIGN = LossWeights(alignment=1, language=0, words=0, clicks=0, meaning=0)
CAPTION = LossWeights(language=1, words=0, clicks=0, meaning=0)
JOINT = LossWeights(clicks=0)
SURVEY = LossWeights(language=0, words=0, clicks=0, meaning=0, survey=1, keeping=1)


@pytest.fixture(scope="module")
def a_surveying_stage(a_stage: JointConfig) -> JointConfig:
    return replace(a_stage, weights=SURVEY, learns=(LANGUAGE, SEG_PROJECTOR), scans=0, worded=0, surveyed=6, meanings=8)


def a_trainer(config: JointConfig, tokenizer: PreTrainedTokenizerFast) -> JointTrainer:
    torch.manual_seed(0)
    return JointTrainer(config, JointNetwork.made(config.network, tokenizer), tokenizer)


@pytest.mark.parametrize(
    ("weights", "losses"),
    [
        (ALIGN, ["alignment_loss"]),
        (MEANING, ["meaning_loss"]),
        (CAPTION, ["language_loss"]),
        (JOINT, ["language_loss", "word_loss", "meaning_loss"]),
    ],
    ids=["align", "meaning", "caption", "joint"],
)
def test_every_loss_of_a_stage_falls(
    a_stage: JointConfig,
    a_tokenizer: PreTrainedTokenizerFast,
    people_folder: Path,
    weights: LossWeights,
    losses: list[str],
) -> None:
    steps = 24
    config = replace(a_stage, weights=weights, schedule=replace(a_stage.schedule, steps=steps), word_rounds=(1.0,))
    trainer = a_trainer(config, a_tokenizer)
    source = joint_source(config, None, people_folder)
    batches = [source.batch(number) for number in range(3)]
    rows = [trainer.step([batches[number % 3]]) for number in range(steps)]
    for name in losses:
        first, last = (np.mean([row[name] for row in part]) for part in (rows[:3], rows[-3:]))
        assert last < 0.95 * first, name


def test_answers_about_surveys_are_learned_beside_what_phrases_mean(
    a_surveying_stage: JointConfig, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    config = replace(a_surveying_stage, schedule=replace(a_surveying_stage.schedule, steps=24))
    trainer, source = a_trainer(config, a_tokenizer), joint_source(config, None, None)
    losses = [trainer.step([source.batch(number)])["survey_loss"] for number in range(24)]
    assert np.mean(losses[-3:]) < 0.95 * np.mean(losses[:3])


def test_seg_tokens_that_moved_are_brought_back_to_where_they_were(
    a_surveying_stage: JointConfig, a_tokenizer: PreTrainedTokenizerFast
) -> None:
    keeping = replace(SURVEY, survey=0)
    config = replace(
        a_surveying_stage, weights=keeping, schedule=replace(a_surveying_stage.schedule, steps=24), meanings=24
    )
    trainer, source = a_trainer(config, a_tokenizer), joint_source(config, None, None)
    noise = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in trainer.network.seg_projector.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise), alpha=0.1)
    moved = [trainer.step([source.batch(number)])["moved"] for number in range(24)]
    assert np.mean(moved[-3:]) < 0.5 * moved[0]


def test_only_the_parts_that_learn_change(
    a_stage: JointConfig, a_tokenizer: PreTrainedTokenizerFast, people_folder: Path
) -> None:
    config = replace(a_stage, learns=(PROJECTOR, LANGUAGE), weights=CAPTION)
    trainer = a_trainer(config, a_tokenizer)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.step([joint_source(config, None, people_folder).batch(0)])
    changed = {
        name.split(".")[0] for name, value in trainer.network.state_dict().items() if (value != before[name]).any()
    }
    assert changed == {PROJECTOR, LANGUAGE}


def test_words_teach_the_language_model_and_the_mask_model_alike(
    a_stage: JointConfig, a_tokenizer: PreTrainedTokenizerFast, people_folder: Path
) -> None:
    """The loss of masks alone reaches every part that a phrase runs through."""
    config = replace(a_stage, weights=LossWeights(language=0, clicks=0, meaning=0))
    trainer = a_trainer(config, a_tokenizer)
    # What hears the token begins as no change at all, and so lets nothing through in the first step.
    for modulation in trainer.network.mask_model.token_modulation:
        torch.nn.init.normal_(modulation.out.weight, std=0.1)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.step([joint_source(config, None, people_folder).batch(0)])
    changed = {
        name.split(".")[0] for name, value in trainer.network.state_dict().items() if (value != before[name]).any()
    }
    assert {LANGUAGE, SEG_PROJECTOR, MASK_MODEL} <= changed
    assert ENCODER not in changed


def test_two_small_batches_learn_what_their_sum_would(
    a_stage: JointConfig, a_tokenizer: PreTrainedTokenizerFast, people_folder: Path
) -> None:
    config = replace(a_stage, weights=CAPTION, threads=1)
    batch = joint_source(config, None, people_folder).batch(0)
    once, twice = a_trainer(config, a_tokenizer), a_trainer(config, a_tokenizer)
    once.step([batch])
    twice.step([batch, batch])
    for one, other in zip(once.network.parameters(), twice.network.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


@pytest.fixture(scope="module")
def a_finished_run(
    a_stage: JointConfig, a_tokenizer_folder: Path, people_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("run")
    train_stage(a_stage, output, tokenizer=a_tokenizer_folder, people=people_folder)
    return output


def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    a_finished_run: Path, a_stage: JointConfig, a_tokenizer_folder: Path, people_folder: Path, tmp_path: Path
) -> None:
    # The same schedule, left after three of its steps, as by a kill after a save.
    short = replace(a_stage, schedule=replace(a_stage.schedule, steps=6))
    _steps_then_leave(short, 3, tmp_path, a_tokenizer_folder, people_folder)
    train_stage(short, tmp_path, tokenizer=a_tokenizer_folder, people=people_folder, resume=True)
    whole, resumed = (torch.load(folder / "state.pt", weights_only=True) for folder in (a_finished_run, tmp_path))
    assert resumed["progress"]["step"] == 6
    for name, tensor in whole["network"].items():
        assert torch.equal(tensor, resumed["network"][name]), name


def _steps_then_leave(config: JointConfig, steps: int, output: Path, tokenizer: Path, people: Path) -> None:
    from transformers import AutoTokenizer

    torch.manual_seed(config.seed)
    words = AutoTokenizer.from_pretrained(str(tokenizer), local_files_only=True)
    trainer = JointTrainer(config, JointNetwork.made(config.network, words), words)
    source = joint_source(config, None, people)
    for number in range(steps):
        trainer.step([source.batch(number)])
    trainer.save(output)


def test_a_run_writes_its_curve_its_measures_and_what_it_was_told(a_finished_run: Path) -> None:
    with (a_finished_run / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert all(float(row["language_loss"]) > 0 for row in rows)
    with (a_finished_run / "validation.csv").open() as file:
        (measured,) = csv.DictReader(file)
    assert 0 <= float(measured["phantom_organs"]) <= 1
    assert JointConfig.read(a_finished_run / "training.json").stage == "joint"


def test_what_a_run_writes_is_a_checkpoint_that_a_session_uses(a_finished_run: Path) -> None:
    folder = a_finished_run / "latest"
    card = json.loads((folder / "config.json").read_text("utf-8"))
    assert {"click", "phrase", "question", "report"} <= set(card["capabilities"])
    loaded = load_mask_model(folder)
    assert loaded.grounding is not None
    noise = np.random.default_rng(0).normal(40, 20, (20, 24, 28))
    volume = Volume(noise.astype(np.int16), np.diag([-3.0, -3.0, 3.0, 1.0]), Modality.CT, "HU")
    session = Session(volume, "v", loaded, grounding=loaded.grounding)
    list(session.add_prompts("clicked", [Point((14, 12, 10))], lambda: False))
    assert session.mask("clicked").voxel_count > 0
    with contextlib.suppress(PromptError):  # after six steps it may well find nothing
        list(session.add_prompts("named", [Phrase("liver")], lambda: False))


def test_a_stage_goes_on_from_another_ones_checkpoint(
    a_finished_run: Path, a_stage: JointConfig, people_folder: Path, tmp_path: Path
) -> None:
    once = replace(a_stage, stage="finetune", schedule=replace(a_stage.schedule, steps=1, peak=1e-9, floor=1e-9))
    train_stage(once, tmp_path, start=a_finished_run / "latest", people=people_folder)
    before, after = (JointNetwork.from_checkpoint(run / "latest") for run in (a_finished_run, tmp_path))
    for one, other in zip(before.mask_model.parameters(), after.mask_model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-3)


def test_a_checkpoint_with_a_locator_goes_on_as_one(
    a_finished_run: Path, a_stage: JointConfig, people_folder: Path, tmp_path: Path
) -> None:
    """Words teach the locator and leave what answers clicks as it was; what the checkpoint offers is kept."""
    composed = tmp_path / "composed"
    compose(a_finished_run / "latest", a_finished_run / "latest" / MASK_MODEL, composed)
    offer(composed, ["phrase"])
    write_config(composed, replace(read_model_config(composed), surveys=("liver", "spleen")).to_dict())
    words = LossWeights(language=0, clicks=0, meaning=0)
    once = replace(a_stage, stage="finetune", learns=(MASK_MODEL,), weights=words)
    train_stage(once, tmp_path / "run", start=composed, people=people_folder)
    before, after = (JointNetwork.from_checkpoint(folder) for folder in (composed, tmp_path / "run" / "latest"))
    assert before.locator is not None
    assert after.locator is not None
    assert _are_equal(before.mask_model, after.mask_model)
    assert not _are_equal(before.locator, after.locator)
    offered = [network.begun_with.capabilities for network in (before, after) if network.begun_with]
    assert offered[0] == offered[1]
    # What is looked for in every scan is what surveys are mostly drawn of.
    assert JointConfig.read(tmp_path / "run" / "training.json").surveys == ("liver", "spleen")
    assert "question" not in offered[0]


def _are_equal(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_a_run_is_exported_with_a_card_of_its_figures(a_finished_run: Path, tmp_path: Path) -> None:
    table = tmp_path / "language.md"
    table.write_text("## Phrases\n\n| what | DSC |\n", encoding="utf-8")
    arguments = ["export", "--run", str(a_finished_run), "--to", str(tmp_path / "tiny"), "--evaluation", str(table)]
    assert main([*arguments, "--note", "It began with nothing.", "--offers", "phrase"]) == 0
    card = (tmp_path / "tiny" / "MODEL_CARD.md").read_text(encoding="utf-8")
    for expected in ("CC BY 3.0", "It began with nothing.", "### Phrases", "## Limits", "medvlsam2 train all"):
        assert expected in card
    exported = load_mask_model(tmp_path / "tiny")
    assert exported.grounding is not None
    assert "question" not in exported.capabilities


@pytest.mark.parametrize("with_clicks", [False, True])
def test_an_export_replaces_a_checkpoint_and_nothing_else(
    a_finished_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, with_clicks: bool
) -> None:
    target = tmp_path / "target"
    clicks = ["--clicks", str(a_finished_run / "latest" / "mask_model")] if with_clicks else []
    arguments = ["export", "--run", str(a_finished_run), "--to", str(target), *clicks]
    target.mkdir()
    (target / "thesis.txt").write_text("years of work")

    assert main(arguments) == 2
    assert f"{target} holds something else than a checkpoint; name an empty or a new folder." in caplog.messages
    assert [path.name for path in target.iterdir()] == ["thesis.txt"]

    (target / "thesis.txt").unlink()
    for _ in range(2):
        assert main(arguments) == 0
        assert load_mask_model(target).grounding is not None
    (target / "notes.txt").write_text("mine")
    assert main(arguments) == 2
    assert (target / "notes.txt").read_text("utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target"]


def test_an_export_onto_a_full_disk_leaves_the_checkpoint_that_was_there(
    a_finished_run: Path, a_small_disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    target = a_small_disk.folder / "target"
    a_small_disk.make_larger("512m")
    arguments = ["export", "--run", str(a_finished_run), "--to", str(target)]
    assert main(arguments) == 0
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    size = sum(map(len, before.values()))
    a_small_disk.make_larger(f"{size * 3 // 2 // 1024}k")

    assert main(arguments) == 2

    assert any(f"{target} cannot be written (" in message for message in caplog.messages)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
    assert [path.name for path in a_small_disk.folder.iterdir()] == ["target"]


def test_a_new_network_needs_a_tokenizer(a_stage: JointConfig, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a tokenizer"):
        train_stage(a_stage, tmp_path)


def test_every_stage_has_a_config_that_can_be_read() -> None:
    for stage in STAGES:
        config = JointConfig.read(CONFIGS / f"{stage}.json")
        assert config.stage == stage
        assert JointConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_one_command_goes_from_data_to_a_checkpoint_of_every_part(
    a_data_folder: Path, a_cache: Path, people_folder: Path, a_tokenizer_folder: Path, tmp_path: Path
) -> None:
    """By the smallest recipe, which anybody may run to see that training works on their machine."""
    output = tmp_path / "output"
    shutil.copytree(a_tokenizer_folder, output / "tokenizer")
    (a_cache / "people").symlink_to(people_folder)
    folders = ["--data", str(a_data_folder), "--cache", str(a_cache), "--output", str(output)]
    command = ["train", "all", *folders, "--configs", str(CONFIGS / "smoke"), "--device", "cpu"]
    assert main(command) == 0
    made = load_mask_model(output / "checkpoint")
    assert made.grounding is not None
    assert {"click", "box", "phrase", "question"} <= set(made.capabilities)
    card = json.loads((output / "checkpoint" / "config.json").read_text("utf-8"))
    assert {"mask_model", "locator"} <= set(card["components"])
    assert card["question_sees_volume"] is False
    written = (output / "joint" / "state.pt").stat().st_mtime_ns
    assert main(command) == 0
    assert torch.load(output / "joint" / "state.pt", weights_only=True)["progress"]["step"] == 2
    assert (output / "joint" / "state.pt").stat().st_mtime_ns >= written
