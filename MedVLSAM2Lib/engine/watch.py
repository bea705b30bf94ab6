"""Tells when a worker has been silent for too long."""

from __future__ import annotations

import time
from collections.abc import Callable

from MedVLSAM2Lib.engine.limits import Limits

_LONGEST_TICK_S = 1.0
_PING_EVERY_S = 1.0


class Watch:
    """Counts the seconds a worker lets pass, and knows how many it may.

    ``tick`` is to be called several times a second; a pause between two calls counts as one second at most, so that a
    computer that slept does not wake up to find its worker hung.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self.launched()

    def launched(self) -> None:
        """A worker was launched and has not said hello."""
        self._last_tick = self._clock()
        self._starting_s: float | None = 0.0
        self._silent_s = 0.0
        self._since_ping_s = 0.0
        self._chunks_taken = 0
        self.ended()

    def welcomed(self) -> None:
        """It said hello."""
        self._starting_s = None

    def heard(self) -> None:
        """Anything came from it."""
        self._silent_s = 0.0

    def began(self, patience_s: float) -> None:
        """It was given a request from which there is to be news every ``patience_s``."""
        self._patience_s = patience_s
        self._without_news_s: float | None = 0.0
        self._cancelling_s: float | None = None

    def news(self) -> None:
        """The running request told something."""
        if self._without_news_s is not None:
            self._without_news_s = 0.0

    def cancelling(self) -> None:
        """It was told to stop the running request."""
        self._cancelling_s = 0.0

    def ended(self) -> None:
        """The running request is over."""
        self._patience_s = 0.0
        self._without_news_s = None
        self._cancelling_s = None

    def tick(self, chunks_taken: int) -> str | None:
        """One sentence about what took too long, or None; ``chunks_taken`` is how much of what it was sent it took."""
        now = self._clock()
        elapsed_s = min(now - self._last_tick, _LONGEST_TICK_S)
        self._last_tick = now
        self._since_ping_s += elapsed_s
        if chunks_taken != self._chunks_taken:  # it takes what it is sent: a large volume may keep it from answering
            self._chunks_taken = chunks_taken
            self._silent_s = 0.0
        if self._starting_s is not None:
            self._starting_s += elapsed_s
            return "The engine did not answer after its start." if self._starting_s > self._limits.start_s else None
        self._silent_s += elapsed_s
        return self._overdue(elapsed_s)

    def ping_is_due(self) -> bool:
        """Whether to ask for a sign of life; once a second."""
        if self._starting_s is not None or self._since_ping_s < _PING_EVERY_S:
            return False
        self._since_ping_s = 0.0
        return True

    def _overdue(self, elapsed_s: float) -> str | None:
        if self._cancelling_s is not None:
            self._cancelling_s += elapsed_s
            if self._cancelling_s > self._limits.cancel_s:
                return "The engine did not stop when it was told to, and was restarted."
        if self._without_news_s is not None:
            self._without_news_s += elapsed_s
            if self._without_news_s > self._patience_s:
                return f"The engine worked for {self._patience_s:.0f} seconds without a result."
        return "The engine no longer answered." if self._silent_s > self._limits.silence_s else None
