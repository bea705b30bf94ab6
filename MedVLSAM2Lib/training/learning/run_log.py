"""The curve of a run as CSV: one row each minute or so, values averaged since the last."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


class RunLog:
    """Collects values and writes their means; a resumed run appends."""

    def __init__(self, path: Path | None, columns: Sequence[str]) -> None:
        """``path`` is None for a process that leaves writing to another one."""
        self._path, self._columns = path, columns
        self._values: dict[str, list[float]] = defaultdict(list)
        self._sums: dict[str, float] = defaultdict(float)
        self._last_row = time.monotonic()
        if path is not None and not path.exists():
            self._append(columns)

    @property
    def seconds_since_row(self) -> float:
        """Seconds since the last row, or since the log was opened."""
        return max(time.monotonic() - self._last_row, 1e-6)

    def add(self, **values: float) -> None:
        """Remember values of one step, of which the next row holds the mean."""
        for name, value in values.items():
            self._values[name].append(value)

    def count(self, **amounts: float) -> None:
        """Add to sums that start again with each row."""
        for name, amount in amounts.items():
            self._sums[name] += amount

    def counted(self, name: str) -> float:
        """A sum since the last row."""
        return self._sums[name]

    def write(self, **now: float) -> Mapping[str, float]:
        """Append a row: the means since the last one, and ``now`` as it is; a column without a value stays empty."""
        row = {name: float(np.mean(values)) for name, values in self._values.items()} | now
        self._append([f"{row[name]:.7g}" if name in row else "" for name in self._columns])
        self._values.clear()
        self._sums.clear()
        self._last_row = time.monotonic()
        return row

    def _append(self, cells: Sequence[str]) -> None:
        if self._path is None:
            return
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(cells)
