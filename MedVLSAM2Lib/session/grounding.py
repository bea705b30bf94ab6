"""From a phrase to the objects it names: one look at the whole volume, then a closer one at each candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskModel, MaskRequest, ObjectLocator
from MedVLSAM2Lib.phrase_size import split_size
from MedVLSAM2Lib.prompts import Box, Phrase, Point, Prompt, PromptError
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

T = TypeVar("T")

# Two findings that overlap this much (DSC) are one object.
SAME_OBJECT = 0.5
# How far a box made of a coarse mask reaches beyond it, as a share of its size.
BOX_MARGIN = 0.1
# Where no estimate says anything.
NOTHING_LOGIT = -32.0


class PhraseReader(Protocol):
    """Knows what words mean."""

    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """The seg tokens of phrases about a volume: float32 (len(phrases), d), from one pass of the language model."""
        ...


@dataclass(frozen=True)
class Finding:
    """One object that a phrase names: its mask, and how to work it out on voxels."""

    estimate: MaskEstimate
    mask: PackedMask


class Grounding:
    """Finds what phrases name.

    The ``locator`` finds it coarsely and looks at each candidate again with its coarse mask. A ``refiner`` (a larger mask
    model that knows no words) then gets a box and a point for each object that was found.
    """

    def __init__(
        self, reader: PhraseReader, locator: ObjectLocator, threshold: float, refiner: MaskModel | None = None
    ) -> None:
        """``threshold``: the confidence from which an object counts as found."""
        self._reader = reader
        self._locator = locator
        self._threshold = threshold
        self._refiner = refiner

    def answer(
        self, model: MaskModel, request: MaskRequest, phrases: Sequence[Phrase], cache: Cache
    ) -> Iterator[Answer]:
        """``model``'s answers to clicks and boxes, with what the phrases mean if it understands words.

        Raises:
            PromptError: it does not, and there is nothing but a phrase to answer.
        """
        # A mask model that locates understands words; one that only takes clicks is never shown any.
        listener: object = self._locator
        if model is listener:
            tokens = self.read(request, [phrase.text for phrase in phrases], cache)
            return model.answer(replace(request, tokens=tokens), cache)
        if not request.new_prompts:
            raise PromptError("With this model a phrase begins a new segment; click to correct this one.")
        return model.answer(request, cache)

    def read(self, request: MaskRequest, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """The seg tokens of phrases about the request's volume: float32 (len(phrases), d); sizes in them are for measuring."""
        words = [split_size(phrase)[0] for phrase in phrases]
        return self._reader.tokens(request.volume, request.volume_id, words, cache)

    def findings(self, request: MaskRequest, cache: Cache, cancelled: Callable[[], bool]) -> list[Finding]:
        """The objects that the request's tokens mean, the most certain first; none if nothing scores.

        Raises:
            Cancelled: ``cancelled()`` became true between two looks.
        """
        coarse = self._locator.locate(request, cache)
        seen = [self._closer(request, mask, cache) for mask in _until(cancelled, coarse)]
        sure = [finding for finding in seen if self._is_found(finding)]
        distinct = _distinct(sorted(sure, key=lambda finding: -finding.estimate.confidence))
        if self._refiner is None:
            return distinct
        return [self._refined(self._refiner, request, finding, cache) for finding in _until(cancelled, distinct)]

    def _closer(self, request: MaskRequest, coarse: PackedMask, cache: Cache) -> Finding:
        return _finding(_last(self._locator, replace(request, earlier=coarse), cache))

    def _is_found(self, finding: Finding) -> bool:
        return not finding.mask.is_empty and finding.estimate.confidence >= self._threshold

    def _refined(self, refiner: MaskModel, request: MaskRequest, finding: Finding, cache: Cache) -> Finding:
        prompts = _prompts_of(finding.mask, refiner.capabilities)
        asked = replace(request, prompts=prompts, new_from=0, tokens=None)
        refined = _last(refiner, asked, cache)
        return _finding(replace(refined, confidence=min(refined.confidence, finding.estimate.confidence)))


def phrases_in(prompts: Sequence[Prompt]) -> list[Phrase]:
    """The phrases among ``prompts``."""
    return [prompt for prompt in prompts if isinstance(prompt, Phrase)]


