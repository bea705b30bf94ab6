"""What a new worker must do to be where the last one was."""

from __future__ import annotations

from dataclasses import dataclass

from MedVLSAM2Lib.engine.protocol import (
    AskQuestion,
    CloseVolume,
    FindObjects,
    LoadModel,
    OpenVolume,
    Operation,
    RemoveObject,
)


@dataclass(frozen=True)
class Entry:
    """An operation and the request that asked for it. A request that made several objects has an entry for each."""

    request: int
    operation: Operation

    @property
    def key(self) -> tuple[int, str]:
        """Tells it from every other entry."""
        return self.request, object_of(self.operation)


class Journal:
    """The operations that worked, in order, without those that later ones made void."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What to do again, in order."""
        return tuple(self._entries)

    def accept(self, entry: Entry) -> None:
        """Remember an operation that worked."""
        operation = entry.operation
        if isinstance(operation, LoadModel):
            self._entries = [kept for kept in self._entries if isinstance(kept.operation, OpenVolume)]
            self._entries.insert(0, entry)
        elif isinstance(operation, OpenVolume | CloseVolume):
            self._forget_volume(operation.volume_id)
            if isinstance(operation, OpenVolume):
                self._entries.append(entry)
        elif isinstance(operation, RemoveObject):
            self._forget_object(operation.volume_id, operation.object_id)
        else:
            self._entries.append(entry)

    def drop(self, key: tuple[int, str]) -> tuple[Entry, ...]:
        """Forget the operation of the entry with ``key`` and the later ones that build on it; what was forgotten."""
        before = self._entries
        position = next((index for index, entry in enumerate(before) if entry.key == key), None)
        if position is None:
            return ()
        dropped = [entry for entry in before[position:] if _builds_on(entry.operation, before[position].operation)]
        keys = {entry.key for entry in dropped}
        self._entries = [entry for entry in before if entry.key not in keys]
        return tuple(dropped)

    def knows(self, volume_id: str, object_id: str) -> bool:
        """Whether any operation on that object is remembered."""
        return any(_object_of(entry.operation) == (volume_id, object_id) for entry in self._entries)

    def _forget_volume(self, volume_id: str) -> None:
        self._entries = [entry for entry in self._entries if volume_of(entry.operation) != volume_id]

    def _forget_object(self, volume_id: str, object_id: str) -> None:
        self._entries = [entry for entry in self._entries if _object_of(entry.operation) != (volume_id, object_id)]


def volume_of(operation: Operation) -> str:
    """The id of the volume the operation is about; empty when it is about none."""
    return "" if isinstance(operation, LoadModel) else operation.volume_id


def object_of(operation: Operation) -> str:
    """The id of the one object the operation is about; empty when there is no such one."""
    about_none = LoadModel | OpenVolume | CloseVolume | FindObjects | AskQuestion
    return "" if isinstance(operation, about_none) else operation.object_id


def _object_of(operation: Operation) -> tuple[str, str] | None:
    name = object_of(operation)
    return (volume_of(operation), name) if name else None


def _builds_on(later: Operation, earlier: Operation) -> bool:
    if later is earlier:
        return True
    if isinstance(earlier, LoadModel):
        return not isinstance(later, OpenVolume)
    if isinstance(earlier, OpenVolume):
        return volume_of(later) == earlier.volume_id
    return _object_of(later) == _object_of(earlier)
