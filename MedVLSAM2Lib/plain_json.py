"""JSON that others wrote, read so that it can at worst be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from reprlib import Repr
from typing import Any

DEEPEST = 64
"""How many lists and objects may lie inside each other; what this program writes needs a dozen."""


def parse_json(text: str | bytes) -> Any:
    """What ``text`` holds; ValueError when it is no JSON, or nested so deep that whoever walks through it would fall."""
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check_depth(content)
    return content


def shortened(value: Any, longest: int = 60) -> str:
    """``value`` as it is written in Python, for a message, however large it is."""
    form = Repr()
    form.maxlevel, form.maxstring, form.maxlong = 3, longest, longest
    text = form.repr(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _check_depth(content: Any) -> None:
    level = _containers([content])
    for _ in range(DEEPEST):
        level = [found for item in level for found in _containers(item.values() if isinstance(item, dict) else item)]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def _containers(items: Iterable[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, dict | list)]
