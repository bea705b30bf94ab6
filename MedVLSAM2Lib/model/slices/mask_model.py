"""The mask model of the kind ``slices``: the clicked slice at once, then the object followed through the volume."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy import ndimage

from MedVLSAM2Lib.memory import CACHE_BYTES, SLICES
from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.model.slices.feature_source import FeatureSource
from MedVLSAM2Lib.model.slices.follower import Follower
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.model.slices.precision import Precision
from MedVLSAM2Lib.model.slices.search import Search
from MedVLSAM2Lib.model.slices.slice_prompts import AXIAL, AskedSlice, asked_slices, bounds, prompt_axis
from MedVLSAM2Lib.model.slices.slice_stack import SliceStack
from MedVLSAM2Lib.model.slices.track import SliceRecord, Track
from MedVLSAM2Lib.model.threads import lone_threads
from MedVLSAM2Lib.prompts import Point, in_force, nearest_voxel
from MedVLSAM2Lib.volume import PackedMask, VoxelBox

# A mask given by hand keeps its slices from so many slices on to either side of a new prompt.
GIVEN_REACH = 8


class SliceMaskModel:
    """Answers with the prompted slices first and then one slice an Answer; the last Answer sums up.

    The first prompt's axis is the object's: that of a flat box, lasso or scribble, else the axial one. A prompt across
    another axis starts over along that one, with the mask so far as a given mask. Prompts on further slices are attended
    to by all others, and only the slices up to the next prompted one are followed anew.
    """

    def __init__(
        self,
        network: SliceNetwork,
        identity: str,
        capabilities: tuple[str, ...] = (),
        precision: torch.dtype = torch.float32,
        replace: bool = False,
    ) -> None:
        """Of a network in evaluation mode.

        Args:
            network: what answers.
            identity: kind, weights and rules.
            capabilities: what it was trained for.
            precision: float32 gives what SAM 2's own code gives; in bfloat16 it answers faster where that is fast.
            replace: the network was trained to hear the tokens of words in the place of points, not beside them. Slices
                with points of their own are then asked without the words.
        """
        self._network = network.eval()
        self._precision = precision
        self._identity = (
            identity if precision == torch.float32 else f"{identity}:{str(precision).removeprefix('torch.')}"
        )
        self._capabilities = capabilities
        self._replace = replace
        self._threads = lone_threads()

    @property
    def identity(self) -> str:
        """Kind, weights and rules, e.g. ``slices:1f3a…``, and the precision if it is not float32."""
        return self._identity

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the weights were trained for."""
        return self._capabilities

    @property
    def cache_bytes(self) -> int:
        """How much of what it makes of one volume is worth keeping."""
        return CACHE_BYTES[SLICES]

    @property
    def network(self) -> SliceNetwork:
        """The network behind it."""
        return self._network

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """One Answer a slice; the last one has no new slice unless there are candidates to choose between.

        A request with tokens and no new prompt asks again, in words, about the slices that were prompted before; if none
        were, about the one that most of the earlier mask is on, and the object is followed anew from there.
        """
        with self._feature_source(cache) as features:
            yield from _Work(self._network, features, request, self._cast, self._replace).answers()

    def locate(self, request: MaskRequest, cache: Cache) -> list[PackedMask]:
        """Coarse masks of what the request's tokens mean, searched for on axial slices, the most certain first."""
        stack = SliceStack(request.volume, AXIAL, self._network.config)
        with self._feature_source(cache) as features:
            features.open(stack, request.volume_id)
            follower = Follower(self._network, stack, features.of, request.tokens, self._cast, self._replace)
            return Search(follower, features, stack, self._network.config.rules).masks()

    @property
    def _cast(self) -> Precision:
        return Precision(self._network.device.type, self._precision)

    def _feature_source(self, cache: Cache) -> FeatureSource:
        return FeatureSource(self._network, self._identity, self._threads, cache, self._cast)


@dataclass(frozen=True)
class SliceTrace:
    """A model's memory of an object between two prompts: the axis it was followed along, and its slices."""

    axis: int
    track: Track


