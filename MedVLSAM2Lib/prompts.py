"""What a person asks of the model: plain data, in voxel coordinates of the volume it is about.

Every position is a continuous voxel index (i, j, k): (0, 0, 0) is the centre of the first voxel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from MedVLSAM2Lib.volume.packed_mask import PackedMask
from MedVLSAM2Lib.volume.reorientation import Position, Reorientation

Voxel = tuple[int, int, int]
LONGEST_PHRASE = 500
_EDGE = 1e-6  # voxels; on the very edge it depends on the axes' order which side is inside


class PromptError(ValueError):
    """The prompt cannot be used; the message is one sentence for the user."""


@dataclass(frozen=True)
class Point:
    """A click: this voxel belongs to the object, or does not."""

    position: Position
    positive: bool = True


@dataclass(frozen=True)
class Box:
    """The object lies between two corners (both inside the box).

    Flat along one axis (equal coordinates there), it is a 2D box: it bounds the object on that slice only.
    """

    minimum: Position
    maximum: Position

    @property
    def flat_axis(self) -> int | None:
        """The axis (0 I, 1 J, 2 K) along which the box is one slice thick, or None for a 3D box."""
        flat = [axis for axis in range(3) if round(self.minimum[axis]) == round(self.maximum[axis])]
        return flat[0] if len(flat) == 1 else None


@dataclass(frozen=True)
class Scribble:
    """A stroke through the object, or through what does not belong to it; straight between its points."""

    points: tuple[Position, ...]
    positive: bool = True


@dataclass(frozen=True)
class Lasso:
    """A closed outline on one slice: there the object lies within it, or, when negative, has no part in it.

    ``axis`` (0 I, 1 J, 2 K) is the axis across the slice; the slice is that of the first point.
    """

    points: tuple[Position, ...]
    axis: int
    positive: bool = True

    @property
    def slice_index(self) -> int:
        """The slice's index along ``axis``."""
        return round(self.points[0][self.axis])


@dataclass(frozen=True)
class PriorMask:
    """The object as it stands: made by hand, by another tool, or edited since the last prompt."""

    mask: PackedMask


@dataclass(frozen=True)
class Phrase:
    """What the object is called: "left kidney", "the larger liver lesion", "all nodules".

    ``number`` is which of the objects that it names, from 1, the most certain one first; 0 for all of them together.
    """

    text: str
    number: int = 0


@dataclass(frozen=True)
class Turn:
    """One question or answer of a conversation about a volume; an answer as the model wrote it, marks included."""

    role: Literal["user", "assistant"]
    text: str


Prompt = Point | Box | Scribble | Lasso | PriorMask | Phrase


def nearest_voxel(position: Sequence[float]) -> Voxel:
    """The voxel (k, j, i) a continuous position (i, j, k) lies in; halves round up, on every axis alike."""
    i, j, k = (int(np.floor(value + 0.5)) for value in position)
    return k, j, i


def fixed_voxels(prompt: Prompt) -> tuple[set[Voxel], bool] | None:
    """The voxels (k, j, i) whose answer the prompt fixes, and that answer; None when it fixes none."""
    if isinstance(prompt, Point):
        return {nearest_voxel(prompt.position)}, prompt.positive
    if isinstance(prompt, Scribble):
        return stroke_voxels(prompt.points), prompt.positive
    return None


def stroke_voxels(points: Sequence[Position]) -> set[Voxel]:
    """Every voxel (k, j, i) a polyline through ``points`` (i, j, k) runs through."""
    voxels = {nearest_voxel(points[0])}
    for start, end in pairwise(points):
        steps = int(np.ceil(2 * max(abs(b - a) for a, b in zip(start, end, strict=True)))) + 1
        for t in np.linspace(0.0, 1.0, steps + 1):
            voxels.add(nearest_voxel([a + (b - a) * t for a, b in zip(start, end, strict=True)]))
    return voxels


def check(prompt: Prompt, shape: Sequence[int], earlier: Sequence[Prompt] = ()) -> None:
    """Raise PromptError when ``prompt`` makes no sense on a volume of ``shape`` (K, J, I) after ``earlier`` ones."""
    if isinstance(prompt, PriorMask):
        _check_mask(prompt, shape)
        return
    _check_form(prompt)
    _check_inside(prompt, shape)
    fixed = fixed_voxels(prompt)
    if fixed is not None:
        _check_contradiction(*fixed, earlier)


