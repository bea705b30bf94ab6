"""``medvlsam2 evaluate``, called as the command line calls it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from MedVLSAM2Lib.evaluation.command import add_arguments, run
from MedVLSAM2Lib.model.patches.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork


def parsed(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


@pytest.fixture(scope="module")
def a_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network of the real kind: its masks are poor, its road is the real one."""
    folder = tmp_path_factory.mktemp("untrained")
    small = PatchConfig(side=16, channels=(4, 8), depths=(1, 2))
    save_checkpoint(folder, PatchNetwork(small), {"capabilities": ["click", "box"]})
    return folder


def test_the_segmentation_suite_writes_its_table_with_every_baseline(
    a_checkpoint: Path, a_folder_of_scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    arguments = ("--checkpoint", a_checkpoint, "--scans", a_folder_of_scans, "--cases", "ball", "--output", output)
    assert run(parsed("segmentation", *arguments, "--baseline", a_checkpoint)) == 0
    printed = capsys.readouterr().out
    assert (output / "segmentation.md").read_text("utf-8") == printed
    names = {course["segmenter"] for course in json.loads((output / "segmentation.json").read_text("utf-8"))["courses"]}
    assert {"model", a_checkpoint.name, "random walker", "region growing"} <= names


def test_how_users_begin_and_how_long_they_go_on_can_be_chosen(
    a_checkpoint: Path, a_folder_of_scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--checkpoint", a_checkpoint, "--scans", a_folder_of_scans, "--cases", "ball", "--output", tmp_path)
    chosen = ("--no-classical", "--starts", "click", "--interactions", 2)
    assert run(parsed("segmentation", *arguments, *chosen)) == 0
    (course,) = json.loads((tmp_path / "segmentation.json").read_text("utf-8"))["courses"]
    assert (course["start"], len(course["steps"])) == ("click", 2)
    assert "DSC after 1 interactions" in capsys.readouterr().out
    assert run(parsed("segmentation", *arguments, "--interactions", 0)) == 2


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch's threads wait for each other by spinning: on a busy machine one of them is many times faster than two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_the_bundled_checkpoint_does_not_mind_how_the_phantom_is_stored(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(parsed("orientations", "--quick")) == 0
    assert capsys.readouterr().out.count("3 of 3") == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("segmentation", "--checkpoint", "x", "--scans", "no such folder"), "No labelled case to evaluate"),
        (("orientations", "--quick", "--checkpoint", "no such folder"), "no such folder"),
    ],
)
def test_what_cannot_run_says_why_in_a_sentence(
    words: tuple[str, ...], sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(parsed(*words)) == 2
    assert sentence in caplog.text
