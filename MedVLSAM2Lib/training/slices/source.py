"""Draws clips from the prepared scans, their slices shown as a session shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.slices.slice_prompts import AXIAL
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.training.data.cases import Case, TrainingObject, is_any_of
from MedVLSAM2Lib.training.examples.case_groups import TISSUE_KIND, CaseGroups
from MedVLSAM2Lib.training.examples.rendering import byte
from MedVLSAM2Lib.training.slices.clip import Clip
from MedVLSAM2Lib.training.slices.config import OF_SCANS, SliceTrainingConfig
from MedVLSAM2Lib.volume import Modality, Volume

FEWEST_PIXELS = 3
LOOSEST_BOX = 0.1
# Of the first slices drawn, the one with most of the object is taken: people click where they see it well.
LOOKED_AT = 2
DEEPEST_SHARE = 0.5
GAIN, OFFSET = (0.85, 1.15), 0.06
MIRRORED_SHARE = 0.5
ON_OBJECT, FIRST_CORNER, SECOND_CORNER = 1, 2, 3


class ClipSource:
    """Endless batches of clips; each is decided by the seed and its number, and by nothing else."""

    def __init__(self, cases: Sequence[Case], config: SliceTrainingConfig) -> None:
        self._config, self._groups = config, CaseGroups(cases)
        self._stacks: dict[tuple[str, int], SliceStack] = {}
        shares = {kind: share for kind, share in asdict(config.mix).items() if share > 0 and self._has(kind)}
        if not shares:
            raise ValueError("no scan fits any part of the mix")
        self._kinds = list(shares)
        self._shares = np.array(list(shares.values())) / sum(shares.values())

    def batch(self, number: int) -> list[Clip]:
        """The batch of that number: all of its clips begin with clicks, or all with boxes."""
        seed, size = self._config.seed, self._config.batch
        in_boxes = np.random.default_rng((seed, number)).random() < self._config.box_share
        return [self.draw(np.random.default_rng((seed, number, index)), in_boxes) for index in range(size)]

    def draw(self, rng: np.random.Generator, in_box: bool) -> Clip:
        """One clip."""
        while True:
            drawn = self._groups.of_a_scan(str(rng.choice(self._kinds, p=self._shares)), rng)
            clip = None if drawn is None else self._clip(*drawn, rng, in_box)
            if clip is not None:
                return clip

    def _has(self, kind: str) -> bool:
        if kind == TISSUE_KIND:
            return bool(self._groups.scans)
        return kind in OF_SCANS and kind in self._groups

    def _clip(self, case: Case, item: TrainingObject, rng: np.random.Generator, in_box: bool) -> Clip | None:
        """Slices from a random one of the object on, either way; None where the first shows too little of it."""
        axis = AXIAL if rng.random() < self._config.axial_share else int(rng.integers(AXIAL))
        stack, table = self._stack(case, axis), is_any_of(item.ids)
        labels = stack.along(case.layers[item.layer])
        lo, hi = item.lo[2 - axis], item.hi[2 - axis]
        seen = [int(index) for index in rng.integers(lo, hi, LOOKED_AT)]
        first = max(seen, key=lambda index: int(table[labels[index]].sum()))
        indices = _way(first, self._config.length, len(stack), upwards=rng.random() < 0.5)
        if indices is None:
            return None
        greys = np.concatenate([stack.grey(index).numpy()[0] for index in indices])
        shares = np.concatenate([stack.share(table[labels[index]]).numpy()[0] for index in indices])
        greys, shares = _seen_otherwise(greys, shares, rng)
        if (shares[0] > 0.5).sum() < FEWEST_PIXELS:
            return None
        points, marks = _a_box(shares[0] > 0.5, rng) if in_box else _a_click(shares[0] > 0.5, rng)
        return Clip(byte(greys), byte(shares), points.astype(np.float32), marks)

    def _stack(self, case: Case, axis: int) -> SliceStack:
        key = (case.name, axis)
        if key not in self._stacks:
            k, j, i = case.spacing_mm
            volume = Volume(case.scan, np.diag([-i, -j, k, 1.0]), Modality.CT, "HU", case.name)
            self._stacks[key] = SliceStack(volume, axis, self._config.network)
        return self._stacks[key]


def _way(first: int, length: int, slices: int, upwards: bool) -> range | None:
    """``length`` slices from the first on, the wished way if there are so many; None where there are none either way."""
    for step in (1, -1) if upwards else (-1, 1):
        if 0 <= first + step * (length - 1) < slices:
            return range(first, first + step * length, step)
    return None


def _seen_otherwise(greys: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The clip (T, S, S) brighter or darker, mirrored up and down or across."""
    greys = np.clip(greys * rng.uniform(*GAIN) + rng.normal() * OFFSET, 0, 1)
    mirrored = tuple(axis for axis in (1, 2) if rng.random() < MIRRORED_SHARE)
    return np.flip(greys, mirrored), np.flip(shares, mirrored)


def _a_click(inside: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A pixel of the object (S, S): half of the time the deepest one, else any in its inner half."""
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    limit = depth.max() if rng.random() < DEEPEST_SHARE else np.median(depth[inside])
    places = np.argwhere(depth >= limit)
    place = places[rng.integers(len(places))] + rng.uniform(-0.4, 0.4, 2)
    return place[None, ::-1], np.array([ON_OBJECT], np.int32)


def _a_box(inside: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The object's box (S, S), loose by up to ``LOOSEST_BOX`` of its size at each side."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    low, high = np.array([columns[0], rows[0]], float), np.array([columns[-1], rows[-1]], float)
    loose = rng.uniform(0, LOOSEST_BOX, (2, 2)) * (high - low + 1)
    return np.stack([low - loose[0], high + loose[1]]), np.array([FIRST_CORNER, SECOND_CORNER], np.int32)
