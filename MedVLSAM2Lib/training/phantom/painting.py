"""Structures become voxels, a few slices at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.training.phantom.grid import Grid
from MedVLSAM2Lib.training.phantom.structures import AIR, Phase, Structure

_TILE = (48, 192, 192)
_FINEST_EDGE_MM = 1.0


@dataclass(frozen=True)
class Grain:
    """Two blocks of noise, of mean 0 and standard deviation 1, that go on for ever by repeating.

    Attributes:
        scanner: the scanner's noise: fine, correlated over neighbouring voxels as a reconstruction kernel leaves it.
        mottle: the tissues' own texture, coarse.
    """

    scanner: np.ndarray
    mottle: np.ndarray

    @classmethod
    def made(cls, rng: np.random.Generator, spacing_mm: tuple[float, float, float]) -> Grain:
        """Noise for voxels of ``spacing_mm`` (K, J, I)."""
        kernel = [0.45 / max(step, 0.5) for step in spacing_mm]
        return cls(_noise(rng, kernel), _noise(rng, [2.2 / step for step in spacing_mm]))

    def of_slices(self, first: int, count: int, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Scanner noise and mottle of ``count`` slices from ``first`` on, of ``shape`` (J, I)."""
        return tuple(_repeated(block, first, count, shape) for block in (self.scanner, self.mottle))  # type: ignore[return-value]


@dataclass(frozen=True)
class Painter:
    """Paints structures in their order, later ones over earlier ones.

    Attributes:
        structures: what to paint.
        labels: the number of each name.
        edge_mm: over how many mm one tissue passes into the next: the voxel's size, or the scanner's sharpness.
        noise_hu: standard deviation of the scanner's noise.
        phase: of the contrast medium.
    """

    structures: Sequence[Structure]
    labels: Mapping[str, int]
    edge_mm: float
    noise_hu: float
    phase: Phase = Phase.PORTAL_VENOUS

    @classmethod
    def for_spacing(
        cls,
        structures: Sequence[Structure],
        labels: Mapping[str, int],
        spacing_mm: tuple[float, float, float],
        phase: Phase = Phase.PORTAL_VENOUS,
    ) -> Painter:
        """A painter for voxels of ``spacing_mm`` (K, J, I); smaller voxels are noisier."""
        edge = float(np.cbrt(np.prod(spacing_mm)))
        noise_hu = float(np.clip(14 / np.sqrt(edge), 6, 18))
        return cls(structures, labels, max(edge, _FINEST_EDGE_MM), noise_hu, phase)

    def paint(self, grid: Grid, noise: np.ndarray, mottle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """HU (int16) and labels (uint8) of the grid's voxels (K, J, I); ``noise`` and ``mottle`` are of that shape."""
        hu = np.full(grid.shape, AIR.hu, np.float32)
        labels = np.zeros(grid.shape, np.uint8)
        for structure in self.structures:
            self._add(structure, grid, hu, labels, mottle)
        hu += self.noise_hu * noise
        return np.clip(np.rint(hu), -1024, 3071).astype(np.int16), labels

    def _add(self, structure: Structure, grid: Grid, hu: np.ndarray, labels: np.ndarray, mottle: np.ndarray) -> None:
        box, part = grid.part(structure.shape.bounds, self.edge_mm)
        if box.is_empty:
            return
        cover = structure.shape.distance(part)
        cover *= np.float32(-1 / self.edge_mm)
        cover += np.float32(0.5)
        np.clip(cover, 0, 1, out=cover)
        cover = np.broadcast_to(cover, box.shape)
        tissue = structure.tissue
        change = np.float32(tissue.hu_in(self.phase)) - hu[box.slices]
        if tissue.mottle:
            change += np.float32(tissue.mottle) * mottle[box.slices]
        hu[box.slices] += change * cover
        if structure.name is not None:
            labels[box.slices][cover > 0.5] = self.labels[structure.name]


def _noise(rng: np.random.Generator, sigma: Sequence[float]) -> np.ndarray:
    block = ndimage.gaussian_filter(rng.standard_normal(_TILE, dtype=np.float32), sigma, mode="wrap")
    return (block - block.mean()) / block.std()


def _repeated(block: np.ndarray, first: int, count: int, shape: tuple[int, int]) -> np.ndarray:
    # Each repeat along K is shifted in the plane, so that no pattern runs through the body.
    slices = []
    for number in range(first, first + count):
        round_, k = divmod(number, len(block))
        j = (np.arange(shape[0]) + 61 * round_) % block.shape[1]
        i = (np.arange(shape[1]) + 83 * round_) % block.shape[2]
        slices.append(block[k][j[:, None], i])
    return np.stack(slices)
