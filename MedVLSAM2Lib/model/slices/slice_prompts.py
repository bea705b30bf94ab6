"""From prompts in the volume to prompts on slices.

Points are points. A scribble is sampled at a few places along it. A flat box is the two corners of SAM's box prompt; a box
in three dimensions is that on its middle slice, and the object is not followed out of it. A lasso is the box around it
with a point at its innermost place: SAM takes a mask prompt for an answer of its own, true to the pixel, which a quick
outline is not; that the mask stays within the outline is the session's promise. A negative lasso is a negative point at
its innermost place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy import ndimage

from MedVLSAM2Lib.model.patches.drawing import enclosed, points_along
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.model.slices.tensors import SlicePrompt
from MedVLSAM2Lib.prompts import Box, Lasso, Point, Prompt, Scribble
from MedVLSAM2Lib.volume.reorientation import Position

AXIAL = 2
MOST_SAMPLES = 8
_BESIDE, _ON_OBJECT, _FIRST_CORNER, _SECOND_CORNER = 0, 1, 2, 3

Pixel = tuple[float, float]


@dataclass
class AskedSlice:
    """What is asked on one slice, in pixels of the resized slice."""

    box: tuple[Pixel, Pixel] | None = None
    points: list[Pixel] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked but what words say."""
        return self.box is None and not self.labels

    @property
    def is_positive(self) -> bool:
        """Whether anything says where the object is, and not only where it is not."""
        return self.box is not None or _ON_OBJECT in self.labels

    @property
    def is_single_point(self) -> bool:
        """Whether it is one click on the object: then three answers are given."""
        return self.box is None and self.labels == [_ON_OBJECT]

    def prompt(
        self,
        mask: torch.Tensor | None,
        device: torch.device,
        tokens: torch.Tensor | None = None,
        replace: bool = False,
    ) -> SlicePrompt:
        """As the network takes it, with the logits of an earlier answer and the tokens of words.

        Tokens that would ``replace`` points and boxes are told only where there are none: a click is always heard.
        """
        if replace and not self.is_empty:
            tokens = None
        corners = list(self.box or ())
        labels = [_FIRST_CORNER, _SECOND_CORNER][: len(corners)] + self.labels
        points = torch.tensor(corners + self.points, dtype=torch.float32, device=device).reshape(1, -1, 2)
        return SlicePrompt(points, torch.tensor([labels], dtype=torch.int32, device=device), mask, tokens, replace)


def prompt_axis(prompts: Iterable[Prompt]) -> int | None:
    """The axis (0 I, 1 J, 2 K) across the slice that prompts were drawn on; None if they lie on slices of any axis."""
    for prompt in prompts:
        axis = _axis_of(prompt)
        if axis is not None:
            return axis
    return None


def asked_slices(prompts: Sequence[Prompt], stack: SliceStack) -> dict[int, AskedSlice]:
    """What all ``prompts`` together ask, slice by slice; a newer box replaces an older one."""
    asked: dict[int, AskedSlice] = {}
    for prompt in prompts:
        for index, position, label in _points_of(prompt, stack):
            _at(asked, index).points.append(stack.pixel_of(position))
            _at(asked, index).labels.append(label)
        box = _box_of(prompt, stack)
        if box is not None:
            index, first, second = box
            _at(asked, index).box = stack.pixel_of(first), stack.pixel_of(second)
    return asked


def bounds(prompts: Iterable[Prompt], stack: SliceStack) -> tuple[int, int]:
    """The first and the last slice that boxes in three dimensions leave for the object."""
    first, last = 0, len(stack) - 1
    for prompt in prompts:
        if isinstance(prompt, Box) and prompt.flat_axis is None:
            first = max(first, min(stack.index_of(prompt.minimum), last))
            last = min(last, max(stack.index_of(prompt.maximum), first))
    return first, last


def _at(asked: dict[int, AskedSlice], index: int) -> AskedSlice:
    return asked.setdefault(index, AskedSlice())


def _axis_of(prompt: Prompt) -> int | None:
    if isinstance(prompt, Box):
        return prompt.flat_axis
    if isinstance(prompt, Lasso):
        return prompt.axis
    if isinstance(prompt, Scribble):
        voxels = np.floor(np.array(prompt.points) + 0.5)
        flat = [axis for axis in range(3) if np.ptp(voxels[:, axis]) == 0]
        return flat[0] if len(flat) == 1 else None
    return None


def _points_of(prompt: Prompt, stack: SliceStack) -> Iterable[tuple[int, Position, int]]:
    """Each point's slice, position (i, j, k) and label."""
    if isinstance(prompt, Point):
        return [(stack.index_of(prompt.position), prompt.position, int(prompt.positive))]
    if isinstance(prompt, Scribble):
        return _samples(prompt, stack)
    if isinstance(prompt, Lasso):
        middle = _innermost(prompt)
        return [(stack.index_of(middle), middle, int(prompt.positive))]
    return []


def _samples(scribble: Scribble, stack: SliceStack) -> Iterable[tuple[int, Position, int]]:
    """On each slice the stroke runs through, a few places evenly along it."""
    on_slice: dict[int, list[Position]] = {}
    for i, j, k in points_along(np.array(scribble.points)):
        on_slice.setdefault(stack.index_of((i, j, k)), []).append((float(i), float(j), float(k)))
    for index, positions in on_slice.items():
        count = min(len(positions), MOST_SAMPLES)
        for place in np.linspace(0, len(positions) - 1, 2 * count + 1)[1::2].round().astype(int):
            yield index, positions[place], _ON_OBJECT if scribble.positive else _BESIDE


def _box_of(prompt: Prompt, stack: SliceStack) -> tuple[int, Position, Position] | None:
    """A box prompt's slice and its two corners (i, j, k)."""
    if isinstance(prompt, Box):
        middle = [(low + high) / 2 for low, high in zip(prompt.minimum, prompt.maximum, strict=True)]
        index = min(max(stack.index_of(middle), 0), len(stack) - 1)
        return index, prompt.minimum, prompt.maximum
    if isinstance(prompt, Lasso) and prompt.positive:
        outline = np.array(prompt.points)
        low, high = outline.min(axis=0), outline.max(axis=0)
        return prompt.slice_index, (low[0], low[1], low[2]), (high[0], high[1], high[2])
    return None


def _innermost(lasso: Lasso) -> Position:
    """The place within an outline that is farthest from it."""
    across = [axis for axis in range(3) if axis != lasso.axis]
    outline = np.array(lasso.points)[:, across]
    low = np.floor(outline.min(axis=0)) - 1
    rows, columns = (int(size) for size in np.ceil(outline.max(axis=0)) - low + 2)
    inside = enclosed(outline - low, (rows, columns))
    place = np.unravel_index(int(ndimage.distance_transform_edt(inside).argmax()), inside.shape) + low
    position = [0.0, 0.0, 0.0]
    position[lasso.axis] = float(lasso.slice_index)
    position[across[0]], position[across[1]] = float(place[0]), float(place[1])
    return position[0], position[1], position[2]
