"""Whatever is typed, or stands in a file, shows in the panel's own widgets as it was written, and is markup in none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import qt
from hypothesis import given

from MedVLSAM2Lib.catalogue import Hub, ModelStore, read_catalogue
from MedVLSAM2Lib.catalogue.catalogue import Catalogue
from MedVLSAM2Lib.panel.report_rows import report_rows
from MedVLSAM2Lib.panel.typed_text import LONGEST_IN_LABEL, typed
from MedVLSAM2Lib.results import AnswerSentence, SentenceStatus, TextLink
from MedVLSAM2Lib.scene.conversation_node import ConversationNode, Exchange
from MedVLSAM2Lib.scene.phrase_history import phrases_in_scene
from tests.fuzz.cases import TYPED, cases
from tests.panel.conftest import (
    CAPABILITIES,
    a_speaker,
    a_worker_that_knows_words,
    an_abdomen,
    make_checkpoint,
    the_worker,
)
from tests.panel.reader import Reader, drawn

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer
    from tests.panel.user import User

__all__ = ["a_speaker", "a_worker_that_knows_words", "an_abdomen", "make_checkpoint", "the_worker"]

LIVER = (slice(10, 30), slice(10, 40), slice(8, 25))
MARKUP = "<a href='evidence:0/0/0'>x</a><img src='file:///etc/hostname'><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """Models of nobody."""
    store = ModelStore(tmp_path / "data", Hub(tmp_path / "cache"))
    monkeypatch.setattr("MedVLSAM2Lib.catalogue.ModelStore", lambda: store)
    return store


@pytest.fixture
def a_reader(a_slicer: OffscreenSlicer, a_speaker: User, an_abdomen: Any) -> Reader:
    """Somebody who reads the draft about a liver."""
    drawn(a_speaker.module, an_abdomen, {"liver": LIVER})
    reader = Reader(a_slicer, a_speaker.module)
    reader.open_section()
    reader.draft()
    return reader


@pytest.fixture
def a_conversation(a_speaker: User, an_abdomen: Any) -> ConversationNode:
    """A conversation that points at one segment."""
    from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation

    conversation = ConversationNode.for_volume(an_abdomen)
    conversation.evidence = create_segmentation(an_abdomen, "Evidence")
    create_segment(conversation.evidence, "liver")
    return conversation


def plain(text: str) -> str:
    """``text`` as a text document of Qt gives it back: its line ends are all alike, and its spaces too."""
    for line_end in ("\r\n", "\r", "\u2028", "\u2029", "\ufdd0", "\ufdd1"):
        text = text.replace(line_end, "\n")
    return text.replace("\N{NO-BREAK SPACE}", " ")


def in_label(label: Any) -> str:
    assert label.textFormat == qt.Qt.PlainText
    return unbroken(str(label.text))


def unbroken(text: str) -> str:
    return text.replace("\N{ZERO WIDTH SPACE}", "")


def start_of(text: str) -> str:
    """As much of a text as a label shows beside our own words."""
    return unbroken(text.replace("\r\n", "\n")[: LONGEST_IN_LABEL - 100])


def formats(document: Any) -> Iterator[Any]:
    """The format of each run of characters, objects that are no characters included."""
    block = document.begin()
    while block.isValid():
        for fragment in block:
            yield fragment.fragment().charFormat()
        block = block.next()


def read_tip(tip: str) -> str:
    """A tooltip as it is read; nothing of it is a link or a picture."""
    if not qt.Qt.mightBeRichText(tip):
        return str(tip)
    document = qt.QTextDocument()
    document.setHtml(tip)
    assert not any(form.isImageFormat() or form.isAnchor() for form in formats(document))
    return unbroken(str(document.toPlainText()))


@cases(150)
@given(text=TYPED)
def test_what_is_written_shows_as_it_is_written_everywhere_in_the_panel(
    text: str, a_reader: Reader, a_speaker: User, a_conversation: ConversationNode, a_store: ModelStore, tmp_path: Path
) -> None:
    said = typed(text)
    see_it_in_labels(said, a_speaker)
    see_it_in_a_conversation(said, a_speaker, a_conversation)
    see_it_in_the_report(said, a_reader)
    see_it_as_a_name(said, a_reader, a_speaker)
    see_it_as_the_name_of_a_model(said, a_speaker, tmp_path)
    see_it_in_the_catalogue(said, a_speaker, a_store)


def see_it_in_labels(said: str, a_speaker: User) -> None:
    panel, ui = a_speaker.panel, a_speaker.ui
    panel.say(said)
    panel.asker.notice = said
    panel.report.say(said)
    panel.refresh()
    for label in (ui.statusLabel, ui.askLabel, ui.reportLabel):
        assert in_label(label).startswith(start_of(said)) or (label is ui.askLabel and not said)
        assert label.minimumSizeHint().width() <= 380


def see_it_in_a_conversation(said: str, a_speaker: User, conversation: ConversationNode) -> None:
    segmentation = conversation.evidence.GetSegmentation()
    segmentation.GetNthSegment(0).SetName(said)
    link = (TextLink(0, len(said), (segmentation.GetNthSegmentID(0),)),) if said else ()
    sentences = (AnswerSentence(0, said, link), AnswerSentence(1, said, (), SentenceStatus.UNCONFIRMED))
    conversation.write((Exchange(said, sentences),))
    a_speaker.panel.refresh()

    view = a_speaker.ui.conversationView
    assert str(view.toPlainText()).count(plain(said)) >= 3 or not said.strip()
    for form in formats(view.document):
        assert not form.isImageFormat()
        assert form.anchorHref() in ("", "evidence:0/0/0")
        assert not form.toolTip() or read_tip(form.toolTip()).startswith(plain(f"show {start_of(said)}").rstrip())


def see_it_in_the_report(said: str, a_reader: Reader) -> None:
    reporter, ui = a_reader.section.reporter, a_reader.ui
    before = reporter.report
    ui.sentenceEdit.setText(said)
    a_reader.section._add()
    ui.indicationEdit.setText(said)
    a_reader.section._on_indication()
    rows = report_rows(reporter.report)
    number = next((number for number, row in enumerate(rows) if row.mark == "typed"), None)
    assert (number is None) == (not said.strip())
    if number is not None and "{" not in said:
        assert a_reader.table.item(number, 0).text() == said.strip()
        assert str(ui.indicationEdit.text) == said.strip()
    reporter._keep(before)


def see_it_as_a_name(said: str, a_reader: Reader, a_speaker: User) -> None:
    a_speaker.panel.volume.node.SetName(said)
    a_reader.segmentation.SetName(said)
    a_reader.segmentation.GetSegmentation().GetNthSegment(0).SetName(said)
    reporter = a_reader.section.reporter
    before = reporter.report
    (segment,) = before.segments.values()
    reporter._keep(before.with_segment(replace(segment, name=said)))
    tips = [read_tip(a_reader.table.item(row, 0).toolTip()) for row in range(a_reader.table.rowCount)]
    assert any(tip.startswith(plain(f"From {start_of(said)}").rstrip()) for tip in tips)
    reporter._keep(before)


def see_it_as_the_name_of_a_model(said: str, a_speaker: User, tmp_path: Path) -> None:
    folder = tmp_path / "named"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"name": said, "capabilities": []}), encoding="utf-8")
    a_speaker.panel.model._read(folder)
    a_speaker.panel.refresh()
    ui, name = a_speaker.ui, start_of(said) or "named"
    assert in_label(ui.modelLabel).startswith(name)
    for tool in (ui.pointButton, ui.phraseEdit):
        assert plain(name).strip() in read_tip(tool.toolTip)


def see_it_in_the_catalogue(said: str, a_speaker: User, a_store: ModelStore) -> None:
    entry = read_catalogue().entries[-1]
    licence = replace(entry.licence, tag=said, note=said)
    a_store.catalogue = Catalogue((replace(entry, title=said, licence=licence, capabilities=(said,)),))
    a_speaker.panel._catalogue.show()
    table, ui = a_speaker.ui.catalogueTable, a_speaker.ui
    table.setCurrentCell(-1, -1)
    table.setCurrentCell(0, 0)
    assert [table.item(0, column).text() for column in (0, 3, 5)] == [said] * 3
    assert in_label(ui.modelDetailsLabel).startswith(start_of(said))


def test_no_label_guesses_whether_its_text_is_markup(a_speaker: User) -> None:
    labels = [one for one in vars(a_speaker.ui).values() if one.inherits("QLabel")]
    with_html = {str(one.objectName) for one in labels if one.textFormat != qt.Qt.PlainText}
    assert with_html == {"keysLabel", "draftLabel"}


def test_a_phrase_with_markup_is_offered_again_and_found_as_it_was_typed(a_speaker: User) -> None:
    a_speaker.worker_will(capabilities=[*CAPABILITIES, "phrase"], tones={MARKUP: 110})
    a_speaker.ui.phraseEdit.setText(MARKUP)
    a_speaker.press("phrase")
    a_speaker.wait()
    assert list(a_speaker.segments()) == [MARKUP]
    assert in_label(a_speaker.ui.statusLabel) == f"{MARKUP} is segmented."
    assert phrases_in_scene(a_speaker.slicer.scene) == (MARKUP,)
    completions = a_speaker.ui.phraseEdit.completer().model()
    assert str(completions.data(completions.index(0, 0))) == MARKUP
