"""A cache bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

# For a few looks at one scan; a session has what its mask model says.
DEFAULT_LIMIT_BYTES = 64 * 2**20


class ByteBoundedCache:
    """Keeps the most recently used values, as long as their bytes together stay under a limit.

    A value's size is its ``nbytes``; tuples and lists are summed. A value larger than the limit is not kept. Threads may
    share a cache; two that want the same value at once both make it.
    """

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def bytes_held(self) -> int:
        """How many bytes the kept values have together."""
        return self._bytes

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value kept under ``key``, made by ``make`` when there is none."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
        value = make()
        with self._lock:
            self._keep(key, value, _bytes_of(value))
        return value

    def _keep(self, key: Hashable, value: Any, size: int) -> None:
        if size > self._limit or key in self._values:
            return
        self._values[key] = (value, size)
        self._bytes += size
        while self._bytes > self._limit:
            _, (_, oldest) = self._values.popitem(last=False)
            self._bytes -= oldest


def _bytes_of(value: object) -> int:
    if isinstance(value, tuple | list):
        return sum(_bytes_of(item) for item in value)
    return int(getattr(value, "nbytes", 0))
