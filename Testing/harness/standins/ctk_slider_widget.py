"""ctkSliderWidget: a slider and a spin box that agree on one number."""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets

_SLIDER_STEPS = 1000


class ctkSliderWidget(QtWidgets.QWidget):
    """The spin box holds the value; the slider shows and moves it."""

    valueChanged = QtCore.Signal(float)
    valueIsChanging = QtCore.Signal(float)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._slider.setRange(0, _SLIDER_STEPS)
        self._spin_box = QtWidgets.QDoubleSpinBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider, 1)
        row.addWidget(self._spin_box)
        self._slider.valueChanged.connect(self._on_slider_moved)
        self._spin_box.valueChanged.connect(self._on_value_changed)

    def _number(self, name: str) -> float:
        return float(self._spin_box.property(name))

    def setValue(self, value: float) -> None:
        self._spin_box.setValue(value)

    def setMinimum(self, minimum: float) -> None:
        self._spin_box.setMinimum(minimum)
        self._show_on_slider()

    def setMaximum(self, maximum: float) -> None:
        self._spin_box.setMaximum(maximum)
        self._show_on_slider()

    def setRange(self, minimum: float, maximum: float) -> None:
        self._spin_box.setRange(minimum, maximum)
        self._show_on_slider()

    def setSingleStep(self, step: float) -> None:
        self._spin_box.setSingleStep(step)

    def setDecimals(self, decimals: int) -> None:
        self._spin_box.setDecimals(decimals)

    def setSuffix(self, suffix: str) -> None:
        self._spin_box.setSuffix(suffix)

    def setPrefix(self, prefix: str) -> None:
        self._spin_box.setPrefix(prefix)

    def setSpinBoxVisible(self, visible: bool) -> None:
        self._spin_box.setVisible(visible)

    value = QtCore.Property(float, lambda self: self._number("value"), setValue)
    minimum = QtCore.Property(float, lambda self: self._number("minimum"), setMinimum)
    maximum = QtCore.Property(float, lambda self: self._number("maximum"), setMaximum)
    singleStep = QtCore.Property(float, lambda self: self._number("singleStep"), setSingleStep)
    decimals = QtCore.Property(int, lambda self: int(self._number("decimals")), setDecimals)
    suffix = QtCore.Property(str, lambda self: self._spin_box.property("suffix"), setSuffix)
    prefix = QtCore.Property(str, lambda self: self._spin_box.property("prefix"), setPrefix)
    spinBoxVisible = QtCore.Property(bool, lambda self: not self._spin_box.isHidden(), setSpinBoxVisible)
    tracking = QtCore.Property(
        bool, lambda self: self._slider.hasTracking(), lambda self, tracks: self._slider.setTracking(tracks)
    )

    def _on_slider_moved(self, position: int) -> None:
        span = self._number("maximum") - self._number("minimum")
        self._spin_box.setValue(self._number("minimum") + span * position / _SLIDER_STEPS)

    def _on_value_changed(self, value: float) -> None:
        self._show_on_slider()
        self.valueIsChanging.emit(value)
        self.valueChanged.emit(value)

    def _show_on_slider(self) -> None:
        span = self._number("maximum") - self._number("minimum")
        fraction = (self._number("value") - self._number("minimum")) / span if span else 0.0
        was_blocked = self._slider.blockSignals(True)
        self._slider.setValue(round(_SLIDER_STEPS * fraction))
        self._slider.blockSignals(was_blocked)
