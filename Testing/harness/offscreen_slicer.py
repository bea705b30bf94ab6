"""Slicer without Slicer: one object that holds the scene, the logics, the views and the names scripts import."""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import slicer
from PySide6 import QtCore, QtWidgets
from trame_slicer.core import SlicerApp

from . import screenshots
from .application import Application
from .import_names import SlicerNames
from .modules import Modules, qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget
from .mouse import Mouse, Pixel, Position
from .scripted_module import ScriptedModule, load_scripted_module
from .standins.all_stand_ins import ALL_STAND_INS
from .swallowed_errors import SwallowedErrors
from .views import DEFAULT_SIZE, Views
from .volume_files import load_volume

_IDLE_S = 0.002
_MODULE_CLASSES = (qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget)
_SLICER_NAMES = ("app", "modules", "mrmlScene", *(cls.__name__ for cls in (*ALL_STAND_INS, *_MODULE_CLASSES)))


class OffscreenSlicer:
    """Slicer's own MRML, logics and displayable managers under the names that scripted modules know.

    Example::

        with open_slicer() as a_slicer:
            volume = a_slicer.load_volume("ct.nii.gz")
            points = a_slicer.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
            a_slicer.open_view("Red")
            a_slicer.show_volume(volume)
            with a_slicer.placing(points):
                a_slicer.click("Red", (10.0, -20.0, 35.0))
            a_slicer.screenshot("Red", "red.png")
    """

    def __init__(self) -> None:
        self._names = SlicerNames()
        self._names.install()
        self.swallowed_errors = SwallowedErrors()
        self.swallowed_errors.install()
        # The QApplication must be there before the first widget and the first timer.
        importlib.import_module("qt")
        self._slicer_app = SlicerApp()
        self.scene: Any = self._slicer_app.scene
        self.app_logic: Any = self._slicer_app.app_logic
        self.views = Views(self._slicer_app.view_manager, self.app_logic)
        self._loaded_modules: list[ScriptedModule] = []
        self._hand_out_names()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Tear everything down and take the names back."""
        self.close_modules()
        self.views.close()
        self.scene.Clear(1)
        for name in _SLICER_NAMES:
            vars(slicer).pop(name, None)
        self._names.uninstall()
        self.swallowed_errors.uninstall()

    def clear_scene(self) -> None:
        """An empty scene, the mouse back in its normal mode and the views still open."""
        self.stop_placing()
        self.scene.Clear(0)
        self.process_events()

    # Files

    def load_volume(self, path: Path | str, name: str | None = None) -> Any:
        """A scalar volume node from an image file or a DICOM folder, every axis where the file puts it."""
        return load_volume(path, name)

    def save_scene(self, path: Path | str) -> None:
        """Write the scene to a ``.mrb`` or ``.mrml`` file."""
        if not self._slicer_app.io_manager.save_scene(path):
            message = f"could not write the scene to {path}"
            raise OSError(message)

    def load_scene(self, path: Path | str) -> None:
        """Empty the scene and read a ``.mrb`` or ``.mrml`` file into it."""
        self.clear_scene()
        if not self._slicer_app.io_manager.load_scene(path):
            message = f"could not read a scene from {path}"
            raise OSError(message)

    def save_segmentation(self, segmentation: Any, path: Path | str) -> None:
        """Write a segmentation node to a ``.seg.nrrd`` file."""
        if not slicer.util.saveNode(segmentation, str(path), {}):
            message = f"could not write {segmentation.GetName()} to {path}"
            raise OSError(message)

    # Modules

    def load_module(self, path: Path | str) -> ScriptedModule:
        """A scripted module from its file: its panel has a parent and ``setup()`` has run."""
        module = load_scripted_module(path)
        self._loaded_modules.append(module)
        return module

    def close_modules(self) -> None:
        while self._loaded_modules:
            self._loaded_modules.pop().close()
        self._application.forget_modules()

    # Views

    def open_view(self, name: str, size: tuple[int, int] = DEFAULT_SIZE) -> Any:
        """``Red``, ``Green``, ``Yellow`` or ``3D``, showing the active volume; opening an open view returns it."""
        is_new = name not in self.views
        view = self.views.open(name, size)
        active_volume = self.scene.GetNodeByID(self.app_logic.GetSelectionNode().GetActiveVolumeID() or "")
        if is_new and active_volume is not None and name in self.views.slice_view_names():
            view.set_background_volume_id(active_volume.GetID())
            view.fit_view_to_content()
        return view

    def show_volume(self, volume: Any) -> None:
        """Make a volume the active one, in the background of all slice views, and fit them to it."""
        self.app_logic.GetSelectionNode().SetActiveVolumeID(volume.GetID())
        self.app_logic.PropagateVolumeSelection(0)
        for name in self.views.slice_view_names():
            self.views[name].fit_view_to_content()

    # Mouse

    def start_placing(self, node: Any) -> None:
        """Place mode for a markups node: clicks in the views place its control points until ``stop_placing``."""
        selection, interaction = self.app_logic.GetSelectionNode(), self.app_logic.GetInteractionNode()
        selection.SetReferenceActivePlaceNodeClassName(node.GetClassName())
        selection.SetActivePlaceNodeID(node.GetID())
        interaction.SetPlaceModePersistence(1)
        interaction.SetCurrentInteractionMode(interaction.Place)

    def stop_placing(self) -> None:
        interaction = self.app_logic.GetInteractionNode()
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)

    @contextlib.contextmanager
    def placing(self, node: Any) -> Iterator[None]:
        self.start_placing(node)
        try:
            yield
        finally:
            self.stop_placing()

    def click(self, view_name: str, position_ras: Position, *, button: str = "Left") -> None:
        """Click where a position is; a slice view first goes to the slice that holds it."""
        mouse = self.mouse(view_name)
        mouse.click(mouse.pixel_at(position_ras), button)
        self.process_events()

    def click_display(self, view_name: str, x: float, y: float, *, button: str = "Left") -> None:
        """Click at a pixel, counted from the lower left corner of the view."""
        self.mouse(view_name).click((x, y), button)
        self.process_events()

    def double_click(self, view_name: str, position_ras: Position) -> None:
        mouse = self.mouse(view_name)
        mouse.double_click(mouse.pixel_at(position_ras))
        self.process_events()

    def drag(self, view_name: str, *positions_ras: Position) -> None:
        """Press at the first position, pass through the others, release at the last."""
        mouse = self.mouse(view_name)
        mouse.drag([mouse.pixel_at(position) for position in positions_ras])
        self.process_events()

    def drag_display(self, view_name: str, *pixels: Pixel) -> None:
        self.mouse(view_name).drag(pixels)
        self.process_events()

    def mouse(self, view_name: str, *, shift: bool = False, control: bool = False) -> Mouse:
        """A mouse over a view, for what the shortcuts above do not say."""
        return Mouse(self.open_view(view_name), shift=shift, control=control)

    # Time

    def process_events(self, until: Callable[[], bool] | None = None, timeout_s: float = 10.0) -> None:
        """Let Qt work off what is waiting or, given ``until``, spin its event loop until that is true.

        :raises TimeoutError: it was not true in time.
        """
        _let_qt_work()
        deadline = time.monotonic() + timeout_s
        while until is not None and not until():
            if time.monotonic() > deadline:
                message = f"waited {timeout_s} s in vain for {getattr(until, '__name__', until)}"
                raise TimeoutError(message)
            time.sleep(_IDLE_S)
            _let_qt_work()

    # Pictures

    def pixels(self, view_name: str) -> np.ndarray:
        """What a view shows: ``uint8`` of shape (height, width, 3), the first row on top."""
        return screenshots.pixels_of_view(self.open_view(view_name))

    def screenshot(self, view_name: str, path: Path | str) -> Path:
        """Save what a view shows as a PNG file."""
        return screenshots.save_png(self.pixels(view_name), path)

    def screenshot_widget(self, widget: QtWidgets.QWidget, path: Path | str) -> Path:
        """Save what a Qt widget shows as a PNG file."""
        self.process_events()
        return screenshots.save_png(screenshots.pixels_of_widget(widget), path)

    # Names

    def _hand_out_names(self) -> None:
        names: Any = slicer
        names.mrmlScene = self.scene
        names.app = self._application = Application(self._slicer_app, self.views)
        names.modules = self._modules()
        for cls in (*ALL_STAND_INS, *_MODULE_CLASSES):
            if not cls.__name__.startswith("ctk"):
                setattr(names, cls.__name__, cls)

    def _modules(self) -> Modules:
        modules = Modules()
        registered = {
            "Colors": self._slicer_app.color_logic,
            "Data": self._slicer_app.data_logic,
            "Markups": self.app_logic.GetModuleLogic("Markups"),
            "Segmentations": self._slicer_app.segmentations_logic,
            "SubjectHierarchy": self._slicer_app.subject_hierarchy_logic,
            "Terminologies": self._slicer_app.terminologies_logic,
            "Volumes": self._slicer_app.volumes_logic,
        }
        for name, logic in (*registered.items(), *self._more_logics()):
            modules.add(name, logic=logic)
        return modules

    def _more_logics(self) -> Iterator[tuple[str, Any]]:
        """Modules that trame-slicer has no need of and scripts may have."""
        for name, cls in (("Models", slicer.vtkSlicerModelsLogic), ("Transforms", slicer.vtkSlicerTransformLogic)):
            yield name, self._slicer_app.register_module_logic(cls(), logic_name=name)


def _let_qt_work() -> None:
    QtCore.QCoreApplication.processEvents()
    # Outside a running event loop Qt keeps what deleteLater() was called on.
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
