"""``medvlsam2 ask``: answers whose sentences were checked, and what they point at as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.report.report import DRAFT_MARK
from tests.session.toy_phrases import BRIGHT, HOLLOW, question, toy_volume


def _asked(phrase: str) -> str:
    return question(phrase)[0].text


def test_an_answer_names_its_evidence_and_writes_it(
    a_scan_with_balls: Path, a_speaking_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ask", str(a_scan_with_balls), _asked(BRIGHT), "--evidence", str(tmp_path / "evidence")]
    assert main([*arguments, "--modality", "CT", "--checkpoint", str(a_speaking_checkpoint)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [DRAFT_MARK, f"> {_asked(BRIGHT)}", "Here is the bright ball [answer 1 object 1].", DRAFT_MARK]
    found = read_volume(tmp_path / "evidence" / "answer_1_object_1.seg.nrrd").array > 0
    bright = toy_volume(np.random.default_rng(99))[1][BRIGHT]
    assert 2 * (found & bright).sum() / (found.sum() + bright.sum()) > 0.6


def test_what_the_scan_does_not_show_is_in_brackets_with_the_reason(
    a_scan_with_balls: Path, a_speaking_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ask", str(a_scan_with_balls), _asked(HOLLOW), "--evidence", str(tmp_path / "evidence")]
    assert main([*arguments, "--modality", "CT", "--checkpoint", str(a_speaking_checkpoint)]) == 0
    assert "(The model spoke of “hollow ball”, but no voxels of this scan show it.)" in capsys.readouterr().out
    assert not (tmp_path / "evidence").exists()


@pytest.mark.parametrize(
    ("scan", "asked", "message"),
    [("nowhere.nii.gz", "Is it?", "does not exist"), (None, " ", "There is no question")],
)
def test_bad_input_is_one_sentence_and_exit_status_2(
    a_scan_with_balls: Path,
    a_speaking_checkpoint: Path,
    caplog: pytest.LogCaptureFixture,
    scan: str | None,
    asked: str,
    message: str,
) -> None:
    assert main(["ask", scan or str(a_scan_with_balls), asked, "--checkpoint", str(a_speaking_checkpoint)]) == 2
    assert [message in record.message for record in caplog.records if record.levelname == "ERROR"] == [True]


def test_a_mask_model_alone_answers_nothing(
    a_scan_with_balls: Path, a_checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["ask", str(a_scan_with_balls), "Is there a cyst?", "--checkpoint", str(a_checkpoint)]) == 2
    assert "does not answer questions" in caplog.text
