"""Segment, find, ask and report from a script."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from MedVLSAM2Lib import Session
from MedVLSAM2Lib.files.geometry import set_ijk_to_ras
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.prompts import PromptError, nearest_voxel
from MedVLSAM2Lib.report import DRAFT_MARK, Quantity, TemplateError
from MedVLSAM2Lib.volume import Volume
from tests.session.toy_phrases import BRIGHT, DARK, HOLLOW, question

ROOT = Path(__file__).resolve().parents[3]
Balls = tuple[Volume, dict[str, np.ndarray]]


def _middle(volume: Volume, mask: np.ndarray) -> tuple[float, float, float]:
    k, j, i = np.argwhere(mask).mean(axis=0)
    return volume.ijk_to_ras_position((float(i), float(j), float(k)))


def _voxel(volume: Volume, ras: tuple[float, float, float]) -> tuple[int, int, int]:
    return nearest_voxel(volume.ras_to_ijk(ras))


def _dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def test_the_package_alone_brings_no_torch() -> None:
    program = "import sys, MedVLSAM2Lib\nsys.exit('torch' in sys.modules or 'Session' not in MedVLSAM2Lib.__all__)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_points_in_mm_become_a_segment_that_further_points_refine(a_session: Session, balls: Balls) -> None:
    volume, masks = balls
    bright, dark = _middle(volume, masks[BRIGHT]), _middle(volume, masks[DARK])
    first = a_session.segment(points=[bright, dark], name="both balls")
    assert first.array()[_voxel(volume, bright)]
    assert first.array()[_voxel(volume, dark)]
    beside = (dark[0] + 4.0, dark[1], dark[2])
    refined = a_session.segment(negative=[beside], refine=first)
    assert refined.array()[_voxel(volume, bright)]
    assert not refined.array()[_voxel(volume, beside)]
    assert (refined.name, refined.segment_id) == ("both balls", first.segment_id)


def test_a_phrase_becomes_measured_segments_and_files(a_session: Session, balls: Balls, tmp_path: Path) -> None:
    volume, masks = balls
    (found,) = a_session.find(BRIGHT)
    assert _dice(found.array(), masks[BRIGHT]) > 0.6
    assert found.volume_ml == pytest.approx(found.array().sum() * volume.voxel_volume_mm3 / 1000)
    assert found.measurements.value(Quantity.MEAN_HU) == pytest.approx(volume.array[found.array()].mean())
    found.save(tmp_path / "ball.seg.nrrd")
    assert np.array_equal(read_volume(tmp_path / "ball.seg.nrrd").array > 0, found.array())


def test_many_phrases_are_one_request_and_say_what_was_not_found(a_session: Session) -> None:
    found = a_session.find_all([BRIGHT, HOLLOW, BRIGHT, DARK])
    assert {phrase: len(segments) for phrase, segments in found.items()} == {BRIGHT: 1, HOLLOW: 0, DARK: 1}


def test_an_answer_holds_its_sentences_and_their_segments(a_session: Session, balls: Balls) -> None:
    answer = a_session.ask(question(BRIGHT)[0].text)
    assert str(answer) == "Here is the bright ball."
    (link,) = answer.sentences[0].links
    (segment_id,) = link.object_ids
    assert _dice(answer.segments[segment_id].array(), balls[1][BRIGHT]) > 0.6
    a_session.forget_conversation()
    assert a_session.ask(question(HOLLOW)[0].text).text == ""


def test_a_report_holds_what_was_measured_and_what_the_model_said(a_session: Session, tmp_path: Path) -> None:
    (ball,) = a_session.find(BRIGHT)
    draft = a_session.report("chest", indication="A cough.", segments=[ball])
    text = draft.text
    assert text.startswith(DRAFT_MARK)
    assert ball.measurements.measurements[Quantity.VOLUME].text in text
    assert "Two balls are seen. [model]" in text
    assert re.search(r"IMPRESSION\nBoth need a follow-up. \[model\]", text)
    assert re.search(r"Model: toy .*, checkpoint sha256 [0-9a-f]{16}", text)
    assert "A cough." in text
    draft.save(tmp_path / "report.html")
    assert "data:image/png;base64" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_report_finds_what_its_template_names(a_session: Session) -> None:
    draft = a_session.report("brain", sentences=False)
    assert draft.report.layout.title == "Brain"
    assert "[model]" not in draft.text
    assert all(segment.name for segment in draft.report.segments.values())


def test_what_cannot_be_done_is_one_sentence(a_session: Session) -> None:
    with pytest.raises(PromptError, match="There is nothing to segment"):
        a_session.segment()
    with pytest.raises(PromptError, match="outside the volume"):
        a_session.segment(points=[(900.0, 0.0, 0.0)])
    with pytest.raises(TemplateError, match="There is no report template knee; choose abdomen_pelvis"):
        a_session.report("knee")


def test_the_documented_script_runs(
    a_speaking_checkpoint: Path, balls: Balls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (script,) = re.findall(
        r"## From Python\n.*?```python\n(.*?)```",
        (ROOT / "docs" / "SCRIPTING.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    image = sitk.GetImageFromArray(balls[0].array)
    set_ijk_to_ras(image, balls[0].ijk_to_ras)
    sitk.WriteImage(image, str(tmp_path / "scan.nii.gz"))
    shutil.copytree(a_speaking_checkpoint, tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(script)
    runpy.run_path("script.py")
    assert {"spleen.seg.nrrd", "report.html"} <= {path.name for path in tmp_path.iterdir()}
