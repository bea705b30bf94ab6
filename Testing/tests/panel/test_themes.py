"""The theme changes while everything is shown: what the panel coloured itself follows, and all of it can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import qt

from harness import keyboard
from tests.panel.conftest import TONES
from tests.panel.reader import Reader, drawn

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer
    from tests.panel.user import User

READABLE = 4.5
"""The least contrast of text that the Web Content Accessibility Guidelines call readable (AA)."""
QUESTION = "How is the liver?"
LIVER = (slice(10, 30), slice(10, 40), slice(8, 25))


def test_what_is_shown_can_be_read_while_the_theme_changes_to_and_fro(
    a_slicer: OffscreenSlicer, a_speaker: User, an_abdomen: Any
) -> None:
    from harness.themes import Theme, themed

    a_speaker.worker_will_also(answers={QUESTION: ["The liver", TONES["liver"], " holds <volume:1>."]})
    drawn(a_speaker.module, an_abdomen, {"liver": LIVER})
    a_speaker.ui.askSection.collapsed = False
    a_speaker.ask(QUESTION)
    reader = Reader(a_slicer, a_speaker.module)
    reader.open_section()
    reader.draft()
    reader.click_sentence("Liver:")
    chosen = reader.table.currentRow()
    seen = []
    for theme in (Theme.LIGHT, Theme.DARK, Theme.LIGHT):
        with themed(theme):
            a_slicer.process_events(until=lambda: all(c >= READABLE for c in contrasts(a_speaker)), timeout_s=10)
            seen.append(str(a_speaker.ui.conversationView.toHtml()))
            assert reader.table.currentRow() == chosen
    assert seen[0] != seen[1]
    assert seen[0] == seen[2]


def test_a_theme_that_changes_while_a_sentence_is_typed_leaves_the_typing_alone(
    a_slicer: OffscreenSlicer, a_speaker: User, an_abdomen: Any
) -> None:
    from harness.themes import Theme, themed

    drawn(a_speaker.module, an_abdomen, {"liver": LIVER})
    reader = Reader(a_slicer, a_speaker.module)
    reader.open_section()
    reader.draft()
    with themed(Theme.LIGHT):
        reader.settle()
        editor = reader.open_editor("Liver:")
        with themed(Theme.DARK):
            a_slicer.process_events(until=lambda: a_speaker.panel.report.is_busy, timeout_s=10)
            assert editor.isVisible()
            editor.selectAll()
            keyboard.type_text(editor, "The liver is mine.")
            keyboard.press_key(editor, "Return")
            reader.settle()
            assert reader.has("The liver is mine.")
            assert min(contrasts(a_speaker)) >= READABLE


def contrasts(user: User) -> Iterator[float]:
    """Of everything that the panel colours itself, against what it stands on."""
    view, table = user.ui.conversationView, user.ui.reportTable
    base = view.palette.color(qt.QPalette.Base)
    for colour in re.findall(r"[ ;\"]color:(#\w{6})", str(view.toHtml())):
        yield contrast(qt.QColor(colour), base)
    for row in range(table.rowCount):
        for column in range(table.columnCount):
            item = table.item(row, column)
            if item is not None and item.text():
                brush = item.foreground()
                colour = brush.color() if brush.style() != qt.Qt.NoBrush else table.palette.color(qt.QPalette.Text)
                yield contrast(colour, table.palette.color(qt.QPalette.Base))


def contrast(text: Any, base: Any) -> float:
    alpha = text.alphaF()
    mixed = [alpha * t + (1 - alpha) * b for t, b in zip(_rgb(text), _rgb(base), strict=True)]
    lighter, darker = sorted((_luminance(mixed), _luminance(_rgb(base))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _rgb(colour: Any) -> list[float]:
    return [colour.redF(), colour.greenF(), colour.blueF()]


def _luminance(rgb: list[float]) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
