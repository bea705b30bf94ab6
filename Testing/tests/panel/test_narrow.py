"""In a side panel of 380 pixels everything can be read and reached, whatever is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from MedVLSAM2Lib.results import AnswerSentence
from MedVLSAM2Lib.scene.conversation_node import ConversationNode, Exchange
from tests.panel.reader import Reader, drawn

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer
    from tests.panel.user import User

NARROW = 380
SECTIONS = ("input", "segment", "editor", "ask", "report", "keys", "model")
LONG_NAME = "Segmentation_of_the_abdomen_of_patient_0042_after_contrast_reviewed_by_two_readers"
LONG_WORDS = "A sentence that goes on and on, as sentences of reports do when nobody stops them. " * 30
LIVER = (slice(10, 30), slice(10, 40), slice(8, 25))


@pytest.fixture(params=["light", "dark"])
def a_theme(request: pytest.FixtureRequest) -> Iterator[None]:
    from harness.themes import Theme, themed

    with themed(Theme(request.param)):
        yield


def unfold_all(user: User) -> None:
    for section in SECTIONS:
        getattr(user.ui, f"{section}Section").collapsed = False
    user.ui.structuresGroup.collapsed = False
    user.show_panel()
    user.module.panel.resize(NARROW, 4000)
    user.slicer.process_events()


def too_wide(user: User) -> dict[str, int]:
    """The sections that want more than there is, and the widgets that are cut off at the panel's right."""
    found = {}
    for name in SECTIONS:
        section = getattr(user.ui, f"{name}Section")
        wanted = section.minimumSizeHint().width()
        if wanted > NARROW:
            found[name] = wanted
    panel = user.module.panel
    for widget in vars(user.ui).values():
        # What Qt makes for itself, such as the headers of tables, scrolls.
        if widget.isWidgetType() and widget.objectName and widget.isVisible() and widget is not panel:
            right = widget.mapTo(panel, widget.rect.topRight()).x()
            if right > NARROW and not str(widget.objectName).startswith("qt_"):
                found[str(widget.objectName)] = right
    return found


@pytest.mark.usefixtures("a_theme")
def test_every_section_fits_into_a_narrow_panel_empty_and_full_of_long_texts(
    a_slicer: OffscreenSlicer, a_speaker: User, an_abdomen: Any
) -> None:
    unfold_all(a_speaker)
    assert too_wide(a_speaker) == {}

    fill_with_long_texts(a_slicer, a_speaker, an_abdomen)
    unfold_all(a_speaker)
    assert too_wide(a_speaker) == {}
    assert a_speaker.module.panel.size.width() == NARROW
    for view in (a_speaker.ui.conversationView, a_speaker.ui.reportTable):
        assert view.verticalScrollBar().maximum > 0
        assert view.horizontalScrollBar().maximum == 0


def test_nothing_empty_stands_where_something_was_said_while_its_section_was_folded(
    a_speaker: User, an_abdomen: Any
) -> None:
    ui = a_speaker.ui
    ui.volumeSelector.setCurrentNode(None)
    unfold_all(a_speaker)
    assert all(label.isVisible() for label in (ui.reasonLabel, ui.askLabel))
    for section in (ui.segmentSection, ui.askSection):
        section.collapsed = True
    ui.volumeSelector.setCurrentNode(an_abdomen)
    unfold_all(a_speaker)
    assert not any(label.isVisible() for label in (ui.reasonLabel, ui.askLabel))


def fill_with_long_texts(a_slicer: OffscreenSlicer, user: User, volume: Any) -> None:
    drawn(user.module, volume, {"liver": LIVER})
    reader = Reader(a_slicer, user.module)
    reader.open_section()
    reader.draft()
    volume.SetName(LONG_NAME)
    reader.segmentation.SetName(LONG_NAME)
    reader.segmentation.GetSegmentation().GetNthSegment(0).SetName(LONG_NAME)
    report = reader.section.reporter
    report.edit(report.report.statements[-1].statement_id, LONG_WORDS + LONG_NAME * 5)
    reader.settle()
    card = replace(user.panel.model.card, name=LONG_NAME * 3)
    user.panel.model.card = card
    conversation = ConversationNode.for_volume(volume)
    conversation.write((Exchange(LONG_NAME * 4, (AnswerSentence(0, LONG_WORDS + LONG_NAME * 4),)),))
    user.panel.segmenter.new_segment()
    user.panel.asker.notice = f"{LONG_WORDS} {LONG_NAME * 3}"
    user.panel.report.say(f"Written: {LONG_NAME * 3}.")
    user.ui.catalogueTable.setCurrentCell(1, 0)
    user.press("downloadModel")
    user.panel.say(LONG_NAME * 3)
    user.panel.refresh()