@dataclass(frozen=True)
class _Stretch:
    """Slices to be followed one after the other; ``is_open`` if no prompted slice ends them."""

    indices: range
    is_open: bool

    @property
    def is_downwards(self) -> bool:
        return self.indices.step < 0


@dataclass
class _Course:
    """One candidate on its way: its slices, and what is known of its voxels since the request came if that is asked for."""

    track: Track
    keeps_parts: bool = True
    parts: list[tuple[VoxelBox, np.ndarray]] = field(default_factory=list)

    def estimate(self, box: VoxelBox, inside: np.ndarray) -> MaskEstimate:
        """A newly seen part of the object."""
        if self.keeps_parts:
            self.parts.append((box, inside))
        return MaskEstimate(box, inside, self.confidence)

    @property
    def confidence(self) -> float:
        """The Dice to expect: that of the slices' own scores, each as much as its area; 0 for an object that is nowhere."""
        records = [record for _, record in self.track.records()]
        area = sum(record.area for record in records)
        # Of a mask's Dice, intersection and areas are sums over slices, so that slices weigh by their area.
        expected = sum(record.area * 2 * record.score / (1 + record.score) for record in records)
        return expected / area if area else 0.0

    def whole(self, earlier: PackedMask) -> tuple[VoxelBox, np.ndarray]:
        """The object's voxels: those of before, and the seen parts in their place."""
        box = earlier.box
        for part, _ in self.parts:
            box = box.union(part)
        mask = earlier.unpack(box)
        for part, inside in self.parts:
            mask[part.relative_to(box).slices] = inside
        return box, mask


