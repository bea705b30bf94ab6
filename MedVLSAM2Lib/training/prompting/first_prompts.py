"""The first prompt of an object: mostly a click, sometimes a box, a scribble or a lasso."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.patches.drawing import points_along
from MedVLSAM2Lib.training.prompting.cell_prompts import CellBox, CellOutline, CellPrompt, CellStroke
from MedVLSAM2Lib.training.prompting.outline import hand_drawn

SHARES = {"click": 0.70, "box": 0.10, "flat box": 0.08, "scribble": 0.06, "lasso": 0.06}
LOOSEST_BOX = 0.15


def first_prompts(target: np.ndarray, click: np.ndarray | None, rng: np.random.Generator) -> list[CellPrompt]:
    """One prompt for a target (side, side, side) bool with at least one cell; ``click`` (3,) is where a view around
    a click was centred, in cells: such a view begins with that click."""
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    if click is not None and (kind == "click" or rng.random() < 0.5):
        return [CellStroke(click[None])]
    makers = {"click": a_click, "box": a_box, "flat box": a_flat_box, "scribble": a_scribble, "lasso": a_lasso}
    return [makers[kind](target, rng)]


def a_click(target: np.ndarray, rng: np.random.Generator) -> CellPrompt:
    """A cell of the object, mostly one deep inside it or amid its largest slice."""
    if rng.random() < 0.35:
        axis, index = _largest_slice(target, 0 if rng.random() < 0.7 else int(rng.integers(3)))
        plane = np.take(target, index, axis)
        cell = np.insert(_deepest(plane, 5, rng), axis, index)
    else:
        cell = _deepest(target, 5, rng)
    return CellStroke(cell[None] + rng.uniform(-0.4, 0.4, (1, 3)))


def a_box(target: np.ndarray, rng: np.random.Generator) -> CellPrompt:
    """The object's box, loose by up to 15 % at each face."""
    lo, hi = _bounds(target)
    size = hi - lo
    return CellBox(lo - rng.uniform(-0.02, LOOSEST_BOX, 3) * size, hi + rng.uniform(-0.02, LOOSEST_BOX, 3) * size)


def a_flat_box(target: np.ndarray, rng: np.random.Generator) -> CellPrompt:
    """The object's box on a large slice of any axis."""
    axis, index = _largest_slice(target, int(rng.integers(3)))
    plane = np.zeros_like(target)
    _at(plane, axis, index)[...] = np.take(target, index, axis)
    lo, hi = _bounds(plane)
    size = hi - lo
    lo, hi = lo - rng.uniform(-0.02, LOOSEST_BOX, 3) * size, hi + rng.uniform(-0.02, LOOSEST_BOX, 3) * size
    thickness = rng.uniform(0.2, 1.5)
    lo[axis], hi[axis] = index - thickness / 2, index + thickness / 2
    return CellBox(lo, hi)


def a_scribble(target: np.ndarray, rng: np.random.Generator) -> CellPrompt:
    """A stroke on one slice, all of it inside the object."""
    axis, index = _largest_slice(target, int(rng.integers(3)))
    plane = np.take(target, index, axis)
    cells = np.argwhere(plane)
    path = [cells[rng.integers(len(cells))]]
    for _ in range(12):
        following = cells[rng.integers(len(cells))]
        way = np.floor(points_along(np.insert(np.stack([path[-1], following]), axis, index, axis=1)) + 0.5).astype(int)
        if target[tuple(way.T)].all():
            path.append(following)
        if len(path) == 4:
            break
    return CellStroke(np.insert(np.stack(path), axis, index, axis=1).astype(float))


def a_lasso(target: np.ndarray, rng: np.random.Generator) -> CellPrompt:
    """A hand-drawn outline of the object on a large slice of any axis."""
    axis, index = _largest_slice(target, int(rng.integers(3)))
    return lasso_on_slice(target, axis, index, True, rng) or a_click(target, rng)


def lasso_on_slice(
    mask: np.ndarray, axis: int, index: int, positive: bool, rng: np.random.Generator
) -> CellOutline | None:
    """A hand-drawn outline of the largest part of the mask on one slice; None when there is too little to outline."""
    labels, count = ndimage.label(np.take(mask, index, axis))
    if count == 0:
        return None
    part = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    outline = hand_drawn(part, rng)
    if len(outline) < 4:
        return None
    return CellOutline(np.insert(outline, axis, index, axis=1), axis, positive, float(rng.uniform(0.3, 1.5)))


def _largest_slice(target: np.ndarray, axis: int) -> tuple[int, int]:
    """The axis, and the slice with most of the object."""
    across = tuple(other for other in range(3) if other != axis)
    return axis, int(target.sum(axis=across).argmax())


def _deepest(target: np.ndarray, width: int, rng: np.random.Generator) -> np.ndarray:
    """A cell with much of the object around it: now the one with most, now one with somewhat less."""
    around = ndimage.uniform_filter(ndimage.uniform_filter(target.astype(np.float32), width), width) * target
    limit = around.max() * (1.0 if rng.random() < 0.4 else rng.uniform(0.2, 0.9))
    cells = np.argwhere(around >= max(limit, 1e-6)) if around.max() > 0 else np.argwhere(target)
    return cells[rng.integers(len(cells))].astype(float)


def _bounds(target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Continuous corners of the object's box."""
    box = ndimage.find_objects(target.astype(np.uint8))[0]
    return np.array([part.start - 0.5 for part in box]), np.array([part.stop - 0.5 for part in box])


def _at(array: np.ndarray, axis: int, index: int) -> np.ndarray:
    """A writable slice."""
    return np.moveaxis(array, axis, 0)[index]
