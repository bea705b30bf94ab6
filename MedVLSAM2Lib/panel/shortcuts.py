"""Keys that work while the module is open, and only then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt

_TYPED_INTO = ("QLineEdit", "QTextEdit", "QPlainTextEdit", "QAbstractSpinBox")


class Shortcuts:
    """One QShortcut for each key, off until enabled, and while somebody types: Enter then ends the line, not a stroke.

    Args:
        owner: the widget whose window they work in.
        actions: what each key (as QKeySequence reads it) does.
    """

    def __init__(self, owner: Any, actions: Mapping[str, Callable[[], object]]) -> None:
        self._shortcuts = [_shortcut(owner, key, action) for key, action in actions.items()]
        self._application = qt.QApplication.instance()
        # One object for connecting and disconnecting: a bound method is another one each time it is asked for.
        self._focus_slot = self._on_focus
        self._is_on = False
        self._apply(False)
        self._application.connect("focusChanged(QWidget*,QWidget*)", self._focus_slot)

    def enable(self, on: bool) -> None:
        """Let the keys work, or free them for others."""
        self._is_on = on
        self._apply(on and not _is_typed_into(qt.QApplication.focusWidget()))

    def close(self) -> None:
        """Free the keys for good."""
        self.enable(False)
        self._application.disconnect("focusChanged(QWidget*,QWidget*)", self._focus_slot)

    def _on_focus(self, _before: Any, now: Any) -> None:
        self._apply(self._is_on and not _is_typed_into(now))

    def _apply(self, on: bool) -> None:
        for shortcut in self._shortcuts:
            shortcut.setEnabled(on)


def _is_typed_into(widget: Any) -> bool:
    return widget is not None and any(widget.inherits(name) for name in _TYPED_INTO)


def _shortcut(owner: Any, key: str, action: Callable[[], object]) -> Any:
    shortcut = qt.QShortcut(owner)
    shortcut.setKey(qt.QKeySequence(key))
    shortcut.connect("activated()", action)
    return shortcut
