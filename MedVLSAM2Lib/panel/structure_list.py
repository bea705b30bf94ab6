"""A list of structures to tick, grouped and searchable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import qt

_GROUPS = {
    "organ": "Organs",
    "vessel": "Vessels",
    "bone": "Bones",
    "muscle": "Muscles",
    "tissue": "Tissues",
    "finding": "Findings",
}


class StructureList:
    """What a QTreeWidget shows, and what is ticked in it.

    Args:
        tree: the QTreeWidget.
        search: the QLineEdit whose words names must contain to be shown.
        names: by kind.
        on_ticked: called when a tick was set or taken away.
    """

    def __init__(
        self, tree: Any, search: Any, names: Mapping[str, Sequence[str]], on_ticked: Callable[[], object]
    ) -> None:
        self._tree, self._on_ticked = tree, on_ticked
        self._items: dict[str, list[Any]] = {}
        self._groups: dict[str, Any] = {}
        # An empty box is as dark as a list in dark themes; on the window's colour it is seen.
        tree.viewport().setBackgroundRole(qt.QPalette.Window)
        for kind, of_kind in names.items():
            self._add_group(kind, of_kind)
        tree.connect("itemChanged(QTreeWidgetItem*,int)", lambda _item, _column: self._on_ticked())
        search.connect("textChanged(QString)", self._show_matching)

    def ticked(self) -> tuple[str, ...]:
        """The names that are ticked, those that the search hides included."""
        items = (item for of_kind in self._items.values() for item in of_kind)
        return tuple(item.text(0) for item in items if item.checkState(0) == qt.Qt.Checked)

    def untick(self) -> None:
        """Take all ticks away."""
        self._tree.blockSignals(True)
        for of_kind in self._items.values():
            for item in of_kind:
                item.setCheckState(0, qt.Qt.Unchecked)
        self._tree.blockSignals(False)
        self._tree.viewport().update()
        self._on_ticked()

    def _add_group(self, kind: str, names: Sequence[str]) -> None:
        group = qt.QTreeWidgetItem()
        group.setText(0, _GROUPS.get(kind, kind))
        self._tree.addTopLevelItem(group)
        self._groups[kind], self._items[kind] = group, []
        for name in names:
            item = qt.QTreeWidgetItem(group)
            item.setText(0, name)
            item.setCheckState(0, qt.Qt.Unchecked)
            self._items[kind].append(item)

    def _show_matching(self, text: str) -> None:
        words = text.lower().split()
        for kind, items in self._items.items():
            matching = [item for item in items if all(word in item.text(0).lower() for word in words)]
            for item in items:
                item.setHidden(item not in matching)
            self._groups[kind].setHidden(not matching)
            self._groups[kind].setExpanded(bool(words) and bool(matching))
