"""Keys that work while the module is open, and only then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt


class Shortcuts:
    """One QShortcut for each key, off until enabled.

    Args:
        owner: the widget whose window they work in.
        actions: what each key (as QKeySequence reads it) does.
    """

    def __init__(self, owner: Any, actions: Mapping[str, Callable[[], object]]) -> None:
        self._shortcuts = [_shortcut(owner, key, action) for key, action in actions.items()]
        self.enable(False)

    def enable(self, on: bool) -> None:
        """Let the keys work, or free them for others."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(on)


def _shortcut(owner: Any, key: str, action: Callable[[], object]) -> Any:
    shortcut = qt.QShortcut(owner)
    shortcut.setKey(qt.QKeySequence(key))
    shortcut.connect("activated()", action)
    return shortcut
