"""How many cases each fuzz test runs, and what they are made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# MEDVLSAM2_FUZZ=dev while one works, ci (the same cases each time) by default, long for a night.
_SHARES = {"dev": 0.0, "ci": 1.0, "long": 50.0}
_FEWEST = 20

ENDS_IN_ONE_SENTENCE = 600


def cases(number: int) -> Callable[[Any], Any]:
    """So many cases in CI; a handful while one works, many more in a long run."""
    profile = os.environ.get("MEDVLSAM2_FUZZ", "ci")
    wanted = max(min(number, _FEWEST), round(number * _SHARES[profile]))
    return settings(
        max_examples=wanted,
        derandomize=profile != "long",
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@contextmanager
def a_result_or_one_sentence(*errors: type[Exception]) -> Iterator[None]:
    """Whatever is done inside works, or fails with one of ``errors`` and a sentence short enough to be read."""
    try:
        yield
    except errors as error:
        sentence = str(error)
        assert sentence.strip()
        if len(sentence) > ENDS_IN_ONE_SENTENCE:
            pytest.fail(f"a sentence of {len(sentence)} characters: {sentence[:80]}...")


def mutated(whole: bytes, most: int = 6) -> st.SearchStrategy[bytes]:
    """``whole`` with some bytes changed, and perhaps cut off or grown."""
    place = st.integers(0, max(len(whole) - 1, 0))
    edits = st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=most)
    return st.builds(_edit, st.just(whole), edits, st.none() | place, st.binary(max_size=16))


def _edit(whole: bytes, edits: list[tuple[int, int]], cut: int | None, grown: bytes) -> bytes:
    content = bytearray(whole)
    for place, value in edits:
        content[place] = value
    return bytes(content[:cut]) + grown


def json_values(*words: str) -> st.SearchStrategy[Any]:
    """Anything that JSON can say, with ``words`` among its keys and texts."""
    texts = st.sampled_from(words) | st.text(max_size=8) if words else st.text(max_size=8)
    numbers = st.integers(-(10**30), 10**30) | st.floats() | st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**400])
    leaves = st.none() | st.booleans() | numbers | texts
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
    )


def with_changes(values: dict[str, Any], *words: str) -> st.SearchStrategy[dict[str, Any]]:
    """``values`` with some of its fields, inner ones included, exchanged, dropped or added."""
    paths = [path for path in _paths(values) if path]
    change = st.tuples(st.sampled_from(paths), st.just(_DROPPED) | json_values(*words))
    return st.lists(change, min_size=1, max_size=3).map(lambda changes: _changed(values, changes))


_DROPPED = object()


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in inner:
        yield from _paths(item, (*before, key))


def _changed(value: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    here = [new for path, new in changes if not path]
    if here:
        return here[-1]
    if not isinstance(value, dict | list | tuple):
        return value
    items = value.items() if isinstance(value, dict) else list(enumerate(value))
    kept = {key: _changed(item, [(p[1:], new) for p, new in changes if p and p[0] == key]) for key, item in items}
    kept = {key: item for key, item in kept.items() if item is not _DROPPED}
    return kept if isinstance(value, dict) else list(kept.values())


TYPED = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "",
            " \t\n",
            "x" * 100_000,
            "<script>alert(1)</script>",
            "</p><img src=x onerror=alert(1)>",
            "<b>bold</b> & &amp; &#60;i&#62;",
            "\u202eliver\u202c \u2066cyst\u2069",
            "كبد وطحال",
            "\x00\x07\x1b[31mred\x1b[0m\x7f\x9b",
            "{volume:Segment_1} {side:nothing} {:}",
            "[SEG] <volume:1> <long_axis:2>",
            "%s %d {0} ${HOME} `id`",
            "\ud800 half a character",
            "e\u0301\u0323\u0334" * 500,
            "line\r\nline\u2028line\u2029line\x0bline",
            "\"';--\\",
        ]
    ),
    st.text(alphabet="<>&\"'/=\\{}:[]\u202e\u200b\x00\n scriptimgonload", max_size=80),
)
"""What a person, or a hostile clipboard, may type."""
