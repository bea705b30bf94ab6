"""The cache keeps what was used last, and never more bytes than it may."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.session.cache import ByteBoundedCache


def kilobyte() -> np.ndarray:
    return np.zeros(1024, np.uint8)


def test_a_kept_value_is_not_made_again() -> None:
    cache = ByteBoundedCache(10_000)
    first = cache.get_or_make("view", kilobyte)
    assert cache.get_or_make("view", kilobyte) is first


def test_the_value_not_used_for_longest_goes_first() -> None:
    cache = ByteBoundedCache(2048)
    kept = cache.get_or_make("kept", kilobyte)
    cache.get_or_make("goes", kilobyte)
    cache.get_or_make("kept", kilobyte)
    cache.get_or_make("new", kilobyte)
    assert cache.get_or_make("kept", kilobyte) is kept
    assert cache.bytes_held == 2048


def test_a_value_larger_than_the_limit_is_handed_out_but_not_kept() -> None:
    cache = ByteBoundedCache(100)
    assert cache.get_or_make("large", kilobyte).size == 1024
    assert cache.bytes_held == 0
