"""qMRMLWidget: a widget that knows the scene and tells its children through the connections of the ``.ui``."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6 import QtCore, QtWidgets


class qMRMLWidget(QtWidgets.QWidget):
    """As in Slicer, a child gets the scene only if the ``.ui`` connects ``mrmlSceneChanged`` to its slot."""

    sceneChanged = QtCore.Signal(object)
    slicer_signals: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "sceneChanged"}

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._scene = scene
        self.sceneChanged.emit(scene)

    def mrmlScene(self) -> Any:
        return self._scene


class qSlicerWidget(qMRMLWidget):
    """What scripted module panels have at the top of their ``.ui`` file."""
