"""4x4 matrices between VTK and numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk

from MedVLSAM2Lib.scene.errors import SceneError


def to_numpy(matrix: Any) -> np.ndarray:
    """A vtkMatrix4x4 as a (4, 4) array."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def to_vtk(matrix: np.ndarray) -> Any:
    """A (4, 4) array as a vtkMatrix4x4."""
    out = vtk.vtkMatrix4x4()
    for (row, column), value in np.ndenumerate(matrix):
        out.SetElement(row, column, float(value))
    return out


def inverse(matrix: np.ndarray, of_what: str) -> np.ndarray:
    """The inverse of a geometry matrix; SceneError when it has none."""
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError as error:
        raise SceneError(f"The geometry of {of_what} is singular; correct it in the Volumes module.") from error
