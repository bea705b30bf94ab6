"""Pictures of views and widgets, for tests to look at and people to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import vtk
from PySide6 import QtGui, QtWidgets
from vtk.util.numpy_support import vtk_to_numpy


def pixels_of_view(view: Any) -> np.ndarray:
    """What a view shows now: ``uint8`` of shape (height, width, 3), the first row on top."""
    view.render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(view.render_window())
    grabber.ReadFrontBufferOff()
    grabber.Update()
    image = grabber.GetOutput()
    width, height, _ = image.GetDimensions()
    rows: np.ndarray = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return rows[::-1, :, :3].copy()


def pixels_of_widget(widget: QtWidgets.QWidget) -> np.ndarray:
    """What a widget shows now: ``uint8`` of shape (height, width, 3)."""
    image = widget.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def save_png(pixels: np.ndarray, path: Path | str) -> Path:
    """Write ``uint8`` pixels of shape (height, width, 3)."""
    height, width, _ = pixels.shape
    contiguous = np.ascontiguousarray(pixels)
    image = QtGui.QImage(contiguous.data, width, height, 3 * width, QtGui.QImage.Format.Format_RGB888)
    if not image.save(str(path)):
        message = f"could not write {path}"
        raise OSError(message)
    return Path(path)


def beside(*pictures: np.ndarray) -> np.ndarray:
    """Pictures in a row, the lower ones padded with black at the bottom."""
    height = max(picture.shape[0] for picture in pictures)
    return np.hstack([_padded(picture, height, picture.shape[1]) for picture in pictures])


def above(*pictures: np.ndarray) -> np.ndarray:
    """Pictures in a column, the narrower ones padded with black on the right."""
    width = max(picture.shape[1] for picture in pictures)
    return np.vstack([_padded(picture, picture.shape[0], width) for picture in pictures])


def _padded(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)))
