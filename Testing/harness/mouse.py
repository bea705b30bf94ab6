"""A hand on the mouse over a view: real events through the interactor, so the displayable managers do the rest."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import slicer
import vtk

Position = tuple[float, float, float]
Pixel = tuple[float, float]

_DRAG_STEPS = 8


class Mouse:
    """Moves and presses in display pixels, counted from the lower left corner, or at RAS positions."""

    def __init__(self, view: Any, *, shift: bool = False, control: bool = False) -> None:
        self._view = view
        self._interactor = view.interactor()
        self._shift, self._control = int(shift), int(control)

    def click(self, pixel: Pixel, button: str = "Left") -> None:
        self._enter(pixel)
        self._press_and_release(pixel, button)

    def double_click(self, pixel: Pixel) -> None:
        self.click(pixel)
        self._send("LeftButtonDoubleClickEvent", pixel, repeat=1)
        self._send("LeftButtonReleaseEvent", pixel)

    def drag(self, pixels: Iterable[Pixel], button: str = "Left") -> None:
        """Press at the first pixel, pass through the others, release at the last."""
        path = list(pixels)
        self.press_and_move(path, button)
        self.release(path[-1], button)

    def press_and_move(self, pixels: Iterable[Pixel], button: str = "Left") -> None:
        """The first part of a drag: the button stays down."""
        path = list(pixels)
        self._enter(path[0])
        self._send(f"{button}ButtonPressEvent", path[0])
        for start, end in itertools.pairwise(path):
            for step in range(1, _DRAG_STEPS + 1):
                self._send("MouseMoveEvent", _between(start, end, step / _DRAG_STEPS))

    def release(self, pixel: Pixel, button: str = "Left") -> None:
        self._send(f"{button}ButtonReleaseEvent", pixel)

    def turn_wheel(self, clicks: int) -> None:
        """Forward for positive ``clicks``, backward for negative ones."""
        direction = "Forward" if clicks > 0 else "Backward"
        for _ in range(abs(clicks)):
            self._interactor.InvokeEvent(f"MouseWheel{direction}Event")

    def pixel_at(self, position_ras: Position) -> Pixel:
        """Where a position is seen; a slice view first goes to the slice that holds it.

        :raises ValueError: the position is outside what the view shows.
        """
        pixel = self._slice_pixel(position_ras) if _is_slice_view(self._view) else self._threed_pixel(position_ras)
        width, height = self._view.render_window().GetSize()
        if not (0 <= pixel[0] < width and 0 <= pixel[1] < height):
            message = f"RAS {position_ras} is at pixel {pixel}, outside the view of {width}x{height}"
            raise ValueError(message)
        return pixel

    def _slice_pixel(self, position_ras: Position) -> Pixel:
        slice_node = self._view.get_view_node()
        slice_node.JumpSliceByOffsetting(*position_ras)
        ras_to_xy = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(slice_node.GetXYToRAS(), ras_to_xy)
        x, y, _, _ = ras_to_xy.MultiplyPoint((*position_ras, 1.0))
        return x, y

    def _threed_pixel(self, position_ras: Position) -> Pixel:
        renderer = self._view.renderer()
        renderer.SetWorldPoint(*position_ras, 1.0)
        renderer.WorldToDisplay()
        x, y, _ = renderer.GetDisplayPoint()
        return x, y

    def _enter(self, pixel: Pixel) -> None:
        self._send("EnterEvent", pixel)
        self._send("MouseMoveEvent", pixel)

    def _press_and_release(self, pixel: Pixel, button: str) -> None:
        self._send(f"{button}ButtonPressEvent", pixel)
        self.release(pixel, button)

    def _send(self, event: str, pixel: Pixel, repeat: int = 0) -> None:
        x, y = round(pixel[0]), round(pixel[1])
        self._interactor.SetEventInformation(x, y, self._control, self._shift, chr(0), repeat, None)
        self._interactor.InvokeEvent(event)


def _is_slice_view(view: Any) -> bool:
    return isinstance(view.get_view_node(), slicer.vtkMRMLSliceNode)


def _between(start: Pixel, end: Pixel, fraction: float) -> Pixel:
    return start[0] + (end[0] - start[0]) * fraction, start[1] + (end[1] - start[1]) * fraction
