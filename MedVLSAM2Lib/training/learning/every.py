"""What is due each so many seconds."""

from __future__ import annotations

import time


class Every:
    """Says once each so many seconds that it is time."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._last = seconds, time.monotonic()

    def is_due(self) -> bool:
        """Whether the time has come; it begins anew then."""
        now = time.monotonic()
        due = now - self._last >= self._seconds
        if due:
            self._last = now
        return due
