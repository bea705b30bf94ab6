"""Typing over a sentence where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

_LEAST_LINES = 5
_ROOM_PX = 12


class SentenceEditor:
    """A small text field over a cell of a table: long sentences wrap in it, as a table's own editor cannot.

    Enter, or leaving it, ends it; Escape leaves the sentence as it was. Line ends that are pasted become spaces.

    Args:
        table: the QTableWidget.
        done: gets the row's number and the new text.
        closed: called when the field is gone.
    """

    def __init__(self, table: Any, done: Callable[[int, str], None], closed: Callable[[], None]) -> None:
        self._table, self._done, self._closed = table, done, closed
        self._field: Any = None
        self._row = -1
        self._before = ""
        # One object for connecting and disconnecting: a bound method is another one each time it is asked for.
        self._focus_slot = self._on_focus

    @property
    def is_open(self) -> bool:
        """Whether somebody is typing."""
        return self._field is not None

    def open(self, row: int, column: int, text: str) -> None:
        """Put the field over a cell, with the cursor behind ``text``."""
        self.cancel()
        field = qt.QPlainTextEdit()
        field.setPlainText(text)
        field.setTabChangesFocus(True)
        escape = qt.QShortcut(field)
        escape.setKey(qt.QKeySequence("Escape"))
        escape.setContext(qt.Qt.WidgetShortcut)
        escape.connect("activated()", self.cancel)
        least = _LEAST_LINES * field.fontMetrics().lineSpacing() + _ROOM_PX
        self._table.setRowHeight(row, max(self._table.rowHeight(row), least))
        self._table.setCellWidget(row, column, field)
        self._field, self._row, self._column, self._before = field, row, column, text
        field.moveCursor(qt.QTextCursor.End)
        field.setFocus()
        field.connect("textChanged()", self._on_text)
        qt.QApplication.instance().connect("focusChanged(QWidget*,QWidget*)", self._focus_slot)

    def cancel(self) -> None:
        """Take the field away and leave the sentence as it was."""
        if self._field is None:
            return
        qt.QApplication.instance().disconnect("focusChanged(QWidget*,QWidget*)", self._focus_slot)
        self._field = None
        self._table.removeCellWidget(self._row, self._column)
        self._table.setFocus()
        self._closed()

    def _finish(self, text: str) -> None:
        row = self._row
        self.cancel()
        self._done(row, text)

    def _on_text(self) -> None:
        if self._field is None:
            return
        text = str(self._field.toPlainText())
        was_enter = text.count("\n") == 1 and text.replace("\n", "") == self._before
        if was_enter:
            self._finish(self._before)
            return
        self._before = text.replace("\n", " ")
        if self._before != text:
            self._field.setPlainText(self._before)
            self._field.moveCursor(qt.QTextCursor.End)

    def _on_focus(self, before: Any, _now: Any) -> None:
        if before is not None and before == self._field:
            self._finish(str(self._field.toPlainText()))
