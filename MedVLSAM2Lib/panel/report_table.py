"""The sentences of a report in a table: click to see, double-click to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

from MedVLSAM2Lib.panel.report_rows import ReportRow
from MedVLSAM2Lib.panel.row_pointer import RowPointer
from MedVLSAM2Lib.panel.sentence_editor import SentenceEditor
from MedVLSAM2Lib.panel.typed_text import in_tooltip, typed
from MedVLSAM2Lib.report.placeholders import Piece

_TEXT, _MARK = 0, 1
_FAINT = 0.6
_ROOM_PX = 4


class ReportTable:
    """Binds a QTableWidget of two columns (sentence, where it comes from) to a report's rows.

    Args:
        table: the widget.
        clicked: gets the id of a sentence that was clicked.
        edited: gets the id of a sentence, how it was changed to read, and how it read before.
        chosen: called when another row became the current one.
        pointed_at: gets the id of the sentence that the mouse is over; empty when it has left.
    """

    def __init__(
        self,
        table: Any,
        clicked: Callable[[str], None],
        edited: Callable[[str, str, tuple[Piece, ...]], None],
        chosen: Callable[[], None],
        pointed_at: Callable[[str], None],
    ) -> None:
        self._table, self._clicked, self._edited, self._chosen = table, clicked, edited, chosen
        self._pointer = RowPointer(table, lambda row: pointed_at(self._rows[row].statement_id if row >= 0 else ""))
        self._rows: tuple[ReportRow, ...] = ()
        self._wanted: tuple[ReportRow, ...] = ()
        self._colour_shown = ""
        header = table.horizontalHeader()
        header.setSectionResizeMode(_TEXT, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(_MARK, qt.QHeaderView.ResizeToContents)
        # Later: while the header tells of one column, the others have not their new width yet.
        self._fitting = qt.QTimer(table)
        self._fitting.setSingleShot(True)
        self._fitting.setInterval(0)
        self._fitting.connect("timeout()", self._fit_rows)
        header.connect("sectionResized(int,int,int)", lambda *_: self._fitting.start())
        self._editor = SentenceEditor(table, self._on_edited, self._fitting.start)
        table.connect("cellClicked(int,int)", self._on_clicked)
        table.connect("cellDoubleClicked(int,int)", self._open_editor)
        table.connect("currentCellChanged(int,int,int,int)", lambda *_: self._chosen())

    @property
    def current(self) -> ReportRow | None:
        """The row that is chosen."""
        row = self._table.currentRow()
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def close(self) -> None:
        """Point at nothing any more."""
        self._pointer.leave()

    def edit_current(self) -> None:
        """Type over the sentence that is chosen."""
        if self.current is not None:
            self._open_editor(self._table.currentRow(), _TEXT)

    def stop_typing(self) -> None:
        """Drop what is being typed over a sentence."""
        self._editor.cancel()

    @property
    def is_behind(self) -> bool:
        """Whether there is more to show once nobody is typing in it."""
        return self._wanted != self._rows or (bool(self._rows) and self._colour_shown != str(self._faint().name()))

    def show(self, rows: tuple[ReportRow, ...]) -> None:
        """Show these rows; while somebody is typing in the table, only after that (``catch_up``)."""
        self._wanted = rows
        self.catch_up()

    def catch_up(self) -> None:
        """Show what there is to show, unless somebody is typing."""
        if not self.is_behind or self._editor.is_open:
            return
        current, place = self.current, self._table.verticalScrollBar().value
        self._rows, self._colour_shown = self._wanted, str(self._faint().name())
        was_blocked = self._table.blockSignals(True)
        self._fill()
        kept = [n for n, row in enumerate(self._rows) if current and _is_same(row, current)]
        self._table.setCurrentCell(kept[0] if kept else -1, _TEXT)
        self._table.blockSignals(was_blocked)
        self._fit_rows()
        self._table.verticalScrollBar().setValue(place)
        self._chosen()

    def _fill(self) -> None:
        table = self._table
        table.clearSpans()
        table.setRowCount(len(self._rows))
        for number, row in enumerate(self._rows):
            table.setItem(number, _TEXT, self._text_item(row))
            table.setItem(number, _MARK, self._mark_item(row))
            if not row.statement_id:
                table.setSpan(number, _TEXT, 1, 2)

    def _fit_rows(self) -> None:
        table = self._table
        if self._editor.is_open:
            return
        table.resizeRowsToContents()
        for number in range(table.rowCount):
            table.setRowHeight(number, table.rowHeight(number) + _ROOM_PX)

    def _text_item(self, row: ReportRow) -> Any:
        item = qt.QTableWidgetItem(row.text)
        item.setToolTip(in_tooltip(row.hint))
        font = qt.QFont(self._table.font)
        font.setBold(row.level == 0)
        font.setItalic(row.level == 1)
        font.setStrikeOut(row.is_struck)
        item.setFont(font)
        if not row.statement_id:
            item.setFlags(qt.Qt.ItemIsEnabled)
        if row.is_struck or not (row.statement_id or row.level < 2):
            item.setForeground(qt.QBrush(self._faint()))
        return item

    def _mark_item(self, row: ReportRow) -> Any:
        item = qt.QTableWidgetItem(row.mark)
        item.setToolTip(in_tooltip(row.hint))
        item.setFlags(qt.Qt.ItemIsEnabled)
        item.setForeground(qt.QBrush(self._faint()))
        return item

    def _faint(self) -> Any:
        colour = self._table.palette.color(qt.QPalette.Active, qt.QPalette.Text)
        colour.setAlphaF(_FAINT)
        return colour

    def _on_clicked(self, row: int, _column: int) -> None:
        if self._rows[row].statement_id:
            self._clicked(self._rows[row].statement_id)

    def _open_editor(self, number: int, _column: int) -> None:
        if self._rows[number].statement_id:
            self._editor.open(number, _TEXT, self._rows[number].text)

    def _on_edited(self, number: int, text: str) -> None:
        row, text = self._rows[number], typed(text)
        if text != row.text:
            self._edited(row.statement_id, text, row.pieces)


def _is_same(row: ReportRow, other: ReportRow) -> bool:
    if row.statement_id or other.statement_id:
        return row.statement_id == other.statement_id
    return (row.section, row.system, row.level) == (other.section, other.system, other.level)
