"""How workers ended, and whether it is of any use to start another."""

from __future__ import annotations

from collections import Counter

from MedVLSAM2Lib.engine.journal import Entry
from MedVLSAM2Lib.engine.limits import Limits


class Deaths:
    """Counts the ends of workers in a row, by what they were doing, and holds them against the limits.

    A worker that ended while it was asked something died of that, and the request bears it (``Task.deaths``); here is
    what no request bears.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._during_replay: Counter[tuple[int, str]] = Counter()
        self.forget()

    def forget(self) -> None:
        """Somebody wants the worker started, whatever was before."""
        self._without_cause = 0
        self._while_idle = 0
        self._lost_lines = 0
        self._has_worked = False

    def launched(self) -> None:
        """A worker was started, and has done nothing yet."""
        self._has_worked = False

    def worked(self) -> None:
        """It did a step to its end, one of a replay included."""
        self._has_worked = True
        self._without_cause = self._lost_lines = 0

    def answered(self) -> None:
        """It did what the caller asked."""
        self._while_idle = 0

    def replayed(self) -> None:
        """A new worker is where the last one was."""
        self._during_replay.clear()

    def died_idle(self) -> None:
        """It ended with nothing to do, or while it put a mask back."""
        self._while_idle += 1
        self._without_cause += not self._has_worked

    def died_replaying(self, entry: Entry) -> bool:
        """It ended while it did ``entry`` again; whether to go on without that."""
        self._during_replay[entry.key] += 1
        return self._during_replay[entry.key] >= self._limits.deaths_per_replay

    def lost_line(self) -> float:
        """The line to it broke; after how many seconds to connect again."""
        self._lost_lines += 1
        return self._limits.reconnect_s * 2.0 ** (self._lost_lines - 1)

    @property
    def are_too_many(self) -> bool:
        """Whether it is of no use to start another."""
        return (
            self._without_cause >= self._limits.deaths_without_cause
            or self._while_idle >= self._limits.deaths_while_idle
        )

    @property
    def line_breaks_too_often(self) -> bool:
        """Whether it is of no use to connect again."""
        return self._lost_lines > self._limits.lost_lines
