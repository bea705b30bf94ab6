"""A scan of 2.4 GiB: clicked, segmented by words and reported, and how much memory that takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

import numpy as np

from .processes import memory, private_memory

if TYPE_CHECKING:
    from .growth import Desk

LARGE = (1200, 1024, 1024)
_EVERY_S = 0.05


@dataclass
class Peak:
    """The most memory, in bytes, that was seen at each phase.

    Attributes:
        worker: of the worker, the shared scan included.
        worker_private: of the worker without it.
        host: of the panel's process, the scene's scan and its shared copy not counted twice.
        said: what the panel said last.
    """

    worker: int = 0
    worker_private: int = 0
    host: int = 0
    said: str = ""


@dataclass
class PeakWatch:
    """Looks many times a second, on a thread, at what the phase that is going on takes."""

    worker_id: Callable[[], int]
    phases: dict[str, Peak] = field(default_factory=dict)
    _now: Peak = field(default_factory=Peak)
    _over: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._over.set()
        self._thread.join()

    def phase(self, name: str) -> Peak:
        """From now on what is seen belongs to this phase."""
        self._now = self.phases[name] = Peak()
        return self._now

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            peak, worker = self._now, self.worker_id()
            if worker:
                peak.worker = max(peak.worker, memory(worker))
                peak.worker_private = max(peak.worker_private, private_memory(worker))
            peak.host = max(peak.host, private_memory())


def fill(voxels: np.ndarray) -> None:
    """A body with a few bright organs in air (K, J, I)."""
    k, j, i = voxels.shape
    voxels[:] = -1000
    voxels[k // 12 : -k // 12, j // 5 : -j // 5, i // 6 : -i // 6] = 40
    voxels[k // 3 : k // 2, j // 3 : j // 2, i // 4 : i // 2] = 110
    voxels[k // 2 : 2 * k // 3, j // 2 : 3 * j // 5, i // 2 : 3 * i // 5] = 180


def use_large_scan(desk: Desk, shape: Sequence[int], words: str, tell: Callable[[str], None]) -> dict[str, Peak]:
    """Open a scan of this ``shape`` (K, J, I), click, look for ``words``, draft a report; what each phase took."""
    with PeakWatch(desk.worker) as watch:
        began = time.monotonic()

        def phase(name: str, act: Callable[[], object]) -> None:
            peak = watch.phase(name)
            act()
            peak.said = desk.says
            tell(f"{name} after {time.monotonic() - began:.0f} s: {desk.says}")

        k, j, i = shape
        phase("open", lambda: desk.open_filled(shape, fill, "large"))
        phase("click", lambda: desk.click((i * 0.35, j * 0.4, k / 2 - 1)))
        phase("words", lambda: desk.find(words))
        phase("report", desk.draft)
    return watch.phases
