"""Where a volume lies in the scene."""

from __future__ import annotations

from typing import Any

import numpy as np

from MedVLSAM2Lib.scene import vtk_matrix
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import grid_of_volume, require_in_scene
from MedVLSAM2Lib.scene.scene_grid import Transform, apply_affine, transform_between
from MedVLSAM2Lib.volume.box import Triple
from MedVLSAM2Lib.volume.reorientation import Position


class VolumeFrame:
    """World RAS (mm) to a volume's continuous voxel index and back, through all its parent transforms.

    The node is asked each time, so the frame stays right when the volume is moved.

    Raises:
        SceneError: when the volume is not, or no longer, in the scene, or its geometry is singular.
    """

    def __init__(self, volume_node: Any) -> None:
        self._node = volume_node
        self._require_image()

    @property
    def shape(self) -> Triple:
        """The volume's voxels along K, J and I."""
        self._require_image()
        i, j, k = self._node.GetImageData().GetDimensions()
        return k, j, i

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along I, J and K, in mm."""
        self._require_image()
        i, j, k = self._node.GetSpacing()
        return i, j, k

    def ijk(self, world_ras: Position) -> Position:
        """The continuous voxel index (i, j, k) of a world position in mm."""
        i, j, k = self.ijk_of_all(np.array([world_ras], dtype=float))[0]
        return float(i), float(j), float(k)

    def ijk_of_all(self, world_ras: np.ndarray) -> np.ndarray:
        """Continuous voxel indices (n, 3), in I, J, K, of world positions (n, 3) in mm."""
        self._require_image()
        grid = grid_of_volume(self._node)
        local = _moved(transform_between(None, grid.parent), world_ras)
        return apply_affine(vtk_matrix.inverse(grid.ijk_to_local, self._node.GetName()), local)

    def world(self, ijk: Position) -> Position:
        """The world position (R, A, S) in mm of a continuous voxel index (i, j, k)."""
        self._require_image()
        grid = grid_of_volume(self._node)
        r, a, s = apply_affine(grid.ijk_to_local, np.array([ijk], dtype=float))[0]
        return self.world_of_local((r, a, s))

    def world_of_local(self, local_ras: Position) -> Position:
        """The world position (R, A, S) in mm of one in the volume's own coordinates, under its parent transforms."""
        self._require_image()
        parent = grid_of_volume(self._node).parent
        r, a, s = _moved(transform_between(parent, None), np.array([local_ras], dtype=float))[0]
        return float(r), float(a), float(s)

    def _require_image(self) -> None:
        require_in_scene(self._node, "volume")
        if self._node.GetImageData() is None:
            raise SceneError(f"{self._node.GetName()} has no voxels; load the scan again or choose another volume.")


def _moved(transform: np.ndarray | Transform, points: np.ndarray) -> np.ndarray:
    return apply_affine(transform, points) if isinstance(transform, np.ndarray) else transform(points)
