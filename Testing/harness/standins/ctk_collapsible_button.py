"""ctkCollapsibleButton: a header that folds what is below it."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

_PADDING = 6


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """As in CTK, unfolded is ``checked``, and hidden children keep their own idea of being visible."""

    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, text: str | QtWidgets.QWidget | None = None, parent: QtWidgets.QWidget | None = None) -> None:
        title, owner = (text, parent) if isinstance(text, str) else ("", text or parent)
        super().__init__(owner)
        self._children_hidden_by_folding: list[QtWidgets.QWidget] = []
        self.setText(title)
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Minimum, QtWidgets.QSizePolicy.Policy.Preferred)
        self.setContentsMargins(0, self._header_height(), 0, 0)
        self.toggled.connect(self._on_toggled)

    def _get_collapsed(self) -> bool:
        return not self.property("checked")

    def setCollapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    collapsed = QtCore.Property(bool, _get_collapsed, setCollapsed)

    def childEvent(self, event: QtCore.QChildEvent) -> None:
        """What is put into a folded section is folded with it, as when a .ui file is read."""
        super().childEvent(event)
        child = event.child()
        if event.type() == QtCore.QEvent.Type.ChildPolished and isinstance(child, QtWidgets.QWidget):
            self._fold_away([child])

    def hitButton(self, position: QtCore.QPoint) -> bool:
        """Only the header folds: a click between two children must not."""
        return position.y() < self._header_height()

    def sizeHint(self) -> QtCore.QSize:
        header = QtCore.QSize(self._header_width(), self._header_height())
        layout = self.layout()
        return header if layout is None or self._get_collapsed() else layout.totalSizeHint().expandedTo(header)

    def minimumSizeHint(self) -> QtCore.QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QtGui.QPaintEvent) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.property("geometry").width(), self._header_height())
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_PushButtonBevel, option)
        arrow = "▸" if self._get_collapsed() else "▾"
        aligned_left = QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter
        inside = option.rect.adjusted(_PADDING, 0, -_PADDING, 0)
        painter.drawText(inside, aligned_left, f"{arrow}  {self.property('text')}")

    def _on_toggled(self, is_open: bool) -> None:
        if is_open:
            for child in self._children_hidden_by_folding:
                child.setVisible(True)
            self._children_hidden_by_folding = []
        else:
            self._fold_away([child for child in self.children() if isinstance(child, QtWidgets.QWidget)])
        self.updateGeometry()
        self.contentsCollapsed.emit(not is_open)

    def _fold_away(self, children: list[QtWidgets.QWidget]) -> None:
        if not self._get_collapsed():
            return
        shown = [child for child in children if not child.isHidden()]
        self._children_hidden_by_folding += shown
        for child in shown:
            child.setVisible(False)

    def _header_height(self) -> int:
        return self.fontMetrics().height() + 2 * _PADDING

    def _header_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(f"▾  {self.property('text')}") + 4 * _PADDING
