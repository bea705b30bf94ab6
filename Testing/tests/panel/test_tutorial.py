"""The steps of ``docs/TUTORIAL.md``, with the engine and the checkpoint that come with the extension."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from MedVLSAM2Lib.report import DRAFT_MARK
from MedVLSAM2Lib.training.phantom import Phantom, make_phantom
from tests.panel.reader import Reader
from tests.panel.user import User

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.offscreen_slicer import OffscreenSlicer


@pytest.fixture(scope="module")
def a_phantom() -> Phantom:
    return make_phantom()


@pytest.fixture
def a_newcomer(a_slicer: OffscreenSlicer, a_phantom: Phantom) -> Iterator[User]:
    """Somebody who opens the module for the first time, with a CT loaded (steps 1 and 2)."""
    import qt
    import slicer

    from tests.panel.conftest import ROOT

    volume = a_phantom.volume
    node = slicer.util.addVolumeFromArray(volume.array, volume.ijk_to_ras, "CT trunk")
    node.CreateDefaultDisplayNodes()
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    a_slicer.open_view("Red")
    a_slicer.show_volume(node)
    module.widget.enter()
    module.widget.ui.volumeSelector.setCurrentNode(node)
    user = User(a_slicer, module, ROOT)
    user.wait_to_read("is open")
    yield user
    qt.QSettings().clear()


def test_a_newcomer_gets_from_a_scan_to_an_exported_report(
    a_slicer: OffscreenSlicer, a_newcomer: User, a_phantom: Phantom, tmp_path: Path
) -> None:
    user, ui = a_newcomer, a_newcomer.ui
    liver = a_phantom.innermost("liver")
    # 3, 4
    user.key("1")
    user.prompt(liver)
    segmentation: Any = user.panel.segmenter.segmentation_node
    user.key("Z")
    user.key("Z", shift=True)
    segmentation.GetSegmentation().GetNthSegment(0).SetName("liver")
    # 5
    user.find("left lung")
    assert list(user.segments()) == ["liver", "left lung"]
    user.find("left kidney stone")
    assert list(user.segments()) == ["liver", "left lung"]
    # 6, 7
    ui.askSection.collapsed = False
    user.show_panel()
    assert ui.questionEdit.enabled
    user.ask("How large is the left lung?")
    assert "ml" in user.conversation
    red = a_slicer.scene.GetNodeByID("vtkMRMLSliceNodeRed")
    before = red.GetSliceOffset()
    _, _, answer = user.conversation.rpartition("?")
    user.follow(re.findall(r"left lung \w+", answer)[0])
    assert red.GetSliceOffset() != before
    # 8, 9
    reader = Reader(a_slicer, user.module)
    reader.open_section()
    reader.type_into("indicationEdit", "Flank pain.")
    reader.draft()
    assert reader.mark_of("Left lung:") == "measured"
    reader.rewrite("Liver:", "The liver is as expected.")
    reader.click_sentence("The liver is as")
    reader.type_into("sentenceEdit", "Seen by me.")
    reader.click_sentence("Seen by me.")
    reader.press_key_in_table("Up", alt=True)
    assert reader.lines.index("Seen by me.") < reader.lines.index("The liver is as expected.")
    # 10
    reader.export("Web page", tmp_path)
    (page,) = tmp_path.glob("*.html")
    written = page.read_text(encoding="utf-8")
    assert DRAFT_MARK in written
    assert "The liver is as expected." in written
    assert written.count("data:image/") >= 1
    assert f"in {tmp_path.name}." in reader.says
