"""Voxels into a view's cells and back, by one geometry."""

from __future__ import annotations

import time

import numpy as np
import pytest

from MedVLSAM2Lib.model.patches.sampling import logits_on_voxels, sample_view, voxel_box_of_view
from MedVLSAM2Lib.model.patches.view import View

SPACING = (3.0, 0.9, 1.2)


def an_ellipsoid(shape: tuple[int, int, int], centre: tuple[float, float, float], radii_mm: tuple[float, float, float]):
    """Bool (K, J, I) with the spacing above."""
    grid = np.indices(shape, dtype=float)
    offset = [(grid[a] - centre[a]) * SPACING[a] / radii_mm[a] for a in range(3)]
    return sum(o**2 for o in offset) < 1


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def a_ramp(shape: tuple[int, int, int]) -> np.ndarray:
    """A linear function of the place: any average of it over a symmetric cell is its value at the cell's centre."""
    k, j, i = np.indices(shape, dtype=np.float32)
    return 2 * k - 3 * j + 5 * i


@pytest.mark.parametrize("size_mm", [(10.0, 12.0, 9.0), (30.0, 30.0, 30.0), (40.0, 20.0, 28.0)])
def test_a_cell_holds_the_value_at_its_centre(size_mm: tuple[float, float, float]) -> None:
    volume, view, side = a_ramp((60, 90, 80)), View((29.3, 44.8, 38.1), size_mm), 16
    # The ramp rises by up to ten a voxel: what is sampled lies within a tenth of a voxel of where it should.
    cells = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1)
    k, j, i = np.moveaxis(view.voxel_of_cell(cells, SPACING, side), -1, 0)
    assert sample_view(volume, SPACING, view, side, fill=0) == pytest.approx(2 * k - 3 * j + 5 * i, abs=1)


def test_decimation_does_not_shift_the_image() -> None:
    # Eight voxels a cell: every third is taken.
    volume, view, side = a_ramp((140, 150, 160)), View((70.0, 74.5, 79.2), (128.0,) * 3), 16
    cells = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1)
    k, j, i = np.moveaxis(view.voxel_of_cell(cells, (1, 1, 1), side), -1, 0)
    sampled = sample_view(volume, (1, 1, 1), view, side, fill=0)
    # What is taken lies at most one voxel off the cell's own middle, and on the mean not at all.
    difference = sampled - (2 * k - 3 * j + 5 * i)
    assert np.abs(difference).max() < 10
    assert abs(difference.mean()) < 1


def test_an_ellipsoid_comes_back_in_its_place_through_a_view() -> None:
    mask = an_ellipsoid((40, 90, 80), (18.3, 47.2, 36.6), (24.0, 22.0, 27.0))
    view = View((18.0, 47.0, 37.0), (70.0, 62.0, 66.0))
    cells = sample_view(mask, SPACING, view, 48, fill=0)
    lo, hi = voxel_box_of_view(mask.shape, SPACING, view)
    back = logits_on_voxels(cells - 0.5, SPACING, view, lo, hi) > 0
    assert dice(back, mask[tuple(slice(a, b) for a, b in zip(lo, hi, strict=True))]) > 0.97


def test_a_part_of_the_view_is_the_same_as_the_whole_cropped() -> None:
    logits = np.random.default_rng(0).normal(size=(16, 16, 16)).astype(np.float32)
    view = View((20.0, 30.0, 30.0), (45.0, 40.0, 40.0))
    lo, hi = voxel_box_of_view((50, 80, 80), SPACING, view)
    whole = logits_on_voxels(logits, SPACING, view, lo, hi)
    part = logits_on_voxels(logits, SPACING, view, tuple(a + 3 for a in lo), tuple(b - 2 for b in hi))
    assert part == pytest.approx(whole[3:-2, 3:-2, 3:-2], abs=1e-6)


def test_fine_stripes_become_their_mean_in_coarse_cells() -> None:
    volume = np.zeros((64, 64, 64), np.int16)
    volume[::2] = 1000
    cells = sample_view(volume, (1, 1, 1), View((31.5, 31.5, 31.5), (32.0,) * 3), 16, fill=0)
    assert cells == pytest.approx(500)


def test_beyond_the_volume_there_is_the_fill_value() -> None:
    volume = np.full((20, 20, 20), 40, np.int16)
    cells = sample_view(volume, (1, 1, 1), View((0.0, 10.0, 10.0), (16.0,) * 3), 16, fill=-1024)
    assert (cells[:7] == -1024).all()
    assert cells[9:] == pytest.approx(40)
    nowhere = sample_view(volume, (1, 1, 1), View((500.0, 10.0, 10.0), (16.0,) * 3), 16, fill=-1024)
    assert (nowhere == -1024).all()


def test_reversed_and_transposed_views_of_memory_are_sampled_as_they_read() -> None:
    volume = np.random.default_rng(0).integers(-1000, 1000, (20, 24, 28)).astype(np.int16)
    turned = volume.transpose(2, 0, 1)[::-1, :, ::-1]
    view = View((14.0, 10.0, 12.0), (14.0, 12.0, 13.0))
    assert sample_view(turned, SPACING, view, 16, fill=0) == pytest.approx(
        sample_view(np.ascontiguousarray(turned), SPACING, view, 16, fill=0)
    )


def test_nearest_voxels_keep_their_values() -> None:
    labels = np.random.default_rng(0).integers(0, 200, (20, 20, 20)).astype(np.uint8)
    cells = sample_view(labels, (1, 1, 1), View((9.5, 9.5, 9.5), (20.0,) * 3), 20, fill=0, order=0)
    assert (cells == labels).all()


def test_a_function_of_the_voxels_is_averaged_after_it_is_applied() -> None:
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[:, :, ::2] = 7
    cells = sample_view(
        labels, (1, 1, 1), View((7.5,) * 3, (16.0,) * 3), 8, fill=0, value_of=lambda voxels: voxels == 7
    )
    assert cells == pytest.approx(0.5)


def test_no_view_touches_more_voxels_than_a_few_per_cell() -> None:
    # Broadcast memory: 1.4 billion voxels that take no room, and would take minutes if all of them were read.
    huge = np.broadcast_to(np.int16(5), (1000, 1200, 1200))
    began = time.perf_counter()
    cells = sample_view(huge, (1, 1, 1), View((500.0, 600.0, 600.0), (900.0,) * 3), 16, fill=0)
    assert time.perf_counter() - began < 5
    assert cells == pytest.approx(5)


def test_the_box_of_a_view_is_clipped_to_the_volume() -> None:
    assert voxel_box_of_view((10, 10, 10), (1, 1, 1), View((2.0, 5.0, 9.0), (8.0, 4.0, 6.0))) == (
        (0, 3, 6),
        (7, 8, 10),
    )
    lo, hi = voxel_box_of_view((10, 10, 10), (1, 1, 1), View((50.0, 5.0, 5.0), (4.0, 4.0, 4.0)))
    assert lo[0] == hi[0]


def test_a_view_without_extent_is_refused() -> None:
    with pytest.raises(ValueError, match="positive edge lengths"):
        View((0.0, 0.0, 0.0), (10.0, 0.0, 10.0))
