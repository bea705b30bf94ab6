"""Voxel grids in the scene, and the way from one to another through every parent transform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from MedVLSAM2Lib.scene import vtk_matrix
from MedVLSAM2Lib.volume import VoxelBox
from MedVLSAM2Lib.volume.box import Triple

Transform = Callable[[np.ndarray], np.ndarray]

# Two grids are the same lattice when no voxel of a volume 2000 voxels wide lies further than this apart.
_SAME_LATTICE_VOXELS = 0.02
_WIDEST_VOLUME = 2000
# A warped box is bounded by a net of points this many voxels apart, plus a rim for what bulges between them.
_NET_VOXELS = 8
_NET_RIM = 2


@dataclass(frozen=True, eq=False)
class SceneGrid:
    """A voxel grid's place in the scene.

    Attributes:
        ijk_to_local: 4x4 matrix from voxel index (i, j, k, 1) to the node's own RAS in mm.
        parent: the vtkMRMLTransformNode the node lies under, or None.
    """

    ijk_to_local: np.ndarray
    parent: Any = None


class GridMap:
    """The way from the voxels of one grid to those of another, through all parent transforms of both."""

    def __init__(self, source: SceneGrid, target: SceneGrid) -> None:
        to_target_ijk = vtk_matrix.inverse(target.ijk_to_local, "the target grid")
        between = transform_between(source.parent, target.parent)
        if isinstance(between, np.ndarray):
            self._affine: np.ndarray | None = to_target_ijk @ between @ source.ijk_to_local
        else:
            self._affine = None
            self._warp = _chain(source.ijk_to_local, between, to_target_ijk)
        self.offset = None if self._affine is None else _whole_shift(self._affine)

    @property
    def is_linear(self) -> bool:
        """Whether straight lines stay straight: no warping transform lies between the grids."""
        return self._affine is not None

    def positions(self, ijk: np.ndarray) -> np.ndarray:
        """Continuous voxel indices (..., 3) of the source, in I, J, K, as continuous indices of the target."""
        return self._warp(ijk) if self._affine is None else apply_affine(self._affine, ijk)

    def box(self, box: VoxelBox) -> VoxelBox:
        """The box of target voxels that holds every source voxel of ``box``, rims included."""
        if box.is_empty:
            return VoxelBox.empty()
        if self.offset is not None:
            return box.shifted(self.offset)
        rim, step = (0, None) if self.is_linear else (_NET_RIM, _NET_VOXELS)
        points = self.positions(_net(box, step))
        low = np.floor(points.min(axis=0) + 0.5).astype(int)[::-1] - rim
        high = np.ceil(points.max(axis=0) + 0.5).astype(int)[::-1] + rim
        return VoxelBox((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def look_up(self, values: np.ndarray, values_box: VoxelBox, box: VoxelBox) -> np.ndarray:
        """For every source voxel of ``box``: the value of the nearest target voxel, zero where there is none.

        ``values`` (K, J, I) are the target voxels of ``values_box``.
        """
        out = np.zeros(box.shape, values.dtype)
        if self.offset is not None:
            shared = box.shifted(self.offset).intersection(values_box)
            if not shared.is_empty:
                here = shared.shifted([-a - b for a, b in zip(self.offset, box.low, strict=True)])
                out[here.slices] = values[shared.relative_to(values_box).slices]
            return out
        for number, k in enumerate(range(box.low[0], box.high[0])):
            # A plane at a time, so that a large box needs no coordinates for all its voxels at once.
            index = np.floor(self.positions(_plane(box, k)) + 0.5).astype(int)[..., ::-1] - values_box.low
            inside = ((index >= 0) & (index < values_box.shape)).all(axis=-1)
            out[number][inside] = values[tuple(index[inside].T)]
        return out


def transform_between(source: Any, target: Any) -> np.ndarray | Transform:
    """From under one vtkMRMLTransformNode to under another (None is the world): a 4x4 matrix, or a warp of points."""
    node_class = slicer.vtkMRMLTransformNode
    general = vtk.vtkGeneralTransform()
    node_class.GetTransformBetweenNodes(source, target, general)
    if node_class.IsGeneralTransformLinear(general):
        matrix = vtk.vtkMatrix4x4()
        node_class.GetMatrixTransformBetweenNodes(source, target, matrix)
        return vtk_matrix.to_numpy(matrix)
    return lambda points: _transform_points(general, points)


def apply_affine(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (..., 3) moved by a 4x4 matrix."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _chain(before: np.ndarray, warp: Transform, after: np.ndarray) -> Transform:
    return lambda points: apply_affine(after, warp(apply_affine(before, points)))


def _transform_points(transform: Any, points: np.ndarray) -> np.ndarray:
    source, out = vtk.vtkPoints(), vtk.vtkPoints()
    source.SetData(numpy_to_vtk(np.ascontiguousarray(points, dtype=float).reshape(-1, 3), deep=True))
    out.SetDataTypeToDouble()
    transform.TransformPoints(source, out)
    return vtk_to_numpy(out.GetData()).copy().reshape(points.shape)


def _whole_shift(affine: np.ndarray) -> Triple | None:
    """The shift (K, J, I) in whole voxels that ``affine`` is, or None when it is anything else."""
    shift = np.round(affine[:3, 3])
    turn = np.abs(affine[:3, :3] - np.eye(3)).max() * _WIDEST_VOLUME
    if turn > _SAME_LATTICE_VOXELS or np.abs(affine[:3, 3] - shift).max() > _SAME_LATTICE_VOXELS:
        return None
    i, j, k = (int(value) for value in shift)
    return k, j, i


def _net(box: VoxelBox, step: int | None) -> np.ndarray:
    """Points (n, 3) in I, J, K on the outer rims of a box's voxels: its corners, or a net through it."""
    lines = []
    for low, high in zip(box.low, box.high, strict=True):
        count = 2 if step is None else max(2, (high - low) // step + 2)
        lines.append(np.linspace(low - 0.5, high - 0.5, count))
    return np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)[:, ::-1]


def _plane(box: VoxelBox, k: int) -> np.ndarray:
    """The voxel centres (J, I, 3) of one plane of a box, in I, J, K."""
    j, i = (np.arange(low, high, dtype=float) for low, high in zip(box.low[1:], box.high[1:], strict=True))
    return np.stack(np.broadcast_arrays(i[None, :], j[:, None], float(k)), axis=-1)
