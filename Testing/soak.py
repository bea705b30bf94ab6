"""What the engine and the panel lose, leak and leave behind, and what bad input does: ``python Testing/soak.py --all``.

``--all`` is ``--kills 200 --model-kills 200 --clicks 500 --volumes 50 --fuzz``. ``--large`` opens a scan of 1024x1024x1200 voxels
(2.4 GiB) and needs 16 GiB of free memory. Linux only.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing")]

from fuzz_cases import run_fuzz_tests
from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine.launcher import WORKER_MODULE
from MedVLSAM2Lib.volume import Modality, Volume
from soaking.growth import Growth, grow_by_clicks, grow_by_volumes, open_desk, scans_of_many_sizes
from soaking.kills import KillingSoak
from soaking.large import LARGE, Peak, use_large_scan
from soaking.processes import MIB, Mark, peak_memory

STANDIN = ROOT / "Testing" / "tests" / "engine" / "standin_worker.py"
ALL = {"kills": 200, "model_kills": 200, "clicks": 500, "volumes": 50, "fuzz": True}


@dataclass
class Run:
    """One soak.

    Attributes:
        name: of it.
        peak: the most memory, in bytes, of its worker and of the process that drives it.
        kills: of its worker.
        orphans: processes it left behind.
        is_bad: whether anything was lost, different or left.
        took_s: how long it ran.
    """

    name: str
    peak: tuple[int, int] = (0, 0)
    kills: int = 0
    orphans: int = 0
    is_bad: bool = False
    took_s: float = 0.0


def main() -> int:
    """Do what was asked and print the figures; 1 when anything was lost, different or left."""
    arguments = _arguments()
    runs: list[Run] = []

    def timed(run: Callable[[], Run]) -> None:
        began = time.monotonic()
        runs.append(run())
        runs[-1].took_s = time.monotonic() - began

    if arguments.kills:
        timed(lambda: _kill_standin(arguments))
    if arguments.model_kills:
        timed(lambda: _kill_model(arguments))
    if arguments.clicks or arguments.volumes:
        timed(lambda: _grow(arguments.clicks, arguments.volumes))
    if arguments.large:
        timed(lambda: _use_large(arguments.shape))
    fuzz = run_fuzz_tests() if arguments.fuzz else None
    _sum_up(runs)
    if fuzz is not None:
        _print("fuzz cases", fuzz.cases)
        sys.stdout.write(fuzz.failures)
    return int(any(run.is_bad for run in runs) or bool(fuzz and fuzz.failures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--all", action="store_true", help="everything but --large")
    parser.add_argument("--kills", type=int, default=0, help="kill a worker with a stand-in for a model so often")
    parser.add_argument("--model-kills", type=int, default=0, help="kill a worker with a checkpoint so often")
    parser.add_argument(
        "--checkpoint", type=Path, default=bundled_checkpoint(), help="which; the bundled one if left out"
    )
    parser.add_argument("--minutes", type=float, default=1e9, help="kill no longer than this")
    parser.add_argument("--clicks", type=int, default=0, help="click so often in the panel")
    parser.add_argument("--volumes", type=int, default=0, help="open so many scans in the panel")
    parser.add_argument("--fuzz", action="store_true", help="run the fuzz tests")
    parser.add_argument("--large", action="store_true", help="use a scan of 2.4 GiB")
    parser.add_argument(
        "--shape", type=int, nargs=3, metavar=("K", "J", "I"), help="of the large scan, for a smaller one"
    )
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.all:
        vars(arguments).update(ALL)
    return arguments


def _sum_up(runs: Sequence[Run]) -> None:
    """The figures of all runs together."""
    if not runs:
        return
    longest = max(runs, key=lambda run: run.took_s)
    sys.stdout.write(f"the longest run: {longest.name}, {longest.took_s / 60:.1f} minutes\n")
    _print("its peak memory: worker, host, MiB", *(peak / MIB for peak in longest.peak))
    _print("kills", sum(run.kills for run in runs))
    _print("orphan processes", sum(run.orphans for run in runs))


def _kill_standin(arguments: argparse.Namespace) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "behaviour.json").write_text('{"pause_s": 0.02}')
        soak = KillingSoak(_body(), Path(folder), (str(STANDIN),), Random(arguments.seed))
        return _kill("kills, with a stand-in for a model", soak, arguments.kills, arguments.minutes)


def _kill_model(arguments: argparse.Namespace) -> Run:
    soak = KillingSoak(_body(), arguments.checkpoint, ("-m", WORKER_MODULE), Random(arguments.seed))
    return _kill(f"kills, with {arguments.checkpoint.name}", soak, arguments.model_kills, arguments.minutes)


def _kill(name: str, soak: KillingSoak, kills: int, minutes: float) -> Run:
    logging.disable(logging.WARNING)  # each kill is told of
    losses = soak.run(kills, 60 * minutes, _tell)
    logging.disable(logging.NOTSET)
    _print(name, losses.kills)
    _print("steps", losses.steps)
    _print("steps refused after too many kills, as was told", losses.refused)
    _print("prompts lost", losses.lost)
    for reason in losses.reasons:
        sys.stdout.write(f"  {reason}\n")
    _print("voxels compared", losses.compared)
    _print("voxels different", losses.different)
    _print("orphan processes", losses.orphans)
    _print("stops, started by hand", losses.stops)
    _print("slowest restart, s", losses.slowest_restart_s)
    _print("worker's peak memory, MiB", losses.worker_peak / MIB)
    is_bad = bool(losses.lost or losses.different or losses.orphans)
    return Run(name, (losses.worker_peak, peak_memory()), losses.kills, losses.orphans, is_bad)


def _body() -> Volume:
    voxels = np.full((24, 40, 48), -100, np.int16)
    voxels[4:20, 8:32, 8:40] = 60
    voxels[8:14, 14:24, 16:30] = 200
    return Volume(voxels, np.diag([2.0, 2.0, 3.0, 1.0]), Modality.CT, "HU", "a CT")


def _grow(clicks: int, volumes: int) -> Run:
    mark = Mark.new()
    voxels = np.full((96, 192, 192), -1000, np.int16)
    voxels[10:-10, 30:-30, 30:-30] = 40
    voxels[30:60, 60:130, 50:110] = 120
    with open_desk(mark) as desk:
        grown: dict[str, Callable[[], Growth]] = {
            "click": lambda: grow_by_clicks(desk, voxels, clicks, _tell),
            "volume": lambda: grow_by_volumes(desk, scans_of_many_sizes(voxels, volumes), _tell),
        }
        for name, count in (("click", clicks), ("volume", volumes)):
            if not count:
                continue
            growth = grown[name]()
            _print(f"{name}s", count)
            for side, figures in (("worker", growth.worker), ("host", growth.host)):
                _print(f"{side}'s memory after 1, half and all {name}s, MiB", *_three(figures))
                _print(f"{side}'s slope over the second half, KiB a {name}", Growth.slope(figures) / 1024)
        peak = peak_memory(desk.worker()), peak_memory()
    _print("peak memory: worker, host, MiB", *(one / MIB for one in peak))
    left = len(mark.living())
    _print("orphan processes", left)
    return Run("the panel used for hours", peak, orphans=left, is_bad=bool(left))


def _use_large(shape: Sequence[int] | None) -> Run:
    mark, peaks = Mark.new(), list[Peak]()
    with open_desk(mark) as desk:
        for name, peak in use_large_scan(desk, shape or LARGE, "liver", _tell).items():
            peaks.append(peak)
            _print(
                f"{name}: host, worker, worker without the scan, MiB",
                *(size / MIB for size in (peak.host, peak.worker, peak.worker_private)),
            )
    left = len(mark.living())
    most = max(peak.worker for peak in peaks), max(peak.host for peak in peaks)
    return Run("a scan of 2.4 GiB", most, orphans=left, is_bad=bool(left))


def _three(figures: list[int]) -> tuple[float, ...]:
    return tuple(figures[at] / MIB for at in (0, len(figures) // 2, -1))


def _print(name: str, *figures: float) -> None:
    sys.stdout.write(f"{name}: {', '.join(f'{figure:.0f}' for figure in figures)}\n")


def _tell(words: str) -> None:
    sys.stderr.write(f"\r{words}\033[K" if sys.stderr.isatty() else f"{words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
