"""How long something will go on, by how long it took so far."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

_LEAST_SEEN_S, _LEAST_TOLD_S = 1.5, 2.0


class RemainingTime:
    """Tells the time that is left of what tells how far it has come.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began, self._first = clock(), 0.0

    def begin(self, fraction: float = 0.0) -> None:
        """It begins now, or goes on now from where it ended an earlier time."""
        self._began, self._first = self._clock(), fraction

    def at(self, fraction: float) -> str:
        """A few words, such as ``"about 20 s left"``; none while nobody can tell, and none for a moment."""
        seen = self._clock() - self._began
        if fraction <= self._first or fraction >= 1 or seen < _LEAST_SEEN_S:
            return ""
        left = seen * (1 - fraction) / (fraction - self._first)
        return f"about {_rounded(left)} left" if left >= _LEAST_TOLD_S else ""


def _rounded(seconds: float) -> str:
    if seconds < 10:
        return f"{math.ceil(seconds)}\u00a0s"
    if seconds < 90:
        return f"{5 * math.ceil(seconds / 5)}\u00a0s"
    return f"{math.ceil(seconds / 60)}\u00a0min"
