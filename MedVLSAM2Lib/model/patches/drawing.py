"""Prompts drawn into a grid of cells; positions are continuous cell indices, cell k reaching from k - 0.5 to k + 0.5."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

# The network learnt clicks as blocks of this many cells to each side; one cell alone is lost in the first convolution.
POINT_REACH = 1


def draw_point(channel: np.ndarray, cell: np.ndarray) -> None:
    """Set the 3³ cells around ``cell`` (3,); a point more than one cell outside the grid leaves no trace."""
    nearest = np.floor(np.asarray(cell, float) + 0.5).astype(int)
    last = np.array(channel.shape) - 1
    if (nearest < -1).any() or (nearest > last + 1).any():
        return
    nearest = np.clip(nearest, 0, last)
    channel[tuple(slice(max(n - POINT_REACH, 0), n + POINT_REACH + 1) for n in nearest)] = 1


def draw_stroke(channel: np.ndarray, cells: np.ndarray) -> None:
    """Set the cells along the polyline through ``cells`` (N, 3), as thick as a point."""
    for cell in points_along(cells):
        draw_point(channel, cell)


def draw_box(channel: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> None:
    """Fill the cells whose centres lie between two continuous corners (3,), along each axis at least one cell.

    A centre on the upper face is outside, so that boxes side by side share no cell.
    """
    slices = []
    for low, high, length in zip(lo, hi, channel.shape, strict=True):
        if high < -0.5 or low > length - 0.5:
            return
        first, last = int(np.ceil(low)), int(np.ceil(high)) - 1
        if last < first:
            first = last = int(np.floor((low + high) / 2 + 0.5))
        first, last = min(max(first, 0), length - 1), min(max(last, 0), length - 1)
        slices.append(slice(first, last + 1))
    channel[tuple(slices)] = 1


def draw_outline(channel: np.ndarray, cells: np.ndarray, axis: int, thickness: float) -> None:
    """Fill what a closed outline (N, 3) encloses, ``thickness`` cells (at least one) thick along ``axis``."""
    across = [other for other in range(3) if other != axis]
    inside = enclosed(cells[:, across], (channel.shape[across[0]], channel.shape[across[1]]))
    middle = float(cells[:, axis].mean())
    slab = np.zeros(channel.shape, bool)
    lo, hi = np.zeros(3), np.array(channel.shape) - 1.0
    lo[axis], hi[axis] = middle - thickness / 2, middle + thickness / 2
    draw_box(slab, lo, hi)
    channel[slab & np.expand_dims(inside, axis)] = 1


def enclosed(outline: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which cells' centres lie inside a closed 2D outline (N, 2), by the even-odd rule: bool of ``shape``.

    An outline too small to hold any cell's centre encloses the cell at its middle, so that it is never lost.
    """
    inside = np.zeros(shape, bool)
    columns = np.arange(shape[1])
    for (r0, c0), (r1, c1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        first, last = int(np.ceil(min(r0, r1))), int(np.ceil(max(r0, r1))) - 1
        for row in range(max(first, 0), min(last, shape[0] - 1) + 1):
            crossing = c0 + (row - r0) / (r1 - r0) * (c1 - c0)
            inside[row] ^= columns < crossing
    if not inside.any():
        row, column = np.floor(outline.mean(axis=0) + 0.5).astype(int)
        if 0 <= row < shape[0] and 0 <= column < shape[1]:
            inside[row, column] = True
    return inside


def points_along(cells: np.ndarray) -> np.ndarray:
    """Points at most half a cell apart along the polyline through ``cells`` (N, 3): (M, 3)."""
    cells = np.asarray(cells, float).reshape(-1, 3)
    pieces = [cells[:1]]
    for start, end in pairwise(cells):
        steps = int(np.ceil(2 * np.abs(end - start).max())) or 1
        pieces.append(start + (end - start) * (np.arange(1, steps + 1) / steps)[:, None])
    return np.concatenate(pieces)
