"""``slicer.app`` and its layout manager: as much of the application object as scripted code asks for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import slicer
from PySide6 import QtCore, QtWidgets

from .core_io_manager import CoreIOManager

if TYPE_CHECKING:
    from .views import Views


class Application:
    """Stands for the qSlicerApplication, in testing mode: message boxes are logged instead of shown."""

    applicationName = "Slicer"

    def __init__(self, slicer_app: Any, views: Views) -> None:
        self._slicer_app = slicer_app
        self._io_manager = CoreIOManager(slicer_app.io_manager)
        self._layout_manager = LayoutManager(views)
        self._when_started: list[Callable[[], object]] = []
        self.temporaryPath = tempfile.gettempdir()
        self.applicationVersion = version("slicer-core")
        self.majorVersion, self.minorVersion = (int(part) for part in self.applicationVersion.split(".")[:2])

    def connect(self, signal: str, slot: Callable[[], object]) -> None:
        if signal != "startupCompleted()":
            message = f"the harness has no {signal} of the application"
            raise ValueError(message)
        self._when_started.append(slot)

    def complete_startup(self) -> None:
        """What the application does once all modules are loaded."""
        for slot in self._when_started:
            slot()

    def forget_modules(self) -> None:
        """What modules wanted to be told goes with them; Slicer keeps them until it ends."""
        self._when_started.clear()

    def applicationLogic(self) -> Any:
        return self._slicer_app.app_logic

    def mrmlScene(self) -> Any:
        return self._slicer_app.scene

    def coreIOManager(self) -> CoreIOManager:
        return self._io_manager

    def moduleManager(self) -> Any:
        return slicer.modules

    def layoutManager(self) -> LayoutManager:
        return self._layout_manager

    def processEvents(self, *_: Any) -> None:
        QtCore.QCoreApplication.processEvents()

    def testingEnabled(self) -> bool:
        return True

    def topLevelWidgets(self) -> list[QtWidgets.QWidget]:
        return QtWidgets.QApplication.topLevelWidgets()

    def userSettings(self) -> QtCore.QSettings:
        return QtCore.QSettings()

    settings = userSettings

    def startupEnvironment(self) -> QtCore.QProcessEnvironment:
        return QtCore.QProcessEnvironment.systemEnvironment()

    def setOverrideCursor(self, cursor: Any) -> None:
        QtWidgets.QApplication.setOverrideCursor(cursor)

    def restoreOverrideCursor(self) -> None:
        QtWidgets.QApplication.restoreOverrideCursor()

    def pauseRender(self) -> None:
        self._layout_manager.set_render_blocked(blocked=True)

    def resumeRender(self) -> None:
        self._layout_manager.set_render_blocked(blocked=False)


class LayoutManager(QtCore.QObject):
    """``slicer.app.layoutManager()`` over the views that are open; opening one more changes the layout."""

    layoutChanged = QtCore.Signal(int)

    def __init__(self, views: Views) -> None:
        super().__init__()
        self._views = views
        views.on_open = lambda: self.layoutChanged.emit(len(list(views)))

    def sliceViewNames(self) -> list[str]:
        return self._views.slice_view_names()

    def sliceWidget(self, name: str) -> ViewWidget | None:
        return ViewWidget(self._views, name) if name in self.sliceViewNames() else None

    @property
    def threeDViewCount(self) -> int:
        return len(self._views.threed_view_names())

    def threeDWidget(self, index: int) -> ViewWidget:
        return ViewWidget(self._views, self._views.threed_view_names()[index])

    def mrmlSliceLogics(self) -> Any:
        return self._views.slice_logics()

    def resetSliceViews(self) -> None:
        for name in self._views.slice_view_names():
            self._views[name].fit_view_to_content()

    def resetThreeDViews(self) -> None:
        for name in self._views.threed_view_names():
            self._views[name].reset_camera()

    def set_render_blocked(self, *, blocked: bool) -> None:
        for view in self._views:
            view.set_render_blocked(blocked)


class ViewWidget:
    """A slice or 3D widget of the layout, as far as scripts look into it."""

    def __init__(self, views: Views, name: str) -> None:
        self._views = views
        self._view = views[name]

    def sliceLogic(self) -> Any:
        return self._views.slice_logic(self._view)

    def mrmlSliceNode(self) -> Any:
        return self._view.get_view_node()

    mrmlViewNode = mrmlSliceNode

    def sliceView(self) -> ViewWidget:
        return self

    threeDView = sliceView

    def renderWindow(self) -> Any:
        return self._view.render_window()

    def interactor(self) -> Any:
        return self._view.interactor()

    def scheduleRender(self) -> None:
        self._view.schedule_render()

    def forceRender(self) -> None:
        self._view.render()

    def resetFocalPoint(self) -> None:
        self._view.reset_focal_point()
