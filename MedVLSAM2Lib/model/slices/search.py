"""Finds what words name: slices are asked in words alone, and the object is followed from those that answer best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from MedVLSAM2Lib.model.slices.config import SliceRules
from MedVLSAM2Lib.model.slices.feature_source import FeatureSource
from MedVLSAM2Lib.model.slices.follower import Follower
from MedVLSAM2Lib.model.slices.slice_prompts import AskedSlice
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.model.slices.track import SliceRecord, Track
from MedVLSAM2Lib.volume import PackedMask

# A slice that answers with a lower score is nothing to begin from. What is found at last is judged by the caller.
LOWEST_SCORE = 0.25
# The largest logit one seed's slice speaks with when seeds are blended.
LOUDEST = 10.0
# Objects of two seeds are one if they share so much of the smaller one.
SAME_OBJECT = 0.5
MOST_OBJECTS = 12
# Connected parts smaller than this share of the largest one are crumbs.
SMALLEST_PART = 0.02


@dataclass(frozen=True)
class _Course:
    """What one or more seeds saw: the logits (1, 1, L, L) of each slice, by its index, and the best seed's score."""

    logits: dict[int, Tensor]
    score: float

    def covers(self, index: int, seen: Tensor) -> bool:
        """Whether half of what is seen on a slice is this object."""
        known = self.logits.get(index)
        return known is not None and bool(2 * ((known > 0) & seen).sum() >= seen.sum())

    def is_also(self, other: _Course) -> bool:
        """Whether another course shows the same object."""
        both = self.logits.keys() & other.logits.keys()
        shared = sum(int(((self.logits[index] > 0) & (other.logits[index] > 0)).sum()) for index in both)
        return shared > SAME_OBJECT * min(self._area, other._area)

    @property
    def _area(self) -> int:
        return sum(int((logits > 0).sum()) for logits in self.logits.values())


class Search:
    """One search for an object.

    Args:
        follower: knows the words.
        features: opened on the slices.
        stack: the slices.
        rules: how many slices are looked at, and from how many the object is followed.
    """

    def __init__(self, follower: Follower, features: FeatureSource, stack: SliceStack, rules: SliceRules) -> None:
        self._follower, self._features, self._stack, self._rules = follower, features, stack, rules
        self._seen: dict[int, SliceRecord] = {}

    def masks(self) -> list[PackedMask]:
        """The objects that were found, the most certain first, each a connected part."""
        apart = self._look_around()
        courses: list[_Course] = []
        seeds: list[int] = []
        while len(seeds) < self._rules.seeds:
            seed = self._next_seed(courses, seeds, apart)
            if seed is None:
                break
            seeds.append(seed)
            courses.append(self._followed(seed))
        masks = [part for course in self._blended(courses) for part in self._parts(course)]
        return masks[:MOST_OBJECTS]

    def _look_around(self) -> int:
        """Ask slices evenly spaced, then closer and closer to the best of them; how far seeds should be apart."""
        apart = step = max(1, -(-len(self._stack) // self._rules.searched))
        even = range(step // 2, len(self._stack), step)
        for place, index in enumerate(even):
            self._features.expect(even[place + 1 :])
            self._ask(index)
        while step > 1:
            best = max(self._seen, key=lambda index: self._seen[index].score)
            step = -(-step // 2)
            for index in (best - step, best + step):
                if 0 <= index < len(self._stack):
                    self._ask(index)
        return apart

    def _ask(self, index: int) -> None:
        if index not in self._seen:
            self._seen[index] = self._features.beside(self._follower.prompted, Track(), index, AskedSlice())[0]

    def _next_seed(self, courses: list[_Course], seeds: list[int], apart: int) -> int | None:
        """The slice to go on from: one that shows something new if there is one, else one more look at the same."""
        able = [
            index
            for index, record in self._seen.items()
            if record.score >= LOWEST_SCORE and all(abs(index - seed) >= apart for seed in seeds)
        ]

        def rank(index: int) -> tuple[bool, float]:
            inside = self._seen[index].masks.logits > 0
            return not any(course.covers(index, inside) for course in courses), self._seen[index].score

        return max(able, key=rank, default=None)

    def _followed(self, seed: int) -> _Course:
        """The object from a seed to its ends on either side."""
        track = Track().with_prompted(seed, self._seen[seed])
        for way in (range(seed + 1, len(self._stack)), range(seed - 1, -1, -1)):
            empty = 0
            for place, index in enumerate(way):
                self._features.expect(way[place + 1 :])
                record = self._features.beside(self._follower.followed, track, index, way.step < 0)
                track = track.with_followed(index, record)
                empty = empty + 1 if record.is_empty else 0
                if 0 < self._rules.stop_after_empty <= empty:
                    break
        logits = {index: record.masks.logits.clamp(-LOUDEST, LOUDEST) for index, record in track.records()}
        return _Course(logits, self._seen[seed].score)

    def _blended(self, courses: list[_Course]) -> list[_Course]:
        """Courses of the same object as one, its logits the mean of all that came to a slice; the best one first."""
        objects: list[list[_Course]] = []
        for course in courses:
            same = next((known for known in objects if any(course.is_also(other) for other in known)), None)
            if same is None:
                objects.append([course])
            else:
                same.append(course)
        return sorted((_mean(known) for known in objects), key=lambda course: course.score, reverse=True)

    def _parts(self, course: _Course) -> list[PackedMask]:
        """The connected parts of an object on the voxels, the largest first."""
        shown = [index for index, logits in course.logits.items() if bool((logits > 0).any())]
        if not shown:
            return []
        first, last = min(shown), max(shown)
        box = self._stack.whole(first, last)
        mask = np.zeros(box.shape, bool)
        for index in shown:
            self._stack.along(mask)[index - first] = self._stack.voxel_logits(course.logits[index]) > 0
        numbered, count = ndimage.label(mask)
        sizes = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
        order = [number for number in np.argsort(-sizes, kind="stable") if sizes[number] >= SMALLEST_PART * sizes.max()]
        return [PackedMask.pack_tight(numbered == number + 1, box) for number in order[:MOST_OBJECTS]]


def _mean(courses: list[_Course]) -> _Course:
    indices = {index for course in courses for index in course.logits}
    said = {index: [course.logits[index] for course in courses if index in course.logits] for index in indices}
    logits = {index: torch.stack(all_of).mean(dim=0) for index, all_of in said.items()}
    return _Course(logits, max(course.score for course in courses))
