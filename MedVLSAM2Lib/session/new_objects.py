"""The objects that one request makes: in the end all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from MedVLSAM2Lib.model.mask_model import Answer
from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.results import Event, MaskRegion
from MedVLSAM2Lib.session.errors import SessionError
from MedVLSAM2Lib.session.object_history import ObjectState
from MedVLSAM2Lib.session.object_shelf import ObjectShelf
from MedVLSAM2Lib.volume import PackedMask


class NewObjects:
    """Makes objects called ``prefix`` and a number, counted from 1."""

    def __init__(self, shelf: ObjectShelf, prefix: str) -> None:
        self._shelf = shelf
        self._prefix = prefix
        self._made: list[str] = []

    def made_by(self, work: Callable[[NewObjects], Iterator[Event]]) -> Iterator[Event]:
        """What ``work`` tells; when it raises, the objects that it made are taken back first."""
        try:
            yield from work(self)
        except Exception:
            for object_id in reversed(self._made):
                yield from self._taken_back(object_id)
            raise

    def add(self, state: ObjectState) -> tuple[str, Iterator[MaskRegion]]:
        """A new object in ``state``: its id, and the regions that make it; SessionError when the id is taken."""
        object_id = f"{self._prefix}{len(self._made) + 1}"
        if object_id in self._shelf:
            raise SessionError(f"There is an object {object_id} already; ask again under another name.")
        self._made.append(object_id)
        return object_id, self._shelf.put(object_id, state, PackedMask.empty())

    def answered(self, prompts: Sequence[Prompt], answer: Answer) -> ObjectState:
        """The state of an object that ``prompts`` begin and a model answers so; nothing is made yet."""
        return self._shelf.answered(ObjectState(tuple(prompts)), answer)

    def _taken_back(self, object_id: str) -> Iterator[MaskRegion]:
        shown = self._shelf.current(object_id).mask
        self._shelf.forget(object_id)
        yield from self._shelf.regions(object_id, shown, ObjectState())
