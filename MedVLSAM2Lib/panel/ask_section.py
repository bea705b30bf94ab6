"""The ask section: a conversation about the scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

from MedVLSAM2Lib.panel.asker import Asker
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.conversation_html import Colours, ConversationHtml, link_at
from MedVLSAM2Lib.panel.tool_rules import why_no_questions
from MedVLSAM2Lib.panel.typed_text import MOST_TYPED, in_label, typed
from MedVLSAM2Lib.panel.typing_keys import escape_key

_PLACEHOLDER = "Is there a pleural effusion?"


class AskSection:
    """Binds the widgets of ``MedVLSAM2.ui`` that ask to an Asker.

    Args:
        ui: the widgets by name.
        asker: does the work.
        volume: the chosen scan.
        model: the chosen model.
        on_escape: what the Escape key does, also while something is typed.
    """

    def __init__(
        self, ui: Any, asker: Asker, volume: ChosenVolume, model: ChosenModel, on_escape: Callable[[], None]
    ) -> None:
        self._ui, self._asker, self._volume, self._model = ui, asker, volume, model
        self._shown = ""
        ui.conversationView.setOpenLinks(False)
        ui.conversationView.connect("anchorClicked(QUrl)", self._on_link)
        ui.conversationView.connect("highlighted(QUrl)", self._on_hover)
        ui.questionEdit.setMaxLength(MOST_TYPED)
        ui.questionEdit.connect("returnPressed()", self._ask)
        ui.askButton.connect("clicked()", self._ask)
        ui.stopButton.connect("clicked()", asker.cancel)
        ui.newConversationButton.connect("clicked()", asker.clear)
        self._escape_key = escape_key(ui.questionEdit, on_escape)

    def refresh(self) -> None:
        """Show the conversation, and what can be done now."""
        ui, asker = self._ui, self._asker
        reason = why_no_questions(self._volume, self._model)
        exchanges = asker.exchanges
        ui.questionEdit.setEnabled(not reason)
        ui.questionEdit.setPlaceholderText("" if reason else _PLACEHOLDER)
        ui.askButton.setEnabled(not reason and not asker.is_busy)
        ui.stopButton.setVisible(asker.is_busy)
        ui.askButton.setVisible(not asker.is_busy)
        ui.newConversationButton.setEnabled(bool(exchanges) and not asker.is_busy)
        ui.conversationView.setVisible(bool(exchanges))
        self._say(asker.notice or reason)
        if asker.given_back and not ui.questionEdit.text:
            ui.questionEdit.setText(asker.given_back)
            asker.given_back = ""
        self._show(ConversationHtml(_colours(ui.conversationView), asker.segment_name).write(exchanges, asker.progress))

    def _ask(self) -> None:
        question = typed(str(self._ui.questionEdit.text))
        if self._asker.ask(question):
            self._ui.questionEdit.clear()

    def _on_link(self, url: Any) -> None:
        link = link_at(str(url.toString()), self._asker.exchanges)
        if link is not None:
            self._asker.follow(link)

    def _on_hover(self, url: Any) -> None:
        self._asker.preview(link_at(str(url.toString()), self._asker.exchanges))

    def _say(self, sentence: str) -> None:
        self._ui.askLabel.setText(in_label(sentence))
        self._ui.askLabel.setVisible(bool(sentence))

    def _show(self, html: str) -> None:
        if html == self._shown:
            return
        self._shown = html
        bar = self._ui.conversationView.verticalScrollBar()
        place, was_at_end = bar.value, bar.value >= bar.maximum
        self._ui.conversationView.setHtml(html)
        bar.setValue(bar.maximum if was_at_end else place)


def _colours(widget: Any) -> Colours:
    palette = widget.palette
    text, base = palette.color(qt.QPalette.Text), palette.color(qt.QPalette.Base)
    is_dark = base.lightness() < text.lightness()
    return Colours(
        text=text.name(),
        quiet="#a0a0a0" if is_dark else "#6a6a6a",
        link="#7db7ff" if is_dark else "#0b57c0",
        question="#3a3f4a" if is_dark else "#e8edf5",
    )
