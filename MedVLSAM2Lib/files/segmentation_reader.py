"""Slicer's segmentation files become masks on a scan's grid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from MedVLSAM2Lib.files.geometry import ijk_to_ras
from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

_SEGMENT_ID = re.compile(r"Segment(\d+)_ID")
_TERMINOLOGY = re.compile(r"TerminologyEntry:([^|]*)\|")
_GREY = (0.5, 0.5, 0.5)
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
    colour: tuple[float, float, float] = _GREY


def read_segmentation_file(path: Path, volume: Volume) -> tuple[FileSegment, ...]:
    """The segments of a ``.seg.nrrd`` on the grid of ``volume``; a file that covers a part of the grid only is no error.

    Raises:
        SegmentationFileError: one sentence: it cannot be read, holds no segment, or lies on another grid.
    """
    if not path.is_file():
        raise SegmentationFileError(f"{path} does not exist; check the path.")
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise SegmentationFileError(f"{path} cannot be read as an image; save it again as .seg.nrrd.") from error
    numbers = sorted(int(found[1]) for key in image.GetMetaDataKeys() if (found := _SEGMENT_ID.fullmatch(key)))
    if image.GetDimension() != 3 or not numbers:
        raise SegmentationFileError(f"{path.name} holds no segments; save the segmentation in Slicer as .seg.nrrd.")
    box = _place(image, volume, path.name)
    layers = sitk.GetArrayFromImage(image)
    layers = layers[..., None] if layers.ndim == 3 else layers
    return tuple(_segments(image, numbers, layers, box, VoxelBox.of_shape(volume.shape)))


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
    image: sitk.Image, numbers: list[int], layers: np.ndarray, box: VoxelBox, whole: VoxelBox
) -> Iterator[FileSegment]:
    inside = box.intersection(whole)
    for number in numbers:
        fields = {
            key: image.GetMetaData(f"Segment{number}_{key}")
            for key in ("ID", "Name", "LabelValue", "Layer", "Color", "Tags")
            if image.HasMetaDataKey(f"Segment{number}_{key}")
        }
        layer, label = int(fields.get("Layer", 0)), int(fields.get("LabelValue", 1))
        there = np.zeros(box.shape, bool) if layer >= layers.shape[-1] else layers[..., layer] == label
        mask = PackedMask.empty()
        if not inside.is_empty:
            mask = PackedMask.pack_tight(there[inside.relative_to(box).slices], inside)
        terminology = _TERMINOLOGY.search(f"{fields.get('Tags', '')}|")
        name = fields.get("Name") or fields["ID"]
        yield FileSegment(
            fields["ID"], name, mask, terminology[1] if terminology else "", _colour(fields.get("Color", ""))
        )


def _colour(text: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(part) for part in text.split())
    except ValueError:
        return _GREY
    return red, green, blue
