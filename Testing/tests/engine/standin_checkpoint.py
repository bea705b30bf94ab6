"""The stand-in model's checkpoint, and with it the trouble it gets into."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass
class StandInCheckpoint:
    """A folder as ``standin_worker.py`` describes it."""

    folder: Path

    def behave(self, *, pause_s: float = 0.0, trouble: str | None = None, at: float = 0.0, times: int = 1) -> None:
        """What the model does from now on."""
        behaviour: dict = {"pause_s": pause_s}
        if trouble is not None:
            behaviour["trouble"] = {"kind": trouble, "at": at, "times": times}
        (self.folder / "behaviour.json").write_text(json.dumps(behaviour))
