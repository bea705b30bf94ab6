"""The labelmap that stores a segment, alone or together with others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import slicer
import vtk

from MedVLSAM2Lib.scene import vtk_matrix
from MedVLSAM2Lib.scene.image_voxels import extent_of, image_array, image_box
from MedVLSAM2Lib.scene.node_access import BINARY_LABELMAP
from MedVLSAM2Lib.volume import VoxelBox

_FIRST = 1e6


class SegmentLayer:
    """One vtkOrientedImageData of a segmentation, changed in place and in silence.

    Boxes are in the layer's own voxel index (K, J, I), which starts anywhere. Voxels outside ``box`` are zero.
    Nobody is told of a change: ``mark_changed`` bumps the modification time, the caller invokes the segmentation's events.
    Told by VTK itself, the segmentation would throw away the surfaces of all its segments at each write.
    """

    def __init__(self, image: Any) -> None:
        self._image = image

    @classmethod
    def of(cls, segment: Any) -> SegmentLayer:
        """The layer a vtkSegment is stored in; made when it has none."""
        image = segment.GetRepresentation(BINARY_LABELMAP)
        if image is None:
            image = slicer.vtkOrientedImageData()
            segment.AddRepresentation(BINARY_LABELMAP, image)
        return cls(image)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SegmentLayer) and self._image is other._image

    def __hash__(self) -> int:
        return hash(self._image)

    @property
    def image(self) -> Any:
        """The vtkOrientedImageData."""
        return self._image

    @property
    def box(self) -> VoxelBox:
        """The voxels the layer has memory for."""
        return image_box(self._image)

    @property
    def ijk_to_local(self) -> np.ndarray:
        """4x4 matrix from voxel index (i, j, k, 1) to the segmentation's own RAS in mm."""
        matrix = vtk.vtkMatrix4x4()
        self._image.GetImageToWorldMatrix(matrix)
        return vtk_matrix.to_numpy(matrix)

    @property
    def modified_time(self) -> int:
        """Changes whenever anyone changes the voxels."""
        return int(self._image.GetMTime())

    def labels(self, box: VoxelBox) -> np.ndarray:
        """The labels of ``box`` (K, J, I), zero outside the layer; a view where the layer holds all of it."""
        own = self.box
        shared = own.intersection(box)
        if shared == box and not box.is_empty:
            return self._view(box)
        out = np.zeros(box.shape, np.uint8 if own.is_empty else image_array(self._image).dtype)
        if not shared.is_empty:
            out[shared.relative_to(box).slices] = self._view(shared)
        return out

    def place(self, ijk_to_local: np.ndarray) -> None:
        """Give a layer without voxels its geometry."""
        with _silenced(self._image):
            self._image.SetGeometryFromImageToWorldMatrix(vtk_matrix.to_vtk(ijk_to_local))

    def erase(self, where: np.ndarray, box: VoxelBox, label: int) -> None:
        """Clear the voxels ``where`` (of ``box``) that hold ``label``; all others stay."""
        shared = self.box.intersection(box)
        if shared.is_empty:
            return
        view = self._view(shared)
        view[where[shared.relative_to(box).slices] & (view == label)] = 0

    def paint(self, where: np.ndarray, box: VoxelBox, label: int) -> None:
        """Set the voxels ``where`` (of ``box``) to ``label``; the layer grows when they lie outside it."""
        needed = VoxelBox.around(where)
        if needed.is_empty:
            return
        part = where[needed.slices]
        needed = needed.shifted(box.low)
        self._hold(needed, label)
        self._view(needed)[part] = label

    def planes_with(self, label: int) -> Iterator[np.ndarray]:
        """The mask (J, I) of ``label`` on each plane of ``box``; one at a time needs no second array of that size."""
        if not self.box.is_empty:
            yield from (plane == label for plane in image_array(self._image))

    def mark_changed(self) -> None:
        """Let pipelines and observers of the modification time see the change, without an event."""
        scalars = self._image.GetPointData().GetScalars()
        if scalars is not None:
            scalars.Modified()

    def _view(self, box: VoxelBox) -> np.ndarray:
        return image_array(self._image)[box.relative_to(self.box).slices]

    def _hold(self, box: VoxelBox, label: int) -> None:
        own = self.box
        if own.intersection(box) != box:
            self._grow(_with_slack(own, own.union(box)))
        if label > np.iinfo(image_array(self._image).dtype).max:
            with _silenced(self._image):
                slicer.vtkOrientedImageDataResample.CastImageForValue(self._image, label)

    def _grow(self, box: VoxelBox) -> None:
        own = self.box
        earlier = None if own.is_empty else image_array(self._image)
        scalar_type = vtk.VTK_UNSIGNED_CHAR if earlier is None else self._image.GetScalarType()
        with _silenced(self._image):
            self._image.SetExtent(extent_of(box))
            self._image.AllocateScalars(scalar_type, 1)
        grown = image_array(self._image)
        if earlier is None:
            grown.fill(0)
        else:
            _put_amid_zeros(earlier, grown, own.relative_to(box))


def _put_amid_zeros(inner: np.ndarray, out: np.ndarray, box: VoxelBox) -> None:
    """Make ``out`` equal ``inner`` in ``box`` and zero elsewhere; every voxel is written once."""
    (k, j, i), (k_end, j_end, i_end) = box.low, box.high
    out[:k], out[k_end:] = 0, 0
    slab = out[k:k_end]
    slab[:, :j], slab[:, j_end:] = 0, 0
    rows = slab[:, j:j_end]
    rows[:, :, :i], rows[:, :, i_end:] = 0, 0
    rows[:, :, i:i_end] = inner


@contextmanager
def _silenced(image: Any) -> Iterator[None]:
    """Keep the image's ModifiedEvents from everyone."""

    def abort(*_: object) -> None:
        image.GetCommand(tag).SetAbortFlag(1)

    tag = image.AddObserver(vtk.vtkCommand.ModifiedEvent, abort, _FIRST)
    try:
        yield
    finally:
        image.RemoveObserver(tag)


def _with_slack(own: VoxelBox, needed: VoxelBox) -> VoxelBox:
    """``needed``, and a quarter more on the sides that grew: an object that spreads is copied seldom, not each time."""
    if own.is_empty:
        return needed
    low, high = list(needed.low), list(needed.high)
    for axis, size in enumerate(own.shape):
        slack = size // 4
        low[axis] -= slack if low[axis] < own.low[axis] else 0
        high[axis] += slack if high[axis] > own.high[axis] else 0
    return VoxelBox((low[0], low[1], low[2]), (high[0], high[1], high[2]))
