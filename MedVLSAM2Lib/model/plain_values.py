"""Frozen dataclasses from and to the plain values of a ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def from_plain(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass of ``kind`` from parsed JSON: lists become tuples; keys it does not know are ignored."""
    known = {field.name: values[field.name] for field in fields(kind) if field.name in values}  # type: ignore[arg-type]
    return kind(**{name: as_tuples(value) for name, value in known.items()})


def as_tuples(value: Any) -> Any:
    """JSON's lists as the tuples that a frozen dataclass holds."""
    return tuple(as_tuples(item) for item in value) if isinstance(value, list | tuple) else value
