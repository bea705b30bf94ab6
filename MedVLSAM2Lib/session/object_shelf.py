"""The objects of one volume: how each came to its mask, and what changes when another of its states is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from MedVLSAM2Lib.model.mask_model import Answer
from MedVLSAM2Lib.prompts import Prompt, PromptError
from MedVLSAM2Lib.results import MaskRegion
from MedVLSAM2Lib.session.errors import SessionError
from MedVLSAM2Lib.session.mask_making import MaskMaker
from MedVLSAM2Lib.session.object_history import Candidate, ObjectHistory, ObjectState
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox
from MedVLSAM2Lib.volume.reorientation import Reorientation

# Whoever writes a region into a scene does so on the thread that also draws it: pieces of this size take some milliseconds.
_VOXELS_OF_A_PIECE = 3_000_000


class ObjectShelf:
    """Keeps objects by their ids; their masks are in canonical order inside and in the volume's own order outside."""

    def __init__(self, volume: Volume, turn: Reorientation) -> None:
        """``volume`` is in canonical order, ``turn`` tells the order in which it was opened."""
        self._turn = turn
        self._masks = MaskMaker(volume)
        self._histories: dict[str, ObjectHistory] = {}

    def __contains__(self, object_id: str) -> bool:
        return object_id in self._histories

    def current(self, object_id: str) -> ObjectState:
        """The object's state as it stands; an empty one for an unknown object."""
        history = self._histories.get(object_id)
        return ObjectState() if history is None else history.current

    def mask(self, object_id: str) -> PackedMask:
        """The object's mask as it stands, in the volume's own voxel order; empty for an unknown object."""
        return self._turn.mask_to_source(self.current(object_id).mask)

    def put(self, object_id: str, state: ObjectState, shown: PackedMask) -> Iterator[MaskRegion]:
        """Take ``state`` as the object's newest, and tell what changes where the mask ``shown`` is seen now."""
        self._histories.setdefault(object_id, ObjectHistory()).push(state)
        return self.regions(object_id, shown, state)

    def move(self, object_id: str, move: Callable[[ObjectHistory], ObjectState]) -> Iterator[MaskRegion]:
        """Show another of the object's states; SessionError when there is none."""
        history = self._histories.get(object_id)
        if history is None:
            raise SessionError("This segment has no prompts yet; click on the object first.")
        before = history.current.mask
        return self.regions(object_id, before, move(history))

    def forget(self, object_id: str) -> None:
        """Forget an object; unknown ones are no error."""
        self._histories.pop(object_id, None)

    def answered(self, state: ObjectState, answer: Answer, new_prompts: Sequence[Prompt] = ()) -> ObjectState:
        """``state``, which holds all prompts and the mask that was, after a model's answer to the newest of them.

        Raises:
            PromptError: the answer is empty, and so was the mask.
        """
        base = state.mask
        candidates = tuple(
            Candidate(
                partial(self._masks.mask_of, estimate, base, state.prompts, new_prompts),
                estimate.confidence,
                estimate.memory,
            )
            for estimate in answer.candidates
        )
        if answer.fraction == 1.0 and candidates[answer.chosen].mask.is_empty and base.is_empty:
            raise PromptError("Nothing was found there; click inside the object or draw a box around it.")
        return ObjectState(state.prompts, candidates, answer.chosen)

    def regions(
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
