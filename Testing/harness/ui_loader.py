"""``qt.QUiLoader``: reads a ``.ui`` file with the stand-ins for Slicer's and CTK's widgets."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from PySide6 import QtCore, QtUiTools, QtWidgets

from . import pythonqt_signals

_OTHER_PEOPLES_WIDGETS = ("ctk", "qMRML", "qSlicer")


class UiLoader(QtUiTools.QUiLoader):
    """Loads ``.ui`` files; a widget of Slicer without a stand-in is an error, not silently a bare QWidget."""

    def __init__(self, widget_classes: list[type[QtWidgets.QWidget]]) -> None:
        super().__init__()
        self._known = {cls.__name__ for cls in widget_classes}
        for cls in widget_classes:
            self.registerCustomWidget(cls)

    def load(  # type: ignore[override]
        self, device: QtCore.QIODevice, parent: QtWidgets.QWidget | None = None
    ) -> QtWidgets.QWidget:
        """The widget described by an opened file."""
        form = ET.fromstring(device.readAll().data())
        self._refuse_unknown_widgets(form)
        scene_connections = _take_out_vtk_connections(form)
        widget = super().load(_opened(form), parent)
        for connection in scene_connections:
            _connect(widget, connection)
        return widget

    def _refuse_unknown_widgets(self, form: ET.Element) -> None:
        named = {element.get("class", "") for element in form.iter("widget")}
        unknown = sorted(name for name in named if name.startswith(_OTHER_PEOPLES_WIDGETS) and name not in self._known)
        if unknown:
            message = f"the harness has no stand-in for {', '.join(unknown)}"
            raise RuntimeError(message)


def _opened(form: ET.Element) -> QtCore.QBuffer:
    buffer = QtCore.QBuffer()
    buffer.setData(ET.tostring(form))
    buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
    return buffer


def _take_out_vtk_connections(form: ET.Element) -> list[ET.Element]:
    """Connections whose arguments are VTK pointers: the stand-ins have them as Python signals, which Qt cannot see."""
    connections = form.find("connections")
    if connections is None:
        return []
    taken = [connection for connection in connections if "vtk" in connection.findtext("signal", "")]
    for connection in taken:
        connections.remove(connection)
    return taken


def _connect(form: QtWidgets.QWidget, connection: ET.Element) -> None:
    sender = _named(form, connection.findtext("sender", ""))
    receiver = _named(form, connection.findtext("receiver", ""))
    pythonqt_signals.connect(sender, connection.findtext("signal", ""), receiver, connection.findtext("slot", ""))


def _named(form: QtWidgets.QWidget, name: str) -> QtCore.QObject:
    found = form if form.property("objectName") == name else form.findChild(QtCore.QObject, name)
    if found is None:
        message = f"the .ui connects {name}, which is not in it"
        raise RuntimeError(message)
    return found
