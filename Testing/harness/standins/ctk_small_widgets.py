"""The CTK widgets that differ from a plain Qt one by a property or two."""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets


class ctkComboBox(QtWidgets.QComboBox):
    """A combo box that says ``defaultText`` while nothing is chosen."""

    def setDefaultText(self, text: str) -> None:
        self.setPlaceholderText(text)

    defaultText = QtCore.Property(str, lambda self: self.property("placeholderText"), setDefaultText)


class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box without the "don't show again" box of the original."""


class ctkFittedTextBrowser(QtWidgets.QTextBrowser):
    """A text browser that does not fold its text as the original can."""


class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box whose title folds it: checkable, and unfolded while checked."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(self._on_toggled)

    def setCollapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    collapsed = QtCore.Property(bool, lambda self: not self.property("checked"), setCollapsed)

    def _on_toggled(self, is_open: bool) -> None:
        unlimited = 16777215
        self.setMaximumHeight(unlimited if is_open else self.fontMetrics().height() + 8)


class ctkMenuButton(QtWidgets.QPushButton):
    """A push button with a menu; in the original only the arrow opens it."""


class ctkPushButton(QtWidgets.QPushButton):
    """A push button without the wrapping text of the original."""


class ctkSearchBox(QtWidgets.QLineEdit):
    """A line edit for filtering."""


class ctkPathLineEdit(QtWidgets.QWidget):
    """A path typed by hand: the file dialog and the history of the original are not there."""

    Dirs, Files = QtCore.QDir.Filter.Dirs, QtCore.QDir.Filter.Files
    currentPathChanged = QtCore.Signal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QtWidgets.QLineEdit()
        self._filters = self.Files
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._line)
        self.setFocusProxy(self._line)
        self._line.textChanged.connect(self.currentPathChanged)

    def setCurrentPath(self, path: str) -> None:
        self._line.setText(path)

    def addCurrentPathToHistory(self) -> None:
        """Only the original keeps a history."""

    def setFilters(self, filters: int) -> None:
        """What the original's file dialog offers."""
        self._filters = QtCore.QDir.Filter(filters)

    filters = QtCore.Property(int, lambda self: self._filters.value, setFilters)
    currentPath = QtCore.Property(str, lambda self: self._line.property("text"), setCurrentPath)
