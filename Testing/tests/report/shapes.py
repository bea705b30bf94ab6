"""Shapes of known size on grids of any geometry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from MedVLSAM2Lib.volume import Modality, PackedMask, Volume

Inside = Callable[[np.ndarray], np.ndarray]


def turned(about_r_deg: float = 0.0, about_s_deg: float = 0.0) -> np.ndarray:
    """A rotation in RAS, 3x3."""
    x, z = np.deg2rad([about_r_deg, about_s_deg])
    about_r = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_s = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return about_s @ about_r


def a_volume(
    spacing_ijk: tuple[float, float, float] = (1.0, 1.0, 1.0),
    size_ijk: tuple[int, int, int] = (60, 60, 60),
    axes: np.ndarray | None = None,
    modality: Modality = Modality.CT,
    shear: float = 0.0,
) -> Volume:
    """A scan whose middle is at RAS 0: a body of 40 HU with air to its sides."""
    matrix = np.eye(4)
    matrix[:3, :3] = (np.eye(3) if axes is None else axes) * spacing_ijk
    matrix[:3, 2] += matrix[:3, 1] * shear
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(size_ijk) - 1) / 2)
    i, j, k = size_ijk
    array = np.full((k, j, i), 40, np.int16)
    r = positions(Volume(np.arange(array.size).reshape(array.shape), matrix))[..., 0]
    array[np.abs(r) > 0.8 * np.abs(r).max()] = -1000
    return Volume(array, matrix, modality, "HU" if modality is Modality.CT else "", "a phantom")


def positions(volume: Volume) -> np.ndarray:
    """The RAS position of every voxel's centre, (K, J, I, 3)."""
    k, j, i = np.indices(volume.shape)
    return np.stack([i, j, k], axis=-1) @ volume.ijk_to_ras[:3, :3].T + volume.ijk_to_ras[:3, 3]


def a_mask(volume: Volume, inside: Inside) -> PackedMask:
    """The voxels whose centres (R, A, S in the last axis) are inside."""
    return PackedMask.pack(inside(positions(volume)))


def an_ellipsoid(semi_axes: tuple[float, float, float], centre: tuple[float, float, float] = (0, 0, 0)) -> Inside:
    """Semi-axes along R, A and S in mm."""
    return lambda ras: (((ras - centre) / np.array(semi_axes)) ** 2).sum(axis=-1) <= 1


def a_box(edges: tuple[float, float, float], centre: tuple[float, float, float] = (0, 0, 0)) -> Inside:
    """Edges along R, A and S in mm."""
    return lambda ras: (np.abs(ras - centre) < np.array(edges) / 2).all(axis=-1)