def without_phrases(prompts: Sequence[Prompt]) -> tuple[Prompt, ...]:
    """The other prompts."""
    return tuple(prompt for prompt in prompts if not isinstance(prompt, Phrase))


def _last(model: MaskModel | ObjectLocator, request: MaskRequest, cache: Cache) -> MaskEstimate:
    answers = list(model.answer(request, cache))
    return answers[-1].candidates[answers[-1].chosen] if len(answers) == 1 else _together_of(answers)


def _together_of(answers: Sequence[Answer]) -> MaskEstimate:
    """What a model that answers slice by slice said at last of each part of the volume."""
    estimates = [answer.candidates[answer.chosen] for answer in answers]
    box = VoxelBox.around_all(estimate.box for estimate in estimates)
    logits = _LogitsOfMany(tuple(estimates), box, newest_wins=True)
    return MaskEstimate(box, logits, estimates[-1].confidence)


def together(estimates: Sequence[MaskEstimate]) -> MaskEstimate:
    """Several objects as one."""
    box = VoxelBox.around_all(estimate.positive_box for estimate in estimates)
    logits = _LogitsOfMany(tuple(estimates), box, newest_wins=False)
    return MaskEstimate(box, logits, min(estimate.confidence for estimate in estimates), box)


@dataclass(frozen=True)
class _LogitsOfMany:
    """Several estimates' logits on one box: the largest of them, or those of the newest that says anything."""

    estimates: tuple[MaskEstimate, ...]
    box: VoxelBox
    newest_wins: bool

    def __getitem__(self, part: tuple[slice, slice, slice]) -> np.ndarray:
        k, j, i = part
        asked = VoxelBox((k.start, j.start, i.start), (k.stop, j.stop, i.stop)).shifted(self.box.low)
        logits = np.full(asked.shape, NOTHING_LOGIT, np.float32)
        for estimate in self.estimates:
            common = estimate.box.intersection(asked)
            if common.is_empty:
                continue
            said = estimate.logits[common.relative_to(estimate.box).slices]
            there = logits[common.relative_to(asked).slices]
            there[...] = said if self.newest_wins else np.maximum(there, said)
        return logits


def _finding(estimate: MaskEstimate) -> Finding:
    box = estimate.positive_box
    if box.is_empty:
        return Finding(estimate, PackedMask.empty())
    return Finding(estimate, PackedMask.pack_tight(estimate.logits[box.relative_to(estimate.box).slices] > 0, box))


def _until(cancelled: Callable[[], bool], items: Iterable[T]) -> Iterator[T]:
    """``items`` one by one; Cancelled before the next one once ``cancelled()`` is true."""
    for item in items:
        if cancelled():
            raise Cancelled
        yield item


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """The findings without those that show an object again, which the closer look sometimes does."""
    kept: list[Finding] = []
    for finding in findings:
        if all(overlap(finding.mask, other.mask) < SAME_OBJECT for other in kept):
            kept.append(finding)
    return kept


def overlap(one: PackedMask, other: PackedMask) -> float:
    """DSC of two masks."""
    common = one.box.intersection(other.box)
    if common.is_empty:
        return 0.0
    shared = int((one.unpack(common) & other.unpack(common)).sum())
    return 2 * shared / max(int(one.unpack().sum()) + int(other.unpack().sum()), 1)


def _prompts_of(mask: PackedMask, capabilities: Sequence[str]) -> tuple[Prompt, ...]:
    """The box around a mask and the voxel deepest inside it, as far as the model was trained for them."""
    inside = mask.unpack()
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1, 1:-1]
    k, j, i = (int(v) + low for v, low in zip(np.unravel_index(depth.argmax(), depth.shape), mask.box.low, strict=True))
    point = Point((float(i), float(j), float(k)))
    return (_box_of(mask), point) if "box" in capabilities else (point,)


def _box_of(mask: PackedMask) -> Box:
    low, high = np.array(mask.box.low[::-1], float), np.array(mask.box.high[::-1], float) - 1
    margin = BOX_MARGIN * (high - low + 1)
    (i0, j0, k0), (i1, j1, k1) = low - margin, high + margin
    return Box((float(i0), float(j0), float(k0)), (float(i1), float(j1), float(k1)))
