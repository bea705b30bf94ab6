"""Corrective prompts: where the answer is most wrong, a click, sometimes a scribble or a lasso."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.training.prompting.cell_prompts import CellPrompt, CellStroke
from MedVLSAM2Lib.training.prompting.first_prompts import lasso_on_slice

SCRIBBLE_SHARE, LASSO_SHARE = 0.09, 0.05
SHARES_OF_PEAK = (0.6, 1.0)


def corrections(answer: Tensor, target: Tensor, rng: np.random.Generator) -> list[CellPrompt | None]:
    """One correction for each example of a batch; None where nothing is wrong.

    Args:
        answer, target: (B, 1, P, P, P) bool.
    """
    width = int(rng.choice((3, 5, 9)))
    missed, wrong = target & ~answer, answer & ~target
    # What a user does is drawn on the CPU.
    depth_missed, depth_wrong = _depth(missed, width).cpu(), _depth(wrong, width).cpu()
    missed, wrong, target = missed.cpu(), wrong.cpu(), target.cpu()
    made: list[CellPrompt | None] = []
    for index in range(len(target)):
        peaks = float(depth_missed[index].max()), float(depth_wrong[index].max())
        if max(peaks) == 0:
            made.append(None)
            continue
        positive = peaks[0] >= peaks[1]
        depth, error = (depth_missed, missed) if positive else (depth_wrong, wrong)
        made.append(_correction(depth[index, 0], error[index, 0], target[index, 0], positive, rng))
    return made


def clicks_at_peaks(answer: Tensor, target: Tensor) -> list[CellPrompt | None]:
    """A click amid the largest error of each example of a batch, the same every time; None where nothing is wrong."""
    missed, wrong = _depth(target & ~answer, 5).cpu(), _depth(answer & ~target, 5).cpu()
    made: list[CellPrompt | None] = []
    for one, other in zip(missed[:, 0], wrong[:, 0], strict=True):
        positive = bool(one.max() >= other.max())
        depth = one if positive else other
        cell = np.array(np.unravel_index(int(depth.argmax()), depth.shape), float)
        made.append(CellStroke(cell[None], positive) if depth.max() > 0 else None)
    return made


def _correction(depth: Tensor, error: Tensor, target: Tensor, positive: bool, rng: np.random.Generator) -> CellPrompt:
    cell = _peak(depth, rng)
    kind = rng.random()
    if kind < SCRIBBLE_SHARE:
        return CellStroke(_stroke(cell, error.numpy(), rng), positive)
    if kind < SCRIBBLE_SHARE + LASSO_SHARE:
        axis = int(rng.integers(3))
        mask = target if positive else error
        lasso = lasso_on_slice(mask.numpy(), axis, int(cell[axis]), positive, rng)
        if lasso is not None:
            return lasso
    return CellStroke(cell[None] + rng.uniform(-0.4, 0.4, (1, 3)), positive)


def _depth(error: Tensor, width: int) -> Tensor:
    """How much error lies around each wrong cell: (B, 1, P, P, P) float32; a single slice, (B, 1, 1, P, P), has none above."""
    around = error.float()
    thick = width if error.shape[2] > 1 else 1
    # One axis at a time: a cube of 9³ cells would cost 27 times as much.
    for kernel in ((thick, 1, 1), (1, width, 1), (1, 1, width)) * 2:
        around = functional.avg_pool3d(around, kernel, 1, tuple(length // 2 for length in kernel))
    return around * error


def _peak(depth: Tensor, rng: np.random.Generator) -> np.ndarray:
    """The cell amid the largest error or, half of the time, one near to that."""
    if rng.random() < 0.5:
        cells = torch.nonzero(depth >= depth.max() * rng.uniform(*SHARES_OF_PEAK))
        return cells[rng.integers(len(cells))].numpy().astype(float)
    return np.array(np.unravel_index(int(depth.argmax()), depth.shape), float)


def _stroke(cell: np.ndarray, error: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, 3) a short stroke from a cell through wrong cells of its slice."""
    axis = int(rng.integers(3))
    cells = np.argwhere(np.take(error, int(cell[axis]), axis))
    across = [other for other in range(3) if other != axis]
    near = cells[np.abs(cells - cell[across]).max(axis=1) <= 8]
    if len(near) == 0:
        return cell[None]
    ends = near[rng.integers(len(near), size=2)]
    return np.concatenate([cell[None], np.insert(ends, axis, cell[axis], axis=1)]).astype(float)
