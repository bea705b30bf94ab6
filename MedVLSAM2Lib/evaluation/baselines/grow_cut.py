"""GrowCut, as 3D Slicer's "Grow from seeds" runs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from MedVLSAM2Lib.evaluation.baselines.seeded_patch import OBJECT, Reach, SeededPatch

_REACH = Reach(mm=50, seed_mm=6, most_voxels=200_000)


@dataclass(frozen=True)
class GrowCut:
    """``vtkImageGrowCutSegment`` of Slicer's Segmentations module, with its default settings."""

    reach: Reach = _REACH
    name: str = "GrowCut"

    def label(self, patch: SeededPatch) -> np.ndarray:
        """The voxels the object's seeds win."""
        grow = slicer.vtkImageGrowCutSegment()
        # Seeds in the outermost voxels of an image do not spread: one more layer around it lets those of the
        # patch's faces do so.
        grow.SetIntensityVolume(_image(np.pad(patch.intensity, 1, mode="edge"), patch.spacing_mm))
        grow.SetSeedLabelVolume(_image(np.pad(patch.seeds, 1), patch.spacing_mm))
        grow.Update()
        labels = vtk_to_numpy(grow.GetOutput().GetPointData().GetScalars())
        return labels.reshape(np.add(patch.seeds.shape, 2))[1:-1, 1:-1, 1:-1] == OBJECT


def _image(array: np.ndarray, spacing_mm: tuple[float, float, float]) -> vtk.vtkImageData:
    image = vtk.vtkImageData()
    image.SetDimensions(*array.shape[::-1])
    image.SetSpacing(*spacing_mm[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(array).ravel(), deep=True))
    return image
