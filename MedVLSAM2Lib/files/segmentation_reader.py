"""Slicer's segmentation files become masks on a scan's grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from MedVLSAM2Lib.files.geometry import ijk_to_ras
from MedVLSAM2Lib.files.segment_header import NO_COLOUR, SegmentHeader, read_segment_headers
from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

_SAME_VOXEL = 0.05
_SAME_AXIS = 1e-3


@dataclass(frozen=True)
class FileSegment:
    """A segment as its file describes it.

    Attributes:
        segment_id: its id in the segmentation.
        name: what people call it.
        mask: on the grid of the scan it was read for.
        terminology: Slicer's entry, as it is serialized; empty where there is none.
        colour: red, green, blue, 0..1.
    """

    segment_id: str
    name: str
    mask: PackedMask
    terminology: str = ""
    colour: tuple[float, float, float] = NO_COLOUR


def read_segmentation_file(path: Path, volume: Volume) -> tuple[FileSegment, ...]:
    """The segments of a ``.seg.nrrd`` on the grid of ``volume``; a file that covers a part of the grid only is no error.

    Raises:
        SegmentationFileError: one sentence: it cannot be read, holds no segment, or lies on another grid.
    """
    if not path.is_file():
        raise SegmentationFileError(f"{path} does not exist; check the path.")
    try:
        image = sitk.ReadImage(str(path))
        headers = read_segment_headers(image)
    except (RuntimeError, ValueError) as error:
        raise SegmentationFileError(f"{path} cannot be read as an image; save it again as .seg.nrrd.") from error
    if image.GetDimension() != 3 or not headers:
        raise SegmentationFileError(f"{path.name} holds no segments; save the segmentation in Slicer as .seg.nrrd.")
    box = _place(image, volume, path.name)
    layers = sitk.GetArrayFromImage(image)
    layers = layers[..., None] if layers.ndim == 3 else layers
    return tuple(_segments(headers, layers, box, VoxelBox.of_shape(volume.shape)))


def _place(image: sitk.Image, volume: Volume, name: str) -> VoxelBox:
    """Where the image's voxels lie among the volume's."""
    matrix = ijk_to_ras(image)
    i, j, k = volume.ras_to_ijk((float(matrix[0, 3]), float(matrix[1, 3]), float(matrix[2, 3])))
    low = np.array([round(k), round(j), round(i)])
    apart = np.abs(low - (k, j, i)).max()
    if apart > _SAME_VOXEL or not np.allclose(matrix[:3, :3], volume.ijk_to_ras[:3, :3], atol=_SAME_AXIS):
        raise SegmentationFileError(
            f"{name} lies on another grid than {volume.name}; set the scan as its source geometry in Slicer and save it again."
        )
    size = np.array(image.GetSize()[::-1])
    low_k, low_j, low_i = (int(v) for v in low)
    high_k, high_j, high_i = (int(v) for v in low + size)
    return VoxelBox((low_k, low_j, low_i), (high_k, high_j, high_i))


def _segments(
    headers: tuple[SegmentHeader, ...], layers: np.ndarray, box: VoxelBox, whole: VoxelBox
) -> Iterator[FileSegment]:
    inside = box.intersection(whole)
    for header in headers:
        is_there = 0 <= header.layer < layers.shape[-1]
        there = layers[..., header.layer] == header.label if is_there else np.zeros(box.shape, bool)
        mask = PackedMask.empty()
        if not inside.is_empty:
            mask = PackedMask.pack_tight(there[inside.relative_to(box).slices], inside)
        yield FileSegment(header.segment_id, header.name, mask, header.terminology, header.colour)