class _Work:
    """One request."""

    def __init__(
        self,
        network: SliceNetwork,
        features: FeatureSource,
        request: MaskRequest,
        precision: Precision,
        replace: bool,
    ) -> None:
        self._request = request
        self._rules = network.config.rules
        trace = request.memory if isinstance(request.memory, SliceTrace) else None
        wished = prompt_axis(request.new_prompts)
        axis = wished if wished is not None else trace.axis if trace is not None else AXIAL
        self._trace = trace if trace is not None and trace.axis == axis else None
        self._stack = SliceStack(request.volume, axis, network.config)
        self._valid = in_force(request.prompts)
        self._asked = asked_slices(self._valid, self._stack)
        self._is_in_words = request.tokens is not None and not request.new_prompts
        self._features = features
        features.open(self._stack, request.volume_id)
        self._follower = Follower(network, self._stack, features.of, request.tokens, precision, replace)
        self._earlier = request.earlier.unpack()
        self._new = (
            self._asked_in_words() if self._is_in_words else sorted(asked_slices(request.new_prompts, self._stack))
        )
        self._visited = 0
        self._expected = 1

    def answers(self) -> Iterator[Answer]:
        courses, chosen = yield from self._prompted()
        stretches = self._stretches(courses[chosen].track)
        self._expected = 1 + len(courses) * (len(self._new) + sum(len(stretch.indices) for stretch in stretches))
        for course in [courses[chosen], *(course for course in courses if course is not courses[chosen])]:
            is_chosen = course is courses[chosen]
            for estimate in self._follow(course, stretches):
                shown = estimate if is_chosen else self._nothing_new(courses[chosen])
                yield Answer((shown,), fraction=self._fraction, message=self._message)
        yield self._final(courses, chosen)

    def _asked_in_words(self) -> list[int]:
        """The slices that words alone are asked about."""
        if self._trace is not None:
            prompted = sorted(self._trace.track.prompted)
            return [index for index in prompted if index in self._asked] or prompted
        if not self._earlier.size:
            return []
        first, _ = self._stack.extent(self._request.earlier.box)
        return [first + int(self._stack.along(self._earlier).sum(axis=(1, 2)).argmax())]

    def _prompted(self) -> Generator[Answer, None, tuple[list[_Course], int]]:
        """Answer the newly prompted slices: the candidates to follow, smallest first, and the one to believe."""
        courses, chosen = [_Course(self._trace.track if self._trace else Track())], 0
        for index in self._new:
            course = courses[chosen]
            self._features.beside(self._features.hold, index)
            ask = self._follower.prompted
            asked = self._asked.get(index, AskedSlice())
            records = self._features.beside(ask, course.track, index, asked, self._given(index))
            if len(records) > 1 and len(self._new) == 1:
                records = self._distinct(records)
                courses = [_Course(course.track) for _ in records]
                chosen = max(range(len(records)), key=lambda number: float(records[number].masks.iou))
                pairs = list(zip(courses, records, strict=True))
            else:
                pairs = [(course, max(records, key=lambda record: float(record.masks.iou)))]
            estimates = tuple(self._seen(course, index, record, prompted=True) for course, record in pairs)
            yield Answer(estimates, chosen, self._fraction, self._message)
        for course in courses:
            course.keeps_parts = len(courses) > 1 or self._rules.keep_largest
        if self._trace is None and self._earlier.size and not self._is_in_words:
            self._keep_given(courses[0])
        return courses, chosen

    def _distinct(self, records: Sequence[SliceRecord]) -> list[SliceRecord]:
        """The answers to follow: those that hold anything, at most as many as the rules say, the most trusted ones."""
        trusted = sorted(records, key=lambda record: float(record.masks.iou), reverse=True)
        kept = [record for record in trusted if not record.is_empty][: self._rules.candidates] or trusted[:1]
        return [record for record in records if any(record is other for other in kept)]

    def _keep_given(self, course: _Course) -> None:
        """A mask given by hand holds on some slices on either side of the new prompts, and so beyond them."""
        first, last = self._stack.extent(self._request.earlier.box)
        shown = [index for index in range(first, last + 1) if self._plane(index).any()]
        for index in self._new:
            for aim in (index - GIVEN_REACH, index + GIVEN_REACH):
                side = [other for other in shown if (other < index if aim < index else other > index)]
                nearest = min(side, key=lambda other: abs(other - aim), default=None)
                if nearest is not None and nearest not in course.track.prompted:
                    record = self._follower.accepted(nearest, self._plane(nearest))
                    course.track = course.track.with_prompted(nearest, record)

    def _stretches(self, track: Track) -> list[_Stretch]:
        """What the new prompts can change: up to the next prompted slice, or to the end; upwards first."""
        first, last = bounds(self._valid, self._stack)
        ways = []
        for index in self._new:
            above = min((other for other in track.prompted if other > index), default=None)
            end = last if above is None else above - 1
            ways.append(_Stretch(range(index + 1, end + 1), above is None))
        for index in self._new:
            below = max((other for other in track.prompted if other < index), default=None)
            if below in self._new:
                continue
            end = first if below is None else below + 1
            ways.append(_Stretch(range(index - 1, end - 1, -1), below is None))
        return ways

    def _follow(self, course: _Course, stretches: Sequence[_Stretch]) -> Iterator[MaskEstimate]:
        for stretch in stretches:
            course.track = course.track.without_followed(self._slices_of(stretch))
        for stretch in stretches:
            empty, reached = 0, stretch.indices.start
            for index in stretch.indices:
                self._features.expect(range(index, stretch.indices.stop, stretch.indices.step)[1:])
                record = self._features.beside(self._follower.followed, course.track, index, stretch.is_downwards)
                yield self._seen(course, index, record)
                reached = index + stretch.indices.step
                empty = empty + 1 if record.is_empty else 0
                if stretch.is_open and 0 < self._rules.stop_after_empty <= empty:
                    break
            self._visited += len(range(reached, stretch.indices.stop, stretch.indices.step))
            if stretch.is_open:
                yield from self._emptied(course, reached, stretch.is_downwards)

    def _slices_of(self, stretch: _Stretch) -> range:
        """The slices a stretch decides about: without a prompted slice at its end, all that are left."""
        if not stretch.is_open:
            return stretch.indices
        return range(stretch.indices.start, -1 if stretch.is_downwards else len(self._stack), stretch.indices.step)

    def _emptied(self, course: _Course, start: int, downwards: bool) -> Iterator[MaskEstimate]:
        """Beyond the object's end nothing of its earlier mask stays."""
        beyond = self._stack.whole(0, start) if downwards else self._stack.whole(start, len(self._stack) - 1)
        stale = beyond.intersection(self._request.earlier.box)
        if not stale.is_empty:
            yield course.estimate(stale, np.zeros(stale.shape, bool))

    def _seen(self, course: _Course, index: int, record: SliceRecord, prompted: bool = False) -> MaskEstimate:
        """Take a slice's answer into the course; the estimate covers the object now and before, and no more."""
        known = course.track
        course.track = known.with_prompted(index, record) if prompted else known.with_followed(index, record)
        self._visited += 1
        inside = self._stack.voxel_logits(record.masks.logits) > 0
        changed = VoxelBox.around((inside | self._plane(index))[None])
        (_, top, left), (_, bottom, right) = changed.low, changed.high
        box = VoxelBox.empty() if changed.is_empty else self._stack.box(index, index, (top, left), (bottom, right))
        return course.estimate(box, self._stack.upright(inside[None, top:bottom, left:right]).reshape(box.shape))

    def _final(self, courses: Sequence[_Course], chosen: int) -> Answer:
        """All that is known at the end, and what the next prompt starts from."""
        if len(courses) == 1 and not self._rules.keep_largest:
            return Answer((self._nothing_new(courses[0], with_memory=True),))
        wholes = [course.whole(self._request.earlier) for course in courses]
        cover = VoxelBox.empty()
        for box, _ in wholes:
            cover = cover.union(box)
        estimates = []
        for course, (box, mask) in zip(courses, wholes, strict=True):
            kept = self._kept(mask, box) if self._rules.keep_largest else mask
            everywhere = np.zeros(cover.shape, bool)
            everywhere[box.relative_to(cover).slices] = kept
            memory = SliceTrace(self._stack.axis, course.track)
            estimates.append(MaskEstimate(cover, everywhere, course.confidence, memory=memory))
        return Answer(tuple(estimates), chosen)

    def _kept(self, mask: np.ndarray, box: VoxelBox) -> np.ndarray:
        """The largest connected part of a mask, and those that were clicked."""
        parts, count = ndimage.label(mask)
        if count < 2:
            return mask
        sizes = np.bincount(parts.ravel())[1:]
        wanted = {int(sizes.argmax()) + 1}
        for prompt in self._valid:
            if isinstance(prompt, Point) and prompt.positive and box.contains(nearest_voxel(prompt.position)):
                k, j, i = np.subtract(nearest_voxel(prompt.position), box.low)
                wanted.add(int(parts[k, j, i]))
        return np.isin(parts, [part for part in wanted if part])

    def _nothing_new(self, course: _Course, with_memory: bool = False) -> MaskEstimate:
        memory = SliceTrace(self._stack.axis, course.track) if with_memory else None
        return MaskEstimate(VoxelBox.empty(), np.zeros((0, 0, 0), bool), course.confidence, memory=memory)

    def _given(self, index: int) -> np.ndarray | None:
        """The mask so far on a slice that this model has not answered."""
        return self._plane(index) if self._trace is None and self._earlier.size else None

    def _plane(self, index: int) -> np.ndarray:
        """The mask before the request on one slice: (rows, columns)."""
        plane = np.zeros(self._stack.plane, bool)
        box = self._request.earlier.box
        shared = self._stack.whole(index, index).intersection(box)
        if not shared.is_empty:
            part = self._earlier[shared.relative_to(box).slices]
            plane[self._stack.across(shared)] = self._stack.along(part)[0]
        return plane

    @property
    def _fraction(self) -> float:
        return min(self._visited / self._expected, 0.99)

    @property
    def _message(self) -> str:
        return f"{self._visited} slices seen"
