"""Notices that the application changed between light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt


class ThemeWatch:
    """Looks at a widget's colours when it is asked to: what we coloured ourselves does not follow them alone.

    Args:
        widget: any widget of the panel that shows text.
        changed: called when its colours are others than before.
    """

    def __init__(self, widget: Any, changed: Callable[[], object]) -> None:
        self._widget, self._changed = widget, changed
        self._seen = self._colours()

    def poll(self) -> None:
        """Look; quick."""
        colours = self._colours()
        if colours != self._seen:
            self._seen = colours
            self._changed()

    def _colours(self) -> tuple[str, str]:
        palette = self._widget.palette
        return str(palette.color(qt.QPalette.Text).name()), str(palette.color(qt.QPalette.Base).name())
