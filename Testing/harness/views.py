"""Slice and 3D views off screen, opened when first wanted: each costs a second or so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import vtk
from PySide6 import QtCore
from trame_slicer.views import (
    AbstractView,
    DirectViewFactory,
    ScheduledRenderStrategy,
    SliceView,
    ViewLayoutDefinition,
    ViewProps,
    ViewType,
)

DEFAULT_SIZE = (512, 512)


class _Look(NamedTuple):
    view_type: ViewType
    tag: str
    properties: ViewProps


def _looks() -> dict[str, _Look]:
    """The views of Slicer's four-up layout, with the tags and colours they have there."""
    threed = ViewProps(label="1", color="#747BDD", background_color=("#C1C3E8", "#747BDD"))
    return {
        "Red": _Look(ViewType.SLICE_VIEW, "Red", ViewProps(label="R", orientation="Axial", color="#F34A33")),
        "Green": _Look(ViewType.SLICE_VIEW, "Green", ViewProps(label="G", orientation="Coronal", color="#6EB04B")),
        "Yellow": _Look(ViewType.SLICE_VIEW, "Yellow", ViewProps(label="Y", orientation="Sagittal", color="#EDD54C")),
        "3D": _Look(ViewType.THREE_D_VIEW, "1", threed),
    }


class Views:
    """The open views by name: ``Red``, ``Green``, ``Yellow`` and ``3D``."""

    def __init__(self, view_manager: Any, app_logic: Any) -> None:
        self._view_manager = view_manager
        self._app_logic = app_logic
        self._view_manager.register_factory(DirectViewFactory(do_render_offscreen=True))
        self._open: dict[str, Any] = {}
        self.on_open: Callable[[], object] = lambda: None

    def __getitem__(self, name: str) -> Any:
        return self._open[name]

    def __contains__(self, name: str) -> bool:
        return name in self._open

    def __iter__(self) -> Iterator[Any]:
        return iter(self._open.values())

    def open(self, name: str, size: tuple[int, int] = DEFAULT_SIZE) -> Any:
        """The view called ``name``, opened with ``size`` pixels unless it is open already."""
        if name not in self._open:
            self._open[name] = self._create(name, size)
            self.on_open()
        return self._open[name]

    def slice_view_names(self) -> list[str]:
        return [name for name in self._open if _looks()[name].view_type is ViewType.SLICE_VIEW]

    def threed_view_names(self) -> list[str]:
        return [name for name in self._open if _looks()[name].view_type is ViewType.THREE_D_VIEW]

    def slice_logic(self, view: SliceView) -> Any:
        return self._app_logic.GetSliceLogic(view.get_view_node())

    def slice_logics(self) -> Any:
        return self._app_logic.GetSliceLogics()

    def close(self) -> None:
        for name, view in self._open.items():
            view.set_scheduled_render(ScheduledRenderStrategy())
            view.finalize()
            # A view node left in the scene keeps the next view of that name from getting one.
            view_node = view.get_view_node()
            view_node.GetScene().RemoveNode(view_node)
            self._view_manager.remove_view(_looks()[name].tag)
        self._open.clear()

    def _create(self, name: str, size: tuple[int, int]) -> Any:
        look = _looks()[name]
        # trame-slicer observes an event that VTK 9.6 announces the end of, at each view it makes.
        was_warning = vtk.vtkObject.GetGlobalWarningDisplay()
        vtk.vtkObject.GlobalWarningDisplayOff()
        view = self._view_manager.create_view(ViewLayoutDefinition(look.tag, look.view_type, look.properties))
        vtk.vtkObject.SetGlobalWarningDisplay(was_warning)
        view.set_scheduled_render(RenderSoon())
        self.resize(view, size)
        return view

    def resize(self, view: AbstractView, size: tuple[int, int]) -> None:
        """Give a view ``size`` pixels, its slice node too: VTK 9.6 does not send the event trame-slicer waits for."""
        view.update_size(*size)
        if isinstance(view, SliceView):
            self.slice_logic(view).ResizeSliceNode(*size)


class RenderSoon(ScheduledRenderStrategy):
    """Renders once when Qt is idle, however often rendering was asked for, as Slicer's views do."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QtCore.QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._render)

    def schedule_render(self) -> None:
        self._timer.start(0)

    def did_render(self) -> None:
        self._timer.stop()

    def _render(self) -> None:
        if self.abstract_view is not None:
            self.abstract_view.render()
