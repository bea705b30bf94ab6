"""``medvlsam2 segment``: prompts in RAS mm in, a segmentation file out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.files import read_volume


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
    assert len(caplog.records) == 1
    assert not (tmp_path / "mask.nii.gz").exists()


def test_a_position_that_is_none_is_refused_by_the_parser(a_scan: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["segment", str(a_scan.path), "--point", "here", "-o", "mask.nii.gz"])
    assert stopped.value.code == 2
    assert "R,A,S in mm" in capsys.readouterr().err
