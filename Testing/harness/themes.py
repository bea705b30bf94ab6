"""Slicer's two looks: widgets in light and in dark colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from PySide6 import QtGui, QtWidgets

_Role, _Group = QtGui.QPalette.ColorRole, QtGui.QPalette.ColorGroup
# Near to what Slicer looks like in its dark style.
_WINDOW, _BASE, _TEXT, _FAINT, _ACCENT = "#353535", "#232629", "#f0f0f0", "#808080", "#2a82da"


class Theme(StrEnum):
    """A look."""

    LIGHT = "light"
    DARK = "dark"


@contextmanager
def themed(theme: Theme) -> Iterator[None]:
    """All widgets in this look while it lasts."""
    before = QtWidgets.QApplication.palette()
    QtWidgets.QApplication.setPalette(_dark() if theme is Theme.DARK else _light())
    try:
        yield
    finally:
        QtWidgets.QApplication.setPalette(before)


def _light() -> QtGui.QPalette:
    style = QtWidgets.QApplication.style()
    return style.standardPalette()


def _dark() -> QtGui.QPalette:
    palette = QtGui.QPalette()
    colours = {
        _Role.Window: _WINDOW,
        _Role.WindowText: _TEXT,
        _Role.Base: _BASE,
        _Role.AlternateBase: _WINDOW,
        _Role.ToolTipBase: _BASE,
        _Role.ToolTipText: _TEXT,
        _Role.Text: _TEXT,
        _Role.PlaceholderText: _FAINT,
        _Role.Button: _WINDOW,
        _Role.ButtonText: _TEXT,
        _Role.BrightText: "#ff4040",
        _Role.Link: _ACCENT,
        _Role.Highlight: _ACCENT,
        _Role.HighlightedText: "#000000",
        _Role.Light: "#505050",
        _Role.Midlight: "#454545",
        _Role.Mid: "#2b2b2b",
        _Role.Dark: "#202020",
        _Role.Shadow: "#101010",
    }
    for role, colour in colours.items():
        palette.setColor(role, QtGui.QColor(colour))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(_Group.Disabled, role, QtGui.QColor(_FAINT))
    return palette
