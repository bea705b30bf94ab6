"""Between ITK's geometry (LPS; direction, spacing, origin) and the one matrix everything else uses (RAS)."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Its own inverse."""


def ijk_to_ras(image: sitk.Image) -> np.ndarray:
    """The 4×4 matrix from voxel index (i, j, k, 1) to RAS mm of a 3D ITK image."""
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    ijk_to_lps[:3, 3] = image.GetOrigin()
    return LPS_TO_RAS @ ijk_to_lps


def set_ijk_to_ras(image: sitk.Image, matrix: np.ndarray) -> None:
    """Give a 3D ITK image the geometry of ``matrix`` (4×4)."""
    ijk_to_lps = LPS_TO_RAS @ matrix
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((ijk_to_lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(ijk_to_lps[:3, 3].tolist())


def is_sheared(matrix: np.ndarray) -> bool:
    """Whether the axes of a 4×4 matrix are not at right angles."""
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return not np.allclose(axes.T @ axes, np.eye(3), atol=1e-3)
