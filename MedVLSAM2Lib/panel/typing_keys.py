"""Keys that work in a line while it is typed in, when the panel's own keys rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt


def escape_key(line: Any, action: Callable[[], object]) -> Any:
    """A QShortcut: Escape, while the QLineEdit ``line`` has the focus."""
    key = qt.QShortcut(line)
    key.setKey(qt.QKeySequence("Escape"))
    key.setContext(qt.Qt.WidgetShortcut)
    key.connect("activated()", action)
    return key
