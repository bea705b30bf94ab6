"""Frozen dataclasses from and to the plain values of a ``config.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from MedVLSAM2Lib.plain_json import shortened

T = TypeVar("T")


def from_plain(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass of ``kind`` from parsed JSON: lists become tuples; keys it does not know are ignored."""
    known = {field.name: values[field.name] for field in fields(kind) if field.name in values}  # type: ignore[arg-type]
    return kind(**{name: as_tuples(value) for name, value in known.items()})


def check_whole(what: str, values: Iterable[Any], low: int, high: int) -> None:
    """ValueError unless all ``values`` are whole numbers from ``low`` to ``high``: a file may say anything.

    Without it, a network of a billion layers would be begun before its weights are found not to fit.
    """
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{what} must be whole numbers from {low} to {high}, not {shortened(value)}")


def check_texts(what: str, values: Any) -> None:
    """ValueError unless ``values`` are texts in a list or tuple."""
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{what} must be texts")


def as_tuples(value: Any) -> Any:
    """JSON's lists as the tuples that a frozen dataclass holds."""
    return tuple(as_tuples(item) for item in value) if isinstance(value, list | tuple) else value
