"""A small oblique, left-handed volume, and files of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from MedVLSAM2Lib.volume import Modality, Volume

DicomWriter = Callable[..., Path]


@pytest.fixture
def an_oblique_volume() -> Volume:
    """8x10x12 voxels (K, J, I) of 3x2x1.5 mm, turned 25 degrees about R, with J run through backwards."""
    array = np.random.default_rng(3).integers(-1000, 1000, (8, 10, 12)).astype(np.int16)
    turn = np.deg2rad(25)
    axes = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes * (1.5, -2.0, 3.0)
    matrix[:3, 3] = (-40.0, 12.5, 7.0)
    return Volume(array, matrix, Modality.CT, "HU", "the oblique scan")


@pytest.fixture
def write_dicom(tmp_path: Path) -> DicomWriter:
    """Writes ``slices`` axial slices of 6x5 voxels of 0.8x0.7 mm as a DICOM series, each at ``position(number)`` (LPS)."""

    def write(
        slices: int = 5,
        position: Callable[[int], tuple[float, float, float]] = lambda k: (10.0, -20.0, 3.0 * k),
        modality: str = "CT",
        folder: str = "series",
        uid: str = "1.2.826.0.1.3680043.2.1125.1",
    ) -> Path:
        place = tmp_path / folder
        place.mkdir()
        writer = sitk.ImageFileWriter()
        writer.KeepOriginalImageUIDOn()
        for k in range(slices):
            image = sitk.GetImageFromArray(np.full((1, 6, 5), 10 * k + 1, np.int16))
            image[0, 0, 0] = -1000
            image.SetSpacing((0.7, 0.8, 3.0))
            for tag, value in {
                "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
                "0008|0018": f"{uid}.{k + 1}",
                "0008|0060": modality,
                "0020|000e": uid,
                "0020|000d": "1.2.826.0.1.3680043.2.1125.9",
                "0020|0013": str(k + 1),
                "0020|0032": "\\".join(str(v) for v in position(k)),
                "0020|0037": "1\\0\\0\\0\\1\\0",
            }.items():
                image.SetMetaData(tag, value)
            writer.SetFileName(str(place / f"{slices - k:03d}.dcm"))
            writer.Execute(image)
        return place

    return write
