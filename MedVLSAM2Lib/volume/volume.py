"""A scan: voxels, where they lie in the patient, and what they measure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from MedVLSAM2Lib.volume.reorientation import Position, Reorientation
from MedVLSAM2Lib.volume.window import CT_WINDOWS, Window, percentile_window

_SINGULAR = 1e-9
_SAMPLES = 200_000


class VolumeError(ValueError):
    """The volume cannot be used; the message is one sentence for the user."""


class Modality(StrEnum):
    """What made the scan, as far as the model must know."""

    CT = "CT"
    MR = "MR"
    PET = "PET"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Volume:
    """A scalar volume on a regular, possibly oblique or sheared, grid.

    Attributes:
        array: intensities (K, J, I), any integer or floating dtype; never written to.
        ijk_to_ras: 4×4 matrix from voxel index (i, j, k, 1) to patient position in mm (R, A, S, 1).
        modality: what made the scan; ``CT`` promises Hounsfield units.
        units: the unit of the intensities, e.g. ``"HU"``; empty when unknown.
        name: what the user calls the volume, for messages.
    """

    array: np.ndarray
    ijk_to_ras: np.ndarray
    modality: Modality = Modality.UNKNOWN
    units: str = ""
    name: str = field(default="the volume", compare=False)

    def __post_init__(self) -> None:
        matrix = np.array(self.ijk_to_ras, dtype=float)
        matrix.setflags(write=False)
        object.__setattr__(self, "ijk_to_ras", matrix)
        _check_array(self.array, self.name)
        _check_matrix(matrix, self.name)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along K, J and I."""
        k, j, i = self.array.shape
        return k, j, i

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along K, J and I, in mm."""
        i, j, k = (float(v) for v in np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0))
        return k, j, i

    @cached_property
    def voxel_volume_mm3(self) -> float:
        """The volume of one voxel in mm³ (sheared grids included)."""
        return float(abs(np.linalg.det(self.ijk_to_ras[:3, :3])))

    @cached_property
    def reorientation(self) -> Reorientation:
        """How this volume's axes become left, posterior, superior."""
        return Reorientation.to_canonical(self.ijk_to_ras, self.array.shape)

    def canonical(self) -> Volume:
        """The same scan with its axes ordered left, posterior, superior; shares the memory."""
        turn = self.reorientation
        matrix = self.ijk_to_ras @ turn.matrix
        return Volume(turn.array_to_canonical(self.array), matrix, self.modality, self.units, self.name)

    def ras_to_ijk(self, ras: Position) -> Position:
        """The continuous voxel index (i, j, k) of a patient position in mm."""
        i, j, k, _ = np.linalg.solve(self.ijk_to_ras, np.array([*ras, 1.0]))
        return float(i), float(j), float(k)

    def ijk_to_ras_position(self, ijk: Position) -> Position:
        """The patient position in mm of a continuous voxel index (i, j, k)."""
        r, a, s, _ = self.ijk_to_ras @ np.array([*ijk, 1.0])
        return float(r), float(a), float(s)

    @cached_property
    def window(self) -> Window:
        """The window to look at the volume with: soft tissue for CT, percentiles for the rest."""
        return CT_WINDOWS["soft tissue"] if self.modality is Modality.CT else percentile_window(self.array)


def _check_array(array: np.ndarray, name: str) -> None:
    if array.ndim != 3:
        raise VolumeError(f"{name} has {array.ndim} dimensions; choose a volume with exactly three.")
    if array.size == 0:
        raise VolumeError(f"{name} is empty; load the scan again or choose another volume.")
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise VolumeError(f"{name} holds {array.dtype} values; choose a volume of integers or real numbers.")
    if np.issubdtype(array.dtype, np.floating) and not _all_finite(array):
        raise VolumeError(f"{name} holds values that are not numbers (NaN or infinite); replace them first.")
    if _is_constant(array):
        raise VolumeError(f"{name} has the same value in every voxel; there is nothing to segment in it.")


def _all_finite(array: np.ndarray) -> bool:
    # A sum is finite exactly when every term is (or it overflows, which real scans do not), and
    # it needs no second array of the volume's size.
    return all(bool(np.isfinite(np.sum(plane, dtype=np.float64))) for plane in array)


def _is_constant(array: np.ndarray) -> bool:
    first = array.flat[0]
    step = max(1, round((array.size / _SAMPLES) ** (1 / 3)))
    if (array[::step, ::step, ::step] != first).any():
        return False
    return not any((plane != first).any() for plane in array)


def _check_matrix(matrix: np.ndarray, name: str) -> None:
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise VolumeError(f"{name} has no usable IJK to RAS matrix; correct its geometry in the Volumes module.")
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    if (spacing <= 0).any():
        raise VolumeError(f"{name} has a voxel spacing of zero; correct it in the Volumes module.")
    if abs(np.linalg.det(matrix[:3, :3] / spacing)) < _SINGULAR:
        raise VolumeError(f"{name} has two axes in the same direction; correct its geometry in the Volumes module.")
    if not np.allclose(matrix[3], [0, 0, 0, 1]):
        raise VolumeError(f"{name} has a projective IJK to RAS matrix; only affine ones can be used.")