def check_phrase(text: str) -> None:
    """Raise PromptError when ``text`` is nothing that could name an object."""
    if not text.strip():
        raise PromptError("There is no phrase; type what is to be segmented.")
    if len(text) > LONGEST_PHRASE:
        raise PromptError(f"A phrase has at most {LONGEST_PHRASE} characters; name the object in a few words.")


def _check_mask(prompt: PriorMask, shape: Sequence[int]) -> None:
    box = prompt.mask.box
    if not box.is_empty and (min(box.low) < 0 or any(h > n for h, n in zip(box.high, shape, strict=True))):
        raise PromptError("The segment reaches outside the volume; choose the volume it was made on.")


def _check_form(prompt: Prompt) -> None:
    if isinstance(prompt, Phrase):
        check_phrase(prompt.text)
        if prompt.number < 0:
            raise PromptError(f"There is no object number {prompt.number}; count from 1, or take 0 for all together.")
    if isinstance(prompt, Scribble) and not prompt.points:
        raise PromptError("The scribble is empty; draw it through at least one voxel.")
    if isinstance(prompt, Lasso) and len(prompt.points) < 3:
        raise PromptError("The lasso needs at least three points; draw it around the object.")
    if isinstance(prompt, Lasso) and prompt.axis not in (0, 1, 2):
        raise PromptError(f"There is no axis {prompt.axis} to draw a lasso across; choose 0 (I), 1 (J) or 2 (K).")
    if isinstance(prompt, Box) and np.isfinite([prompt.minimum, prompt.maximum]).all():
        extents = [b - a for a, b in zip(prompt.minimum, prompt.maximum, strict=True)]
        if min(extents) < 0 or sum(round(extent) > 0 for extent in extents) < 2:
            raise PromptError("The box has no size; drag it across the object, at least two voxels wide and high.")


def _check_inside(prompt: Prompt, shape: Sequence[int]) -> None:
    size = tuple(reversed([int(n) for n in shape]))
    if isinstance(prompt, Box):
        apart = any(b < -0.5 or a >= n - 0.5 for a, b, n in zip(prompt.minimum, prompt.maximum, size, strict=True))
        if not np.isfinite([prompt.minimum, prompt.maximum]).all() or apart:
            raise PromptError("The box lies outside the volume; draw it on the scan.")
        return
    for position in _positions(prompt):
        if not all(np.isfinite(v) and _EDGE <= v + 0.5 <= n - _EDGE for v, n in zip(position, size, strict=True)):
            what = type(prompt).__name__.lower()
            raise PromptError(f"The {what} lies outside the volume; place it on the scan.")


def _positions(prompt: Prompt) -> tuple[Position, ...]:
    if isinstance(prompt, Point):
        return (prompt.position,)
    if isinstance(prompt, Scribble | Lasso):
        return prompt.points
    return ()


def in_force(prompts: Sequence[Prompt]) -> Sequence[Prompt]:
    """The prompts since the last mask given by hand: what a person drew overrules what was clicked before."""
    given = [index for index, prompt in enumerate(prompts) if isinstance(prompt, PriorMask)]
    return prompts[given[-1] + 1 :] if given else prompts


def _check_contradiction(voxels: set[Voxel], positive: bool, earlier: Sequence[Prompt]) -> None:
    valid = in_force(earlier)
    for number, other in enumerate(valid, start=len(earlier) - len(valid) + 1):
        fixed = fixed_voxels(other)
        if fixed is not None and fixed[1] is not positive and voxels & fixed[0]:
            raise PromptError(f"This contradicts prompt {number} on the same voxel; undo that one or click beside it.")


def to_canonical(prompt: Prompt, turn: Reorientation) -> Prompt:
    """``prompt`` in the voxel coordinates of the canonically ordered volume."""
    if isinstance(prompt, Phrase):
        return prompt
    if isinstance(prompt, PriorMask):
        return PriorMask(turn.mask_to_canonical(prompt.mask))
    if isinstance(prompt, Point):
        return Point(turn.position_to_canonical(prompt.position), prompt.positive)
    if isinstance(prompt, Box):
        first, second = turn.position_to_canonical(prompt.minimum), turn.position_to_canonical(prompt.maximum)
        low, high = np.minimum(first, second), np.maximum(first, second)
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    points = tuple(turn.position_to_canonical(point) for point in prompt.points)
    if isinstance(prompt, Scribble):
        return Scribble(points, prompt.positive)
    return Lasso(points, turn.axis_to_canonical(prompt.axis), prompt.positive)
