"""The map of the keys is true: every key that works is on it, and does what it says, while the module is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import qt

from MedVLSAM2Lib.panel.key_map import KEY_MAP, REPORT_KEYS
from tests.panel.reader import Reader
from tests.panel.user import BESIDE, INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer


def test_every_shortcut_of_the_panel_is_on_the_map(a_user: User) -> None:
    shortcuts = a_user.module.panel.findChildren(qt.QShortcut)
    working = {str(shortcut.key.toString()) for shortcut in shortcuts}
    on_the_map = {str(qt.QKeySequence(key.sequence).toString()) for key in (*KEY_MAP, *REPORT_KEYS)}
    assert working == on_the_map
    a_user.key("Question")
    shown = qt.QTextDocument()
    shown.setHtml(a_user.ui.keysLabel.text)
    for key in (*KEY_MAP, *REPORT_KEYS):
        assert key.shown in shown.toPlainText()
        assert key.does in shown.toPlainText()


def test_each_key_does_what_the_map_says(a_user: User, a_ct: Any) -> None:
    ui, placer, segmenter = a_user.ui, a_user.panel.placer, a_user.panel.segmenter
    for key, tool in (("3", "box"), ("4", "scribble"), ("5", "lasso"), ("1", "point")):
        a_user.key(key)
        assert placer.tool is not None
        assert placer.tool.name == tool
        assert not ui.negativeButton.checked
    a_user.key("X")
    assert ui.negativeButton.checked
    a_user.key("X")
    a_user.key("2")
    assert (placer.tool.name, ui.negativeButton.checked) == ("point", True)
    a_user.key("1")
    a_user.prompt(INSIDE)
    first = a_user.mask(a_ct)
    assert first.any()

    a_user.key("Z")
    assert not a_user.mask(a_ct).any()
    a_user.key("Z", shift=True)
    assert np.array_equal(a_user.mask(a_ct), first)
    a_user.key("BracketRight")
    assert "larger answer" in a_user.says or segmenter.is_busy
    a_user.key("BracketLeft")
    assert "smaller answer" in a_user.says or segmenter.is_busy
    a_user.wait()

    a_user.key("2")
    a_user.key("N")
    assert segmenter.segment_id == ""
    assert not ui.negativeButton.checked
    a_user.key("M")
    assert segmenter.is_counting
    a_user.key("M")
    a_user.key("Escape")
    assert placer.tool is None


def test_no_key_works_once_another_module_is_open(a_user: User) -> None:
    a_user.module.widget.exit()
    a_user.ui.statusLabel.setText("")
    for key in ("1", "2", "3", "4", "5", "X", "Z", "BracketLeft", "BracketRight", "C", "N", "M", "Question", "Return"):
        a_user.key(key)
    assert a_user.panel.placer.tool is None
    assert not a_user.ui.negativeButton.checked
    assert not a_user.panel.segmenter.is_counting
    assert a_user.ui.keysSection.collapsed
    assert not a_user.ui.beforeButton.checked
    assert a_user.says == ""
    a_user.module.widget.enter()
    a_user.key("M")
    assert a_user.panel.segmenter.is_counting


def test_the_keys_of_the_report_work_where_a_sentence_is_chosen_and_letters_are_letters_elsewhere(
    a_slicer: OffscreenSlicer, a_user: User
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    reader = Reader(a_slicer, a_user.module)
    reader.open_section()
    reader.draft()
    reader.click_sentence("Segment:")
    reader.press_key_in_table("Delete")
    assert reader.is_struck("Segment:")
    reader.press_key_in_table("Delete")
    assert not reader.is_struck("Segment:")
    reader.type_into("sentenceEdit", "1 2 x z n m [ ]")
    assert reader.has("1 2 x z n m [ ]")
    assert len(a_user.segments()) == 1
    assert not a_user.panel.segmenter.is_counting


def test_the_3d_view_stays_as_it_is_while_segments_change(a_slicer: OffscreenSlicer, a_user: User, a_ct: Any) -> None:
    view = a_slicer.open_view("3D")
    a_user.take("point")
    a_user.prompt(INSIDE)
    segmentation = a_user.panel.segmenter.segmentation_node
    segmentation.CreateClosedSurfaceRepresentation()
    view.fit_view_to_content()
    camera = view.renderer().GetActiveCamera()
    camera.Azimuth(25)
    camera.Elevation(15)

    def sight() -> tuple[Any, ...]:
        return camera.GetPosition(), camera.GetFocalPoint(), camera.GetViewUp(), camera.GetParallelScale()

    before = sight()
    a_user.prompt(BESIDE)
    a_slicer.process_events(until=lambda: not a_user.panel._surfaces.is_busy, timeout_s=20)
    a_user.press("undo")
    a_user.press("newSegment")
    a_user.prompt(BESIDE)
    a_slicer.process_events(until=lambda: not a_user.panel._surfaces.is_busy, timeout_s=20)
    assert sight() == before
