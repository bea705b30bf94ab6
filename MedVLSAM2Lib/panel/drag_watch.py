"""Strokes drawn in the slice views with the button held down."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from MedVLSAM2Lib.volume.reorientation import Position

_DRAG_PIXELS = 4
_STEP_PIXELS = 2
_BEFORE_THE_VIEW = 100.0


class Stroke(Protocol):
    """What is being drawn; positions are in the world, RAS mm."""

    def draw_to(self, position: Position) -> None:
        """The mouse was moved here."""
        ...

    def finish(self) -> None:
        """The button was released."""
        ...

    def drop(self) -> None:
        """It is not wanted any more."""
        ...


BeginStroke = Callable[[Any, Position], Stroke | None]
"""Begins a stroke on a vtkMRMLSliceNode at a position; None when nothing is to be drawn."""


class DragWatch:
    """Watches the left button over all slice views while it is on.

    A press that turns into a drag draws a stroke, which the view itself sees nothing of. A press and release on the spot
    reach the view as the click they are, and places a control point as ever.

    Args:
        layout_manager: Slicer's; None where there is no main window.
        begin_stroke: called when a drag begins.
    """

    def __init__(self, layout_manager: Any, begin_stroke: BeginStroke) -> None:
        self._layout_manager = layout_manager
        self._begin_stroke = begin_stroke
        self._views: list[_WatchedView] = []
        self._is_on = False
        if layout_manager is not None:
            layout_manager.connect("layoutChanged(int)", self._on_layout)

    def set_on(self, on: bool) -> None:
        """Watch, or leave the mouse to the views; a stroke that is half drawn is dropped."""
        for view in self._views:
            view.leave()
        self._is_on, self._views = on, []
        if on and self._layout_manager is not None:
            widgets = [self._layout_manager.sliceWidget(name) for name in self._layout_manager.sliceViewNames()]
            self._views = [_WatchedView(widget, self._begin_stroke) for widget in widgets if widget is not None]

    def _on_layout(self, _layout: int = 0) -> None:
        if self._is_on:
            self.set_on(True)


class _WatchedView:
    """One slice view: from the press over the moves to the release."""

    def __init__(self, slice_widget: Any, begin_stroke: BeginStroke) -> None:
        self._slice_node = slice_widget.mrmlSliceNode()
        self._interactor = slice_widget.sliceView().interactor()
        self._begin_stroke = begin_stroke
        self._pressed_at: tuple[int, int] | None = None
        self._drawn_to = (0, 0)
        self._stroke: Stroke | None = None
        self._is_click_for_view = False
        self._tags = {
            event: self._interactor.AddObserver(event, on_event, _BEFORE_THE_VIEW)
            for event, on_event in (
                ("LeftButtonPressEvent", self._on_press),
                ("MouseMoveEvent", self._on_move),
                ("LeftButtonReleaseEvent", self._on_release),
            )
        }

    def leave(self) -> None:
        for tag in self._tags.values():
            self._interactor.RemoveObserver(tag)
        stroke, self._stroke, self._pressed_at = self._stroke, None, None
        if stroke is not None:
            stroke.drop()

    def _on_press(self, _caller: Any, event: str) -> None:
        interactor = self._interactor
        with_keys = interactor.GetShiftKey() or interactor.GetControlKey() or interactor.GetAltKey()
        if self._is_click_for_view or with_keys:
            return
        self._pressed_at = self._drawn_to = interactor.GetEventPosition()
        self._keep_from_view(event)

    def _on_move(self, _caller: Any, event: str) -> None:
        if self._pressed_at is None:
            return
        self._keep_from_view(event)
        here = self._interactor.GetEventPosition()
        if self._stroke is None and math.dist(here, self._pressed_at) >= _DRAG_PIXELS:
            self._stroke = self._begin_stroke(self._slice_node, self._world(self._pressed_at))
        if self._stroke is not None and math.dist(here, self._drawn_to) >= _STEP_PIXELS:
            self._draw_to(self._stroke, here)

    def _on_release(self, _caller: Any, event: str) -> None:
        if self._pressed_at is None or self._is_click_for_view:
            return
        stroke, self._stroke, self._pressed_at = self._stroke, None, None
        if stroke is None:
            self._click_in_view()
        else:
            self._draw_to(stroke, self._interactor.GetEventPosition())
            stroke.finish()
        # Last: sending the view an event of the same kind takes the flag back.
        self._keep_from_view(event)

    def _draw_to(self, stroke: Stroke, pixel: tuple[int, int]) -> None:
        if pixel != self._drawn_to:
            self._drawn_to = pixel
            stroke.draw_to(self._world(pixel))

    def _click_in_view(self) -> None:
        self._is_click_for_view = True
        try:
            self._interactor.InvokeEvent("LeftButtonPressEvent")
            self._interactor.InvokeEvent("LeftButtonReleaseEvent")
        finally:
            self._is_click_for_view = False

    def _keep_from_view(self, event: str) -> None:
        self._interactor.GetCommand(self._tags[event]).SetAbortFlag(1)

    def _world(self, pixel: tuple[int, int]) -> Position:
        r, a, s, _ = self._slice_node.GetXYToRAS().MultiplyPoint((*pixel, 0.0, 1.0))
        return r, a, s
