"""Which part of the volume to look at, and at what scale.

A first click says nothing of the object's size, so it is looked at on several scales; later the object and its
surroundings are looked at, in a view that grows where the object leaves it. All triples are (K, J, I).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.prompts import Box, Lasso, Point, Prompt, Scribble, nearest_voxel
from MedVLSAM2Lib.volume import Volume, VoxelBox

Extent = tuple[np.ndarray, np.ndarray]

# No edge of a view is shorter than this share of the longest: a long thin object needs surroundings too, but in a cube its
# whole width would be a few cells.
SLIMNESS = 0.25
SURROUNDINGS = 1.7
SMALLEST_MM = 14.0


@dataclass(frozen=True)
class ViewPlanner:
    """Plans the views of a patch model.

    Attributes:
        click_sizes_mm: edge lengths tried on a first click, small to large.
        surroundings: how much larger than the object a view of it is.
        slimness: no edge of a view is shorter than this fraction of the longest.
        smallest_mm: the shortest edge of any view.
        growth: how much a view grows when the object reaches its faces.
    """

    click_sizes_mm: tuple[float, ...] = (28.0, 48.0, 80.0, 130.0, 200.0, 300.0)
    surroundings: float = SURROUNDINGS
    slimness: float = SLIMNESS
    smallest_mm: float = SMALLEST_MM
    growth: float = 1.3

    def first_views(self, volume: Volume, prompts: Sequence[Prompt]) -> list[View]:
        """The views to try on an object that has no mask yet, small to large."""
        low, high = _reach(prompts)
        extent_mm = (high - low) * np.array(volume.spacing_mm)
        if any(isinstance(prompt, Box) and prompt.flat_axis is None for prompt in prompts):
            return [self._view(volume, low, high, self.surroundings), self._view(volume, low, high, 1.25)][::-1]
        if any(isinstance(prompt, Box | Lasso) for prompt in prompts):
            return self._views_of_a_slice(volume, low, high)
        centre = _triple((low + high) / 2)
        largest = 1.3 * 1.2 * float(np.max(np.array(volume.shape) * volume.spacing_mm))
        needed = 1.2 * float(extent_mm.max())
        sizes = [size for size in self.click_sizes_mm if needed <= size < largest] or [max(needed, self.smallest_mm)]
        return [View(centre, (size, size, size)) for size in sizes]

    def object_view(self, volume: Volume, mask_box: VoxelBox, prompts: Sequence[Prompt]) -> View:
        """The object, every prompt, and their surroundings."""
        low, high = _reach(prompts)
        if not mask_box.is_empty:
            low = np.minimum(low, np.array(mask_box.low) - 0.5)
            high = np.maximum(high, np.array(mask_box.high) - 0.5)
        return self._view(volume, low, high, self.surroundings)

    def grown(self, view: View) -> View:
        """The same view, larger."""
        return View(view.centre, _triple(np.array(view.size_mm) * self.growth))

    def covers(self, volume: Volume, view: View) -> bool:
        """Whether the view holds the whole volume, so that growing it shows nothing new."""
        half = np.array(view.size_mm) / np.array(volume.spacing_mm) / 2
        centre = np.array(view.centre)
        return bool((centre - half <= -0.5).all() and (centre + half >= np.array(volume.shape) - 0.5).all())

    def whole_view(self, volume: Volume) -> View:
        """The whole volume in one view, its longer axes squeezed."""
        k, j, i = ((length - 1) / 2 for length in volume.shape)
        return View((k, j, i), _triple(np.array(volume.shape) * volume.spacing_mm))

    def _views_of_a_slice(self, volume: Volume, low: np.ndarray, high: np.ndarray) -> list[View]:
        # A 2D prompt bounds the object on one slice: across it, the object may be as deep as it is wide, or deeper.
        extent_mm = (high - low) * np.array(volume.spacing_mm)
        widest = max(float(extent_mm.max()), self.smallest_mm)
        centre = _triple((low + high) / 2)
        return [View(centre, (widest * factor,) * 3) for factor in (1.4, 2.0, 3.0)]

    def _view(self, volume: Volume, low: np.ndarray, high: np.ndarray, factor: float) -> View:
        extent_mm = (high - low) * np.array(volume.spacing_mm)
        edges = np.maximum(extent_mm, self.slimness * extent_mm.max()) * factor
        return View(_triple((low + high) / 2), _triple(np.maximum(edges, self.smallest_mm)))


def _reach(prompts: Sequence[Prompt]) -> Extent:
    """Lowest and highest voxel edge (K, J, I) that the prompts reach."""
    places = [place for prompt in prompts for place in _places(prompt)]
    if not places:
        return np.full(3, np.inf), np.full(3, -np.inf)
    kji = np.array(places, dtype=float)
    return kji.min(axis=0) - 0.5, kji.max(axis=0) + 0.5


def _places(prompt: Prompt) -> list[tuple[int, int, int]]:
    if isinstance(prompt, Point):
        return [nearest_voxel(prompt.position)]
    if isinstance(prompt, Box):
        return [nearest_voxel(prompt.minimum), nearest_voxel(prompt.maximum)]
    if isinstance(prompt, Scribble | Lasso):
        return [nearest_voxel(point) for point in prompt.points]
    return []


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    k, j, i = (float(value) for value in values)
    return k, j, i
