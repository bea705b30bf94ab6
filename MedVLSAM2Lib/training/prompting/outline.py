"""The outline of a 2D mask as one closed polygon, and outlines as a hand would draw them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

# The boundary runs along the cells' edges with the mask on its right: (edge's cell offset, start corner, end corner).
_EDGES = (
    ((-1, 0), (0, 0), (0, 1)),
    ((0, 1), (0, 1), (1, 1)),
    ((1, 0), (1, 1), (1, 0)),
    ((0, -1), (1, 0), (0, 0)),
)


def outline_of(mask: np.ndarray) -> np.ndarray:
    """The longest closed boundary of a 2D mask, as continuous cell indices (N, 2) along the cells' edges."""
    padded = np.pad(mask, 1)
    follows: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for offset, start, end in _EDGES:
        beside = np.roll(padded, (-offset[0], -offset[1]), axis=(0, 1))
        for row, column in np.argwhere(padded & ~beside) - 1:
            follows.setdefault((row + start[0], column + start[1]), []).append((row + end[0], column + end[1]))
    loops = []
    while follows:
        loops.append(_loop_from(next(iter(follows)), follows))
    return np.array(max(loops, key=len), float) - 0.5 if loops else np.zeros((0, 2))


def hand_drawn(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An outline (N, 2) of the mask as a hand draws it: smooth, a little off, its points at most a few cells apart."""
    outline = outline_of(mask)
    if len(outline) < 4:
        return outline
    width = float(rng.uniform(0.6, 2.0))
    smooth = ndimage.gaussian_filter1d(outline, width, axis=0, mode="wrap")
    middle = smooth.mean(axis=0)
    size = np.sqrt(mask.sum() / np.pi)
    wobble = ndimage.gaussian_filter1d(rng.normal(size=smooth.shape), 3.0, axis=0, mode="wrap") * 3.0
    grown = middle + (smooth - middle) * (1 + rng.normal() * 0.06)
    return grown + wobble * min(0.08 * size, 1.5) * rng.uniform(0.1, 1.0)


def _loop_from(start: tuple[int, int], follows: dict[tuple[int, int], list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Follow the edges from a corner until it is reached again; the edges used are taken out of ``follows``."""
    loop, corner = [], start
    while corner in follows:
        loop.append(corner)
        ends = follows[corner]
        following = ends.pop()
        if not ends:
            del follows[corner]
        corner = following
    return loop
