"""A launcher whose workers a test can get hold of."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.engine import LocalLauncher
from MedVLSAM2Lib.engine.launcher import LocalWorkerProcess

STANDIN_WORKER = Path(__file__).with_name("standin_worker.py")


class RecordingLauncher(LocalLauncher):
    """A launcher that remembers what it started."""

    def __init__(self, *, shares_memory: bool = True, arguments: tuple[str, ...] = (str(STANDIN_WORKER),)) -> None:
        super().__init__(arguments=arguments, shares_memory=shares_memory)
        self.started: list[LocalWorkerProcess] = []

    def launch(self) -> LocalWorkerProcess:
        """Start a worker and remember it."""
        self.started.append(super().launch())
        return self.started[-1]

    @property
    def worker(self) -> LocalWorkerProcess:
        """The one started last."""
        return self.started[-1]
