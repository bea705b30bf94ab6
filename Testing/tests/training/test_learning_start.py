"""Learning from a checkpoint that cannot be learned from is refused before anything is prepared, exported or trained."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.commands.train import add_arguments, run
from MedVLSAM2Lib.learning_start import why_not_learned_from
from MedVLSAM2Lib.training.data.own_scans import TrainingDataError


def a_checkpoint(folder: Path, kind: str, locator: str | None = None) -> Path:
    """The config files of a whole checkpoint with a mask model of that kind."""
    parts = {"mask_model": kind} | ({"locator": locator} if locator else {})
    components = {name: {"path": name} for name in parts}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "medvlsam2", "components": components}))
    for name, of_kind in parts.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps({"architecture": of_kind}))
    return folder


def test_learning_goes_on_from_patches_and_from_the_bundled_checkpoint(tmp_path: Path) -> None:
    assert not why_not_learned_from(a_checkpoint(tmp_path / "whole", "patches", "patches"))
    assert not why_not_learned_from(bundled_checkpoint())


@pytest.mark.parametrize(("kind", "locator"), [("slices", None), ("patches", "slices")])
def test_it_does_not_from_slices(kind: str, locator: str | None, tmp_path: Path) -> None:
    assert "is of the kind 'slices'; learning goes on from one of the kind patches" in why_not_learned_from(
        a_checkpoint(tmp_path / "whole", kind, locator)
    )


@pytest.mark.parametrize(("kind", "said"), [("slices", "is of the kind 'slices'"), ("patches", "a mask model alone")])
def test_it_does_not_from_a_mask_model_alone(kind: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architecture": kind}))
    assert said in why_not_learned_from(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"model_type": "medvlsam2", "components": [1]}', '{"model_type": 3}'])
def test_what_its_files_do_not_tell_is_left_to_what_opens_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    assert not why_not_learned_from(tmp_path)
    assert not why_not_learned_from(tmp_path / "nothing")


def test_the_command_refuses_before_it_prepares_anything(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    start = a_checkpoint(tmp_path / "whole", "slices")
    arguments = ["finetune", "--from", str(start), "--data", str(tmp_path / "data"), "--output", str(tmp_path / "run")]
    assert run(parsed(arguments)) == 2
    assert "learning goes on from one of the kind patches" in caplog.text
    assert not (tmp_path / "run").exists()


def test_several_processes_do_not_prepare_the_same_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    finetune = ["finetune", "--data", str(tmp_path), "--output", str(tmp_path / "run"), "--steps", "1"]
    for arguments in (finetune, [*finetune, "--cache", str(tmp_path / "cache")]):
        chosen = parsed(arguments)
        with pytest.raises(TrainingDataError, match=r"prepare them once .* and name that folder with --cache"):
            chosen.run(chosen)
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "cache").exists()


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)
