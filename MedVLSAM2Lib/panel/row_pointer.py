"""Which row of a table the mouse is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

_LOOK_MS = 150


class RowPointer:
    """Tells when the mouse comes over another row of a QTableWidget, and when it has left.

    Qt tells of a cell that the mouse enters, and not that it has left the last one: that is looked for while it matters.

    Args:
        table: the QTableWidget.
        moved: gets the number of the row; -1 when the mouse is over none.
    """

    def __init__(self, table: Any, moved: Callable[[int], None]) -> None:
        self._table, self._moved = table, moved
        self._row = -1
        self._timer = qt.QTimer(table)
        self._timer.setInterval(_LOOK_MS)
        self._timer.connect("timeout()", self._look)
        table.setMouseTracking(True)
        table.connect("cellEntered(int,int)", self._on_entered)
        table.connect("viewportEntered()", self.leave)

    def leave(self) -> None:
        """Point at no row."""
        self._timer.stop()
        if self._row >= 0:
            self._row = -1
            self._moved(-1)

    def _on_entered(self, row: int, _column: int) -> None:
        if row != self._row:
            self._row = row
            self._moved(row)
        self._timer.start()

    def _look(self) -> None:
        if not self._table.viewport().underMouse():
            self.leave()
