"""One volume, one model, any number of objects: prompts in, masks out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskModel, MaskRequest
from MedVLSAM2Lib.model.threads import lone_threads
from MedVLSAM2Lib.prompts import PriorMask, Prompt, PromptError, check, in_force, to_canonical
from MedVLSAM2Lib.results import Event, MaskRegion, Progress
from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.session.errors import Cancelled, SessionError
from MedVLSAM2Lib.session.grounding import Grounding, phrases_in, without_phrases
from MedVLSAM2Lib.session.intensity_edges import with_sharper_edges
from MedVLSAM2Lib.session.object_history import Candidate, ObjectHistory, ObjectState
from MedVLSAM2Lib.session.prompt_rules import apply_rules, reach
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

# Logits are worked out this many voxels at a time, which stay in a core's cache.
_VOXELS_OF_LOGITS = 2_000_000
# Whoever writes a region into a scene does so on the thread that also draws it: pieces of this size take some milliseconds.
_VOXELS_OF_A_PIECE = 3_000_000

Cancel = Callable[[], bool]


class Session:
    """Segments objects of one volume.

    Prompts and masks are in the volume's own voxel order; the model sees the canonical order, so that the same
    anatomy gives the same mask however the scan is stored. The result is a function of the prompts.
    """

    def __init__(
        self,
        volume: Volume,
        volume_id: str,
        model: MaskModel,
        cache: Cache | None = None,
        grounding: Grounding | None = None,
    ) -> None:
        """``grounding`` finds what phrases name; without it, phrases are refused."""
        self._turn = volume.reorientation
        self._volume = volume.canonical()
        self._volume_id = volume_id
        self._model = model
        self._grounding = grounding
        self._cache = cache if cache is not None else ByteBoundedCache()
        self._objects: dict[str, ObjectHistory] = {}
        self._threads = lone_threads()

    def add_prompts(self, object_id: str, prompts: Sequence[Prompt], cancelled: Cancel) -> Iterator[Event]:
        """Answer new prompts on an object, which is made on its first prompt.

        Yields regions as they become known, the last one final. All prompts of one call are one step of undo.

        Raises:
            PromptError: a prompt makes no sense, or nothing was found; nothing has changed.
            Cancelled: ``cancelled()`` became true; previews are taken back first.
        """
        history = self._objects.get(object_id, ObjectHistory())
        before = history.current
        added = self._checked(prompts, before)
        shown = before.mask
        start, new_prompts = _starting_point(before, added)
        state = ObjectState(before.prompts + added, (start,))
        if new_prompts:
            for answer in self._answers(before.prompts + added, len(new_prompts), start):
                if cancelled():
                    yield from self._taken_back(object_id, shown, before)
                    raise Cancelled
                state = self._merged(state, answer, new_prompts)
                if answer.fraction < 1.0:
                    yield Progress(answer.fraction, answer.message)
                    yield from self._regions(object_id, shown, state, final=False)
                    shown = state.mask
        if cancelled():
            yield from self._taken_back(object_id, shown, before)
            raise Cancelled
        history.push(state)
        self._objects[object_id] = history
        yield from self._regions(object_id, shown, state)

    def undo(self, object_id: str) -> Iterator[Event]:
        """Back to the object's mask before its last step; SessionError when there is none."""
        yield from self._moved(object_id, ObjectHistory.undo)

    def redo(self, object_id: str) -> Iterator[Event]:
        """Forward again to the mask that was undone; SessionError when there is none."""
        yield from self._moved(object_id, ObjectHistory.redo)

    def step_candidate(self, object_id: str, step: int) -> Iterator[Event]:
        """Show the next smaller (-1) or larger (+1) answer to a first prompt; SessionError when there is none."""
        yield from self._moved(object_id, lambda history: history.choose(step))

    def remove_object(self, object_id: str) -> None:
        """Forget an object; unknown ones are no error."""
        self._objects.pop(object_id, None)

    def mask(self, object_id: str) -> PackedMask:
        """The object's mask as it stands, in the volume's own voxel order; empty for an unknown object."""
        history = self._objects.get(object_id)
        return self._turn.mask_to_source(history.current.mask) if history else PackedMask.empty()

    def _checked(self, prompts: Sequence[Prompt], before: ObjectState) -> tuple[Prompt, ...]:
        if not prompts:
            raise PromptError("There is no prompt to answer; click on the object first.")
        if self._grounding is None and phrases_in(prompts):
            raise PromptError("The loaded model does not know words; click on the object, or choose a model that does.")
        added: tuple[Prompt, ...] = ()
        for prompt in prompts:
            canonical = to_canonical(prompt, self._turn)
            check(canonical, self._volume.shape, before.prompts + added)
            added += (canonical,)
        return added

    def _answers(self, prompts: tuple[Prompt, ...], new: int, start: Candidate) -> Iterator[Answer]:
        shown, phrases = without_phrases(prompts), phrases_in(in_force(prompts))
        first_new = len(without_phrases(prompts[: len(prompts) - new]))
        request = MaskRequest(self._volume, self._volume_id, shown, first_new, start.mask, start.memory)
        if self._grounding is None or not phrases:
            return self._model.answer(request, self._cache)
        if start.mask.is_empty and not without_phrases(in_force(prompts)):
            return iter((self._grounding.find(request, phrases[-1], self._cache),))
        return self._grounding.answer(self._model, request, phrases, self._cache)

    def _merged(self, state: ObjectState, answer: Answer, new_prompts: Sequence[Prompt]) -> ObjectState:
        base = state.mask
        candidates = tuple(
            Candidate(
                partial(self._mask_of, estimate, base, state.prompts, new_prompts), estimate.confidence, estimate.memory
            )
            for estimate in answer.candidates
        )
        if answer.fraction == 1.0 and candidates[answer.chosen].mask.is_empty and base.is_empty:
            raise PromptError("Nothing was found there; click inside the object or draw a box around it.")
        return ObjectState(state.prompts, candidates, answer.chosen)

    def _mask_of(
        self, estimate: MaskEstimate, base: PackedMask, prompts: Sequence[Prompt], new_prompts: Sequence[Prompt]
    ) -> PackedMask:
        """The mask after an estimate: changed within the estimate's box, and where the new prompts say so themselves."""
        if estimate.is_coarse:
            estimate = self._threads.submit(with_sharper_edges, estimate, self._volume).result()
        object_box = estimate.positive_box
        prompted = reach(new_prompts)
        # Beyond these boxes nothing was and nothing will be: a view is several times as large as the object in it.
        whole = object_box.union(prompted).union(base.box)
        mask = base.unpack(whole)
        changeable = estimate.box.union(prompted).intersection(whole)
        changed = mask[changeable.relative_to(whole).slices]
        changed[estimate.box.intersection(whole).relative_to(changeable).slices] = False
        self._threshold(estimate, object_box, changed[object_box.relative_to(changeable).slices])
        apply_rules(changed, changeable, in_force(prompts))
        return PackedMask.pack_tight(mask, whole)

    def _threshold(self, estimate: MaskEstimate, part: VoxelBox, out: np.ndarray) -> None:
        """Write ``logits > 0`` of a part of the estimate's box into ``out``, slabs side by side."""
        depth, rows, columns = part.shape
        k, j, i = part.relative_to(estimate.box).low
        slab = max(1, _VOXELS_OF_LOGITS // max(rows * columns, 1))

        def write(first: int) -> None:
            last = min(first + slab, depth)
            logits = estimate.logits[slice(k + first, k + last), slice(j, j + rows), slice(i, i + columns)]
            out[first:last] = logits > 0

        # Asked for one by one: what fails in a thread fails here.
        for _ in self._threads.map(write, range(0, depth, slab)):
            pass

    def _moved(self, object_id: str, move: Callable[[ObjectHistory], ObjectState]) -> Iterator[Event]:
        history = self._objects.get(object_id)
        if history is None:
            raise SessionError("This segment has no prompts yet; click on the object first.")
        before = history.current.mask
        yield from self._regions(object_id, before, move(history))

    def _taken_back(self, object_id: str, shown: PackedMask, before: ObjectState) -> Iterator[Event]:
        if shown != before.mask:
            yield from self._regions(object_id, shown, before)

    def _regions(
        self, object_id: str, shown: PackedMask, state: ObjectState, final: bool = True
    ) -> Iterator[MaskRegion]:
        """What changes when ``state`` is shown instead of the mask ``shown``, in pieces that are quickly written."""
        whole = shown.box.union(state.mask.box)
        now = state.mask.unpack(whole)
        changed = VoxelBox.around(now != shown.unpack(whole))
        pieces = _pieces(changed)
        for number, piece in enumerate(pieces, start=1):
            box = piece.shifted(whole.low) if not piece.is_empty else piece
            mask = self._turn.mask_to_source(PackedMask.pack(now[piece.slices], box))
            is_last = final and number == len(pieces)
            confidence, chosen, count = state.current.confidence, state.chosen, len(state.candidates)
            yield MaskRegion(object_id, mask, confidence, is_last, chosen, count)


def _pieces(box: VoxelBox) -> list[VoxelBox]:
    """The box cut across K into parts of few voxels; itself when it is small."""
    plane = box.shape[1] * box.shape[2]
    depth = max(1, _VOXELS_OF_A_PIECE // max(plane, 1))
    cuts = range(box.low[0], max(box.high[0], box.low[0] + 1), depth)
    return [VoxelBox((k, *box.low[1:]), (min(k + depth, box.high[0]), *box.high[1:])) for k in cuts]


def _starting_point(before: ObjectState, added: Sequence[Prompt]) -> tuple[Candidate, tuple[Prompt, ...]]:
    """What the model starts from, and the prompts it is to answer: a mask given by hand replaces the earlier one."""
    given = [index for index, prompt in enumerate(added) if isinstance(prompt, PriorMask)]
    if not given:
        return before.current, tuple(added)
    prior = added[given[-1]]
    assert isinstance(prior, PriorMask)
    return Candidate.of(prior.mask.trimmed()), tuple(added[given[-1] + 1 :])
