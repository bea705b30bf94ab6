"""Reading JSON that others wrote: every field asked for by name and kind, every fault told in one sentence."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

_Choice = TypeVar("_Choice", bound=StrEnum)

_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_BYTES = 16 * 2**20
MAX_ITEMS = 10_000
MAX_TEXT = 20_000
_LONGEST_NAME = 60
_INFINITE = 1.7e308  # a comparison, for asking a whole number of any length whether it is finite overflows


class FieldError(ValueError):
    """The content is not what it must be; the message is one sentence that names the field."""


class Fields:
    """One JSON object, read field by field; ``where`` names it in messages (``"statements[3]"``)."""

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, dict):
            raise FieldError(f"{where} is not an object.")
        self._content: dict[str, Any] = content
        self._where = where
        self._known: set[str] = set()

    def text(self, name: str, default: str | None = None, longest: int = MAX_TEXT) -> str:
        """A string of at most ``longest`` characters; without a default it must be there."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        if len(value) > longest:
            raise self._wrong(name, f"text of at most {longest} characters")
        if _SURROGATE.search(value):
            raise self._wrong(name, "text (it holds half a character)")
        return value

    def number(self, name: str) -> float:
        """A finite number."""
        value = self._get(name)
        if not _is_number(value):
            raise self._wrong(name, "a number")
        return float(value)

    def whole(self, name: str, low: int = 0, high: int = 2**31) -> int:
        """A whole number within both bounds."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(name, f"a whole number from {low} to {high}")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        """One of an enumeration's values."""
        value = self.text(name)
        if value not in list(kind):
            raise self._wrong(name, f"one of {', '.join(kind)}")
        return kind(value)

    def constant(self, name: str, value: str | int) -> None:
        """Exactly ``value``."""
        if self._get(name) != value:
            raise self._wrong(name, json.dumps(value))

    def inner(self, name: str) -> Fields:
        """An object."""
        return Fields(self._get(name), self._path(name))

    def inner_or_none(self, name: str) -> Fields | None:
        """An object, or null, or not there."""
        value = self._get(name, _ABSENT)
        return None if value is None or value is _ABSENT else Fields(value, self._path(name))

    def objects(self, name: str, optional: bool = False) -> Iterator[Fields]:
        """A list of objects; none where an ``optional`` one is not there."""
        if optional and name not in self._content:
            return
        for index, item in enumerate(self._list(name)):
            yield Fields(item, f"{self._path(name)}[{index}]")

    def texts(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        if default is not None and name not in self._content:
            return default
        return tuple(self._each(name, lambda item: isinstance(item, str) and len(item) <= MAX_TEXT, "texts"))

    def numbers(self, name: str, count: int) -> tuple[float, ...]:
        """A list of exactly ``count`` finite numbers."""
        numbers = self._each(name, _is_number, "numbers")
        if len(numbers) != count:
            raise self._wrong(name, f"a list of {count} numbers")
        return tuple(float(number) for number in numbers)

    def positions(self, name: str, count: int) -> tuple[tuple[float, float, float], ...]:
        """A list of exactly ``count`` positions of three finite numbers each."""

        def fits(item: Any) -> bool:
            return isinstance(item, list) and len(item) == 3 and all(_is_number(number) for number in item)

        positions = self._each(name, fits, "positions")
        if len(positions) != count:
            raise self._wrong(name, f"a list of {count} positions")
        return tuple((float(x), float(y), float(z)) for x, y, z in positions)

    def named(self, name: str) -> Iterator[tuple[str, Fields]]:
        """An object of objects, by their names."""
        inner = self.inner(name)
        for key in inner._content:
            yield key, inner.inner(key)

    def written_for_people(self, *names: str) -> None:
        """Fields that repeat what others say, and are not read back."""
        self._known.update(names)

    def finish(self) -> None:
        """Raise when there is a field nobody asked for: a typing error must not pass for an omission."""
        for name in self._content:
            if name not in self._known:
                raise FieldError(f"{self._path(name)} is not a field that is known here.")

    def _each(self, name: str, fits: Callable[[Any], bool], what: str) -> list[Any]:
        items = self._list(name)
        if not all(fits(item) for item in items):
            raise self._wrong(name, f"a list of {what}")
        return items

    def _list(self, name: str) -> list[Any]:
        value = self._get(name)
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise self._wrong(name, f"a list of at most {MAX_ITEMS} items")
        return value

    def _get(self, name: str, default: Any = None) -> Any:
        self._known.add(name)
        if name in self._content:
            return self._content[name]
        if default is None:
            raise FieldError(f"{self._path(name)} is missing.")
        return default

    def _wrong(self, name: str, expected: str) -> FieldError:
        return FieldError(f"{self._path(name)} is not {expected}.")

    def _path(self, name: str) -> str:
        short = name[:_LONGEST_NAME]
        return f"{self._where}.{short}" if self._where else short


_ABSENT = object()


def parse(text: str | bytes) -> Fields:
    """The object that ``text`` holds.

    Raises:
        FieldError: it is too large, no JSON, no object, or nested beyond reason.
    """
    if len(text) > MAX_BYTES:
        raise FieldError(f"The content is larger than {MAX_BYTES // 2**20} MB.")
    try:
        content = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except FieldError:
        raise
    except ValueError as error:
        raise FieldError(f"The content is no readable JSON ({error}).") from error
    except RecursionError as error:
        raise FieldError("The content is nested too deeply.") from error
    if not isinstance(content, dict):
        raise FieldError("The content is no JSON object.")
    return Fields(content, "")


def read_limited(path: Path) -> bytes:
    """The bytes of a file of a reasonable size.

    Raises:
        FieldError: it is not there, unreadable or too large.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FieldError(f"The file is larger than {MAX_BYTES // 2**20} MB.")
        return path.read_bytes()
    except OSError as error:
        raise FieldError(f"The file cannot be read ({error.strerror}).") from error


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and abs(item) < _INFINITE


def _no_constant(name: str) -> Any:
    raise FieldError(f"The content holds {name}, which is no number.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise FieldError(f"The field {twice[:_LONGEST_NAME]} is there twice.")
    return content
