"""A hand on the keyboard and the mouse over Qt widgets: real Qt events."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtTest, QtWidgets


def type_text(widget: QtWidgets.QWidget, text: str) -> None:
    """Type ``text`` into a widget, letter by letter."""
    QtTest.QTest.keyClicks(widget, text)


def press_key(
    widget: QtWidgets.QWidget, key: str, *, control: bool = False, shift: bool = False, alt: bool = False
) -> None:
    """Press and release a key by its Qt name: ``Return``, ``Escape``, ``Delete``, ``Z`` ..."""
    modifiers = QtCore.Qt.KeyboardModifier.NoModifier
    if control:
        modifiers |= QtCore.Qt.KeyboardModifier.ControlModifier
    if shift:
        modifiers |= QtCore.Qt.KeyboardModifier.ShiftModifier
    if alt:
        modifiers |= QtCore.Qt.KeyboardModifier.AltModifier
    QtTest.QTest.keyClick(widget, getattr(QtCore.Qt.Key, f"Key_{key}"), modifiers)


def click_widget(widget: QtWidgets.QWidget) -> None:
    """Click in the middle of a widget with the left button; a disabled one ignores it, as it should."""
    QtTest.QTest.mouseClick(widget, QtCore.Qt.MouseButton.LeftButton)


def click_words(view: Any, words: str) -> None:
    """Click on the first letter of the first place where a text view reads ``words``; it is scrolled into view first."""
    place = _place_of(view, words)
    QtTest.QTest.mouseClick(
        view.viewport(), QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, place
    )


def hover_over_words(view: Any, words: str) -> None:
    """Move the mouse there, without a click."""
    QtTest.QTest.mouseMove(view.viewport(), _place_of(view, words))


def hover(widget: QtWidgets.QWidget) -> None:
    """Move the mouse to the middle of a widget."""
    QtTest.QTest.mouseMove(widget)


def hover_over_cell(table: QtWidgets.QTableWidget, row: int, column: int) -> None:
    """Move the mouse into a table's cell, without a click; it is scrolled into view first."""
    index = table.model().index(row, column)
    table.scrollTo(index)
    # The first move of a mouse brings it into the widget; what is under it is told by the next.
    for place in (table.visualRect(index).topLeft(), table.visualRect(index).center()):
        QtTest.QTest.mouseMove(table.viewport(), place)
        QtWidgets.QApplication.processEvents()


def click_cell(table: QtWidgets.QTableWidget, row: int, column: int, *, double: bool = False) -> None:
    """Click, or double-click, in the middle of a table's cell; it is scrolled into view first."""
    index = table.model().index(row, column)
    table.scrollTo(index)
    middle = table.visualRect(index).center()
    QtTest.QTest.mouseClick(
        table.viewport(), QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, middle
    )
    if double:
        QtTest.QTest.mouseDClick(
            table.viewport(), QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, middle
        )


def _place_of(view: Any, words: str) -> QtCore.QPoint:
    cursor = view.document.find(words)
    if cursor.isNull():
        message = f"{words!r} is not to be read in {view.objectName}"
        raise ValueError(message)
    view.setTextCursor(cursor)
    view.ensureCursorVisible()
    start, end = QtGui.QTextCursor(cursor), QtGui.QTextCursor(cursor)
    start.setPosition(cursor.selectionStart())
    end.setPosition(cursor.selectionStart() + 1)
    letter: QtCore.QRect = view.cursorRect(start).united(view.cursorRect(end))
    cursor.clearSelection()
    view.setTextCursor(cursor)
    return letter.center()
