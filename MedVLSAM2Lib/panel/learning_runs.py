"""What was learned here: each run with the model it began with, how far it is, and the checkpoint that came of it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.files.atomic_write import write_atomically
from MedVLSAM2Lib.plain_json import parse_json

_RUNS, _PLAN = "runs", "run.json"
# Beside the checkpoint, only what tells how it came about is kept.
_HEAVY = ("state.pt", "latest", "prepared")


@dataclass(frozen=True)
class Compared:
    """The DSC of a structure before and after, in one way of asking, over the scans that were held out."""

    structure: str
    way: str
    before: float
    after: float


@dataclass(frozen=True)
class LearningRun:
    """One run.

    Attributes:
        name: of its folder, and of the checkpoint that comes of it.
        folder: where it writes.
        checkpoint: what came of it; there once it has ended.
        begun_with: the checkpoint it began with, which stays as it is.
        minutes: how long it learns.
    """

    name: str
    folder: Path
    checkpoint: Path
    begun_with: Path
    minutes: int

    @property
    def is_finished(self) -> bool:
        """Whether its checkpoint is there."""
        return self.checkpoint.is_dir()

    def done(self) -> tuple[float, float] | None:
        """The share that is done, 0..1, and the seconds that it still takes; None before the first steps."""
        try:
            schedule = parse_json((self.folder / "training.json").read_text(encoding="utf-8"))["schedule"]
            with (self.folder / "curve.csv").open(encoding="utf-8") as file:
                *_, last = csv.DictReader(file)
            step, seconds = float(last["step"]), float(last["seconds"])
            if schedule["steps"]:
                share = step / schedule["steps"]
                left = (schedule["steps"] - step) * seconds / max(step, 1.0)
            else:
                share, left = seconds / schedule["seconds"], schedule["seconds"] - seconds
        except (OSError, ValueError, KeyError, TypeError):
            # Not written yet, or just being written.
            return None
        return min(max(share, 0.0), 1.0), max(left, 0.0)

    def compared(self) -> tuple[Compared, ...] | None:
        """Before and after; empty when no scan was held out, None when nothing was compared."""
        try:
            content = parse_json((self.folder / "before_after.json").read_text(encoding="utf-8"))
            return _means(content["rows"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def finish(self) -> None:
        """Put the best weights where checkpoints lie, and remove what only going on would need."""
        best = next(folder for which in ("best", "latest") if (folder := self.folder / which).is_dir())
        best.rename(self.checkpoint)
        for name in _HEAVY:
            path = self.folder / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


class LearningRuns:
    """All runs of this machine's user.

    Args:
        folder: checkpoints lie in it, each a folder, and what tells of their runs in ``runs``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new(self, begun_with: Path, minutes: int) -> LearningRun:
        """A run that is about to begin, under a name that nothing there has; an unfinished one before it is given up."""
        for run in self._runs():
            if not run.is_finished:
                shutil.rmtree(run.folder, ignore_errors=True)
        names = (f"learned {date.today().isoformat()}" + (f" {n}" if n > 1 else "") for n in count(1))
        name = next(n for n in names if not (self.folder / n).exists() and not (self.folder / _RUNS / n).exists())
        run = LearningRun(name, self.folder / _RUNS / name, self.folder / name, begun_with, minutes)
        plan = {"begun_with": str(begun_with), "minutes": minutes}
        write_atomically(run.folder / _PLAN, (json.dumps(plan) + "\n").encode())
        return run

    def unfinished(self) -> LearningRun | None:
        """The run that was stopped before its end."""
        return next((run for run in self._runs() if not run.is_finished), None)

    def latest(self) -> LearningRun | None:
        """The last one that came to its end."""
        return next((run for run in reversed(list(self._runs())) if run.is_finished), None)

    def _runs(self) -> Iterator[LearningRun]:
        plans = sorted((self.folder / _RUNS).glob(f"*/{_PLAN}"), key=lambda path: path.stat().st_mtime_ns)
        for path in plans:
            try:
                plan: Any = parse_json(path.read_text(encoding="utf-8"))
                begun_with, minutes = Path(plan["begun_with"]), int(plan["minutes"])
            except (OSError, ValueError, KeyError, TypeError):
                # Of another version: its checkpoint can still be chosen by hand.
                continue
            name = path.parent.name
            yield LearningRun(name, path.parent, self.folder / name, begun_with, minutes)


def _means(rows: Sequence[dict[str, Any]]) -> tuple[Compared, ...]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((str(row["structure"]), str(row["way"])), []).append(row)
    return tuple(
        Compared(structure, way, *(sum(float(row[when]) for row in own) / len(own) for when in ("before", "after")))
        for (structure, way), own in groups.items()
    )
