"""The time that is left, by how long it took so far."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.panel.remaining_time import RemainingTime


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "fraction", "words"),
    [
        (1.0, 0.1, ""),
        (10.0, 0.0, ""),
        (10.0, 1.0, ""),
        (10.0, 0.9, ""),
        (6.0, 0.5, "about 6\u00a0s left"),
        (10.0, 0.3, "about 25\u00a0s left"),
        (60.0, 0.2, "about 4\u00a0min left"),
    ],
)
def test_it_is_told_once_it_can_be_told(seconds: float, fraction: float, words: str) -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    clock.now += 7.0
    remaining.begin()
    clock.now += seconds
    assert remaining.at(fraction) == words


def test_what_was_there_already_took_no_time() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    remaining.begin(0.5)
    clock.now += 20.0
    assert remaining.at(0.5) == ""
    assert remaining.at(0.75) == "about 20\u00a0s left"
