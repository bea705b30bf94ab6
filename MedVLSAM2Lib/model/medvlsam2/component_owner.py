"""The parts that a process holds in memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class ComponentOwner:
    """Knows each part that is in memory, so that no file is read twice; one for a process, passed to who loads parts.

    It keeps none alive: a part is forgotten when the last model that uses it is.
    """

    def __init__(self) -> None:
        self._parts: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._lock = RLock()

    def get_or_load(self, folder: Path, variant: Hashable, load: Callable[[], T]) -> T:
        """The part in ``folder``, read by ``load`` unless it is in memory.

        Args:
            folder: where it lies; files that have changed since count as another part.
            variant: what else tells two readings of one folder apart: precision and device, say.
        """
        key = (folder.resolve(), _stamp(folder), variant)
        with self._lock:
            part: T | None = self._parts.get(key)
            if part is None:
                part = load()
                self._parts[key] = part
            return part


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of a folder's files, without reading one."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    stats = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
