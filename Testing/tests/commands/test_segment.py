"""``medvlsam2 segment``: prompts in RAS mm or words in, segmentation files out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.files.volume_file import read_volume
from tests.session.toy_phrases import BRIGHT, HOLLOW, toy_volume


def _typed(position: tuple[float, ...]) -> str:
    return ",".join(f"{value:.1f}" for value in position)


@pytest.fixture
def a_click(a_scan: Any) -> tuple[float, float, float]:
    """In the spleen: R is negative, so that the argument starts with a minus."""
    position: tuple[float, float, float] = a_scan.phantom.innermost("spleen")
    assert position[0] < 0
    return position


def test_a_click_becomes_a_segment_with_the_clicked_voxel_in_it(
    a_scan: Any, a_checkpoint: Path, a_click: tuple[float, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "spleen.seg.nrrd"
    arguments = ["segment", str(a_scan.path), "--point", _typed(a_click), "-o", str(output), "--name", "spleen"]
    assert main([*arguments, "--checkpoint", str(a_checkpoint)]) == 0
    mask = read_volume(output)
    i, j, k = (round(v) for v in mask.ras_to_ijk(a_click))
    assert mask.array[k, j, i] == 1
    assert mask.shape == a_scan.phantom.volume.shape
    assert "1 of 1 clicked voxels inside" in capsys.readouterr().out


def test_points_and_a_box_go_together(
    a_scan: Any, a_checkpoint: Path, a_click: tuple[float, ...], tmp_path: Path
) -> None:
    output = tmp_path / "spleen.nii.gz"
    box = [*(v - 30 for v in a_click), *(v + 30 for v in a_click)]
    outside = (a_click[0] + 48, a_click[1], a_click[2])
    arguments = ["segment", str(a_scan.path), "--box", _typed(box), "--negative", _typed(outside), "-o", str(output)]
    assert main([*arguments, "--point", _typed(a_click), "--checkpoint", str(a_checkpoint)]) == 0
    mask = read_volume(output)
    inside, beside = ([round(v) for v in mask.ras_to_ijk(p)][::-1] for p in (a_click, outside))
    assert mask.array[tuple(inside)] == 1
    assert mask.array[tuple(beside)] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"volume": "nowhere.nii.gz"}, "does not exist"),
        ({"--point": "900,0,0"}, "outside the volume"),
        ({"-o": "mask.docx"}, "end it in one of"),
        ({"--checkpoint": "nowhere"}, "checkpoint"),
        ({"--point": None}, "nothing to segment"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(
    a_scan: Any,
    a_checkpoint: Path,
    a_click: tuple[float, ...],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, str | None],
    message: str,
) -> None:
    given: dict[str, str | None] = {
        "volume": str(a_scan.path),
        "--point": _typed(a_click),
        "-o": str(tmp_path / "mask.nii.gz"),
        "--checkpoint": str(a_checkpoint),
    } | change
    arguments = ["segment", str(given.pop("volume"))]
    for option, value in given.items():
        arguments += [option, value] if value is not None else []
    assert main(arguments) == 2
    assert message in caplog.text
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    assert not (tmp_path / "mask.nii.gz").exists()


def test_a_position_that_is_none_is_refused_by_the_parser(a_scan: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["segment", str(a_scan.path), "--point", "here", "-o", "mask.nii.gz"])
    assert stopped.value.code == 2
    assert "R,A,S in mm" in capsys.readouterr().err


def test_words_become_a_segment(
    a_scan_with_balls: Path, a_speaking_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "ball.seg.nrrd"
    arguments = ["segment", str(a_scan_with_balls), "--text", BRIGHT, "--modality", "CT", "-o", str(output)]
    assert main([*arguments, "--checkpoint", str(a_speaking_checkpoint)]) == 0
    found, bright = read_volume(output).array > 0, toy_volume(np.random.default_rng(99))[1][BRIGHT]
    assert 2 * (found & bright).sum() / (found.sum() + bright.sum()) > 0.6
    assert f"{output}: " in capsys.readouterr().out


def test_words_that_name_nothing_are_told_and_exit_status_1(
    a_scan_with_balls: Path, a_speaking_checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = tmp_path / "ball.seg.nrrd"
    arguments = ["segment", str(a_scan_with_balls), "--text", HOLLOW, "--modality", "CT", "-o", str(output)]
    assert main([*arguments, "--checkpoint", str(a_speaking_checkpoint)]) == 1
    assert f"No “{HOLLOW}” was found" in caplog.text
    assert not output.exists()


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        (BRIGHT, ["--point", "0,0,0"], "but not both"),
        (" ", [], "There is no phrase"),
    ],
)
def test_words_that_cannot_be_used_are_one_sentence_and_exit_status_2(
    a_scan_with_balls: Path,
    a_speaking_checkpoint: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    text: str,
    more: list[str],
    message: str,
) -> None:
    arguments = ["segment", str(a_scan_with_balls), "--text", text, *more, "-o", str(tmp_path / "ball.nii.gz")]
    assert main([*arguments, "--checkpoint", str(a_speaking_checkpoint)]) == 2
    assert [message in record.message for record in caplog.records if record.levelname == "ERROR"] == [True]


def test_a_model_without_words_says_so(
    a_scan_with_balls: Path, a_checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = ["segment", str(a_scan_with_balls), "--text", "liver", "-o", str(tmp_path / "liver.nii.gz")]
    assert main([*arguments, "--checkpoint", str(a_checkpoint)]) == 2
    assert "does not know words" in caplog.text
