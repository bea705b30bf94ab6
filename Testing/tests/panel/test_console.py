"""The module's tasks from Slicer's Python console."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.report_node import ReportNode
from tests.panel.conftest import ROOT, TONES
from tests.panel.user import User

CYST = (-24.0, 6.0, -15.0)
"""In the larger of the two."""


def the_logic() -> Any:
    import slicer

    return slicer.util.getModuleLogic("MedVLSAM2")


def tone(volume: Any, name: str) -> np.ndarray:
    import slicer

    return slicer.util.arrayFromVolume(volume) == TONES[name]


def test_the_readme_s_lines_work_and_the_panel_shows_what_they_made(
    a_speaker: User, an_abdomen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    import slicer

    question = "How large is the liver?"
    a_speaker.worker_will_also(answers={question: ["The liver", TONES["liver"], " holds <volume:1>."]})
    an_abdomen.SetName("CT")
    (lines,) = re.findall(
        r"## From Slicer's Python console\n.*?```python\n(.*?)```",
        (ROOT / "docs" / "SCRIPTING.md").read_text("utf-8"),
        re.DOTALL,
    )
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"slicer": slicer}
    exec(compile(lines, "SCRIPTING.md", "exec"), names)  # noqa: S102

    answer, written = capsys.readouterr().out.strip().split("\n")
    assert re.fullmatch(r"The liver holds \d+\sml\.", answer)
    assert Path(eval(written)[0]).read_text("utf-8").count("Flank pain.") >= 1
    assert list(a_speaker.segments()) == ["liver", "cyst"]
    assert ReportNode.of_segmentation(names["segmentation"]).read() == names["draft"]
    assert "The liver holds" in a_speaker.conversation
    a_speaker.ui.segmentSelector.setCurrentSegmentID(names["liver"])
    corrected = a_speaker.mask(an_abdomen)
    a_speaker.press("undo")
    assert np.array_equal(a_speaker.mask(an_abdomen), tone(an_abdomen, "liver"))
    assert not np.array_equal(corrected, tone(an_abdomen, "liver"))


def test_points_make_one_segment_that_more_points_correct(a_speaker: User, an_abdomen: Any) -> None:
    logic = the_logic()
    segmentation, (segment_id,) = logic.segmentByPoints(an_abdomen, [CYST], name="cyst")
    first = a_speaker.mask(an_abdomen, segment_id, segmentation)
    assert first.sum() == 6 * 8 * 8
    other = (-26.0, 0.0, 12.0)
    again = logic.segmentByPoints(an_abdomen, [other], segmentationNode=segmentation, segmentID=segment_id)
    assert again == (segmentation, (segment_id,))
    assert np.array_equal(a_speaker.mask(an_abdomen, segment_id, segmentation), tone(an_abdomen, "renal cysts"))
    assert len(a_speaker.prompts_in_view()) == 2


def test_a_phrase_that_names_nothing_here_makes_nothing(a_speaker: User, an_abdomen: Any) -> None:
    assert the_logic().segmentByPhrase(an_abdomen, "spleen") == (None, ())
    assert a_speaker.segments() == {}


def test_what_cannot_be_done_is_one_sentence(a_speaker: User, an_abdomen: Any) -> None:
    logic = the_logic()
    for call, words in (
        (lambda: logic.segmentByPhrase(None, "liver"), "There is no volume"),
        (lambda: logic.segmentByPhrase(an_abdomen, " "), "There is no phrase"),
        (lambda: logic.segmentByPoints(an_abdomen, []), "give a point"),
        (lambda: logic.segmentByPoints(an_abdomen, [(900.0, 0.0, 0.0)]), "outside the volume"),
        (lambda: logic.ask(an_abdomen, ""), "There is no question"),
        (lambda: logic.report(an_abdomen, None), "There is no segmentation"),
    ):
        with pytest.raises(SceneError, match=words):
            call()
    segmentation, _ = logic.segmentByPoints(an_abdomen, [CYST])
    with pytest.raises(SceneError, match="There is no report template knee; choose one of"):
        logic.report(an_abdomen, segmentation, "knee")
    with pytest.raises(SceneError, match="draft one first"):
        logic.exportReport(segmentation, "somewhere")
    a_speaker.worker_will_also(trouble={"kind": "raise", "at": "click", "times": 1})
    with pytest.raises(SceneError):
        logic.segmentByPoints(an_abdomen, [CYST], segmentationNode=segmentation)
