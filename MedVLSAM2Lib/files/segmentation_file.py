"""Masks become files: Slicer's segmentations, or label images for everything else."""

from __future__ import annotations

import errno
import gzip
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from MedVLSAM2Lib.files.atomic_write import FileWriteError, file_beside
from MedVLSAM2Lib.files.geometry import is_sheared, set_ijk_to_ras
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

SEGMENTATION_ENDINGS = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".mha")
"""What can be written; in a ``.seg.nrrd`` the segment keeps its name and colour."""

DRAFT_STATUS = "DRAFT, not for clinical use, unsigned"
"""In every file of a mask, where its format has room for it."""

_STATUS_KEY = {"nrrd": "status", "mha": "Status", "nii": "ITK_FileNotes", "gz": "ITK_FileNotes"}
_COLOR = (0.87, 0.40, 0.28)
_FILE_FIELDS = {
    "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
    "Segmentation_MasterRepresentation": "Binary labelmap",
    "Segmentation_SourceRepresentation": "Binary labelmap",
    "Segmentation_ReferenceImageExtentOffset": "0 0 0",
}
_KEEPS_RIGHT_ANGLES_ONLY = (".nii", ".nii.gz")
_NIFTI_HEADER = 352
_CHUNK = 2**20


class SegmentationFileError(ValueError):
    """The mask cannot be written there; the message is one sentence for the user."""


@dataclass(frozen=True)
class SegmentLook:
    """What a segment is called and looks like; ``color`` is red, green, blue, 0..1."""

    name: str = "segment"
    color: tuple[float, float, float] = _COLOR


def check_segmentation_path(path: Path) -> None:
    """Raise SegmentationFileError when ``path`` does not end in one of ``SEGMENTATION_ENDINGS``."""
    if not path.name.lower().endswith(SEGMENTATION_ENDINGS):
        endings = ", ".join(SEGMENTATION_ENDINGS)
        raise SegmentationFileError(f"{path.name} is no name for a segmentation; end it in one of {endings}.")


def write_segmentation(path: Path, mask: PackedMask, volume: Volume, look: SegmentLook | None = None) -> None:
    """Write ``mask`` on the grid of ``volume``, as label 1; folders on the way are made.

    Raises:
        SegmentationFileError: the ending is unknown, the format cannot hold the volume's geometry, or the disk refused.
    """
    check_segmentation_path(path)
    if path.name.lower().endswith(_KEEPS_RIGHT_ANGLES_ONLY) and is_sheared(volume.ijk_to_ras):
        raise SegmentationFileError(f"NIfTI cannot hold the sheared axes of {volume.name}; write a .seg.nrrd instead.")
    image = sitk.GetImageFromArray(mask.unpack(VoxelBox.of_shape(volume.shape)).astype(np.uint8))
    set_ijk_to_ras(image, volume.ijk_to_ras)
    image.SetMetaData(_STATUS_KEY[path.name.lower().rpartition(".")[2]], DRAFT_STATUS)
    if path.name.lower().endswith(".seg.nrrd"):
        _describe(image, {**_segment_fields(volume.shape, look or SegmentLook()), **_FILE_FIELDS})
    _write(image, path, volume)


def write_segments(path: Path, segments: Sequence[tuple[SegmentLook, PackedMask]], volume: Volume) -> None:
    """Write several segments, at least one, on the grid of ``volume`` as Slicer does: those that overlap on layers of their own.

    Raises:
        SegmentationFileError: the name does not end in ``.seg.nrrd``, or the disk refused.
    """
    if not path.name.lower().endswith(".seg.nrrd"):
        raise SegmentationFileError(f"{path.name} cannot hold several segments; end it in .seg.nrrd.")
    layers: list[np.ndarray] = []
    fields: dict[str, str] = {_STATUS_KEY["nrrd"]: DRAFT_STATUS, **_FILE_FIELDS}
    for number, (look, mask) in enumerate(segments):
        layer = _put(layers, mask, number + 1, volume.shape)
        fields |= _segment_fields(volume.shape, look, number, number + 1, layer)
    images = [sitk.GetImageFromArray(layer) for layer in layers]
    image = images[0] if len(images) == 1 else sitk.Compose(images)
    set_ijk_to_ras(image, volume.ijk_to_ras)
    _describe(image, fields)
    _write(image, path, volume)


def _put(layers: list[np.ndarray], mask: PackedMask, label: int, shape: tuple[int, int, int]) -> int:
    """Write a mask into the first layer that has room for it, a new one where none has: its number."""
    inside = mask.unpack(mask.box)
    for number, layer in enumerate(layers):
        part = layer[mask.box.slices]
        if not part[inside].any():
            part[inside] = label
            return number
    layers.append(np.zeros(shape, np.uint16))
    layers[-1][mask.box.slices][inside] = label
    return len(layers) - 1


def _describe(image: sitk.Image, fields: Mapping[str, str]) -> None:
    for key, value in fields.items():
        image.SetMetaData(key, value)


def _write(image: sitk.Image, path: Path, volume: Volume) -> None:
    try:
        with file_beside(path, _ending(path)) as beside:
            sitk.WriteImage(image, str(beside), useCompression=True)
            _check_whole(beside, volume.shape)
    except (FileWriteError, RuntimeError) as error:
        raise SegmentationFileError(f"{path} cannot be written; check the folder and the space on the disk.") from error


def _ending(path: Path) -> str:
    return next(ending for ending in SEGMENTATION_ENDINGS if path.name.lower().endswith(ending))


def _check_whole(path: Path, shape: tuple[int, int, int]) -> None:
    """OSError where a NIfTI file is cut off: ITK writes and reads those on a full disk without a word."""
    if not path.name.endswith(_KEEPS_RIGHT_ANGLES_ONLY):
        return
    missing = _NIFTI_HEADER + math.prod(shape)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while missing > 0 and (piece := file.read(_CHUNK)):
                missing -= len(piece)
    except EOFError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    if missing > 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _segment_fields(
    shape: tuple[int, int, int], look: SegmentLook, number: int = 0, label: int = 1, layer: int = 0
) -> dict[str, str]:
    """The fields by which Slicer knows a segment; see its developer guide, "Segmentations"."""
    k, j, i = shape
    fields = {
        "ID": f"Segment_{number + 1}",
        "Name": look.name.encode("utf-8", "replace").decode(),  # half a character cannot be written
        "NameAutoGenerated": "0",
        "Color": " ".join(f"{part:g}" for part in look.color),
        "ColorAutoGenerated": "0",
        "LabelValue": str(label),
        "Layer": str(layer),
        "Extent": f"0 {i - 1} 0 {j - 1} 0 {k - 1}",
        "Tags": "",
    }
    return {f"Segment{number}_{name}": value for name, value in fields.items()}
