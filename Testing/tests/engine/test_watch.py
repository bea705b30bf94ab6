from __future__ import annotations

import pytest

from MedVLSAM2Lib.engine.limits import Limits
from MedVLSAM2Lib.engine.watch import Watch


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A watch, and time that passes as told."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.watch = Watch(Limits(start_s=10, silence_s=5, cancel_s=1), self.clock)
        self.chunks_taken = 0

    def after(self, seconds: float, *, heard: bool = False, writing: bool = False) -> str | None:
        for _ in range(round(seconds * 10)):
            self.clock.now += 0.1
            self.chunks_taken += writing
            if heard:
                self.watch.heard()
            overdue = self.watch.tick(self.chunks_taken)
            if overdue:
                return overdue
        return None


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def welcomed(bench: Bench) -> Bench:
    bench.watch.welcomed()
    return bench


def test_a_worker_that_never_says_hello_is_noticed(bench: Bench) -> None:
    assert bench.after(9) is None
    assert bench.after(2) == "The engine did not answer after its start."


def test_a_silent_worker_is_noticed_and_one_that_answers_is_not(welcomed: Bench) -> None:
    assert welcomed.after(60, heard=True) is None
    assert welcomed.after(4) is None
    assert welcomed.after(2) == "The engine no longer answered."


def test_a_worker_that_is_busy_reading_a_large_volume_is_not_taken_for_silent(welcomed: Bench) -> None:
    assert welcomed.after(60, writing=True) is None


def test_a_request_without_news_is_noticed_though_the_worker_answers(welcomed: Bench) -> None:
    welcomed.watch.began(patience_s=20)

    assert welcomed.after(15, heard=True) is None
    welcomed.watch.news()
    assert welcomed.after(15, heard=True) is None
    assert welcomed.after(6, heard=True) == "The engine worked for 20 seconds without a result."


def test_a_cancel_without_effect_is_noticed_within_its_second(welcomed: Bench) -> None:
    welcomed.watch.began(patience_s=20)
    welcomed.watch.cancelling()

    assert welcomed.after(0.9, heard=True) is None
    assert welcomed.after(0.3, heard=True) == "The engine did not stop when it was told to, and was restarted."


def test_once_a_request_is_over_nothing_is_waited_for(welcomed: Bench) -> None:
    welcomed.watch.began(patience_s=20)
    welcomed.watch.cancelling()
    welcomed.watch.ended()

    assert welcomed.after(60, heard=True) is None


def test_a_computer_that_slept_does_not_take_its_worker_for_hung(welcomed: Bench) -> None:
    welcomed.watch.began(patience_s=20)

    welcomed.clock.now += 8 * 3600

    assert welcomed.watch.tick(0) is None


def test_a_sign_of_life_is_asked_for_once_a_second(welcomed: Bench) -> None:
    asked = 0
    for _ in range(50):
        welcomed.after(0.1, heard=True)
        asked += welcomed.watch.ping_is_due()

    assert 4 <= asked <= 5
