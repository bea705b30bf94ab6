"""What the engine and the panel lose, leak and leave behind: ``python Testing/soak.py --kills 200 --clicks 500 --volumes 50``.

``--large`` opens a scan of 1024x1024x1200 voxels (2.4 GiB) and needs 16 GiB of free memory. Linux only.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
STANDIN = ROOT / "Testing" / "tests" / "engine" / "standin_worker.py"
MIB = 2**20


def main() -> int:
    """Do what was asked and print the figures; 1 when anything was lost, different or left."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--kills", type=int, default=0, help="kill the worker so often")
    parser.add_argument("--clicks", type=int, default=0, help="click so often in the panel")
    parser.add_argument("--volumes", type=int, default=0, help="open so many scans in the panel")
    parser.add_argument("--large", action="store_true", help="use a scan of 2.4 GiB")
    parser.add_argument(
        "--shape", type=int, nargs=3, metavar=("K", "J", "I"), help="of the large scan, for a smaller one"
    )
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "Testing")]
    bad = _kill(arguments.kills, arguments.seed) if arguments.kills else False
    if arguments.clicks or arguments.volumes:
        bad |= _grow(arguments.clicks, arguments.volumes)
    if arguments.large:
        _use_large(arguments.shape)
    return int(bad)


def _kill(kills: int, seed: int) -> bool:
    from MedVLSAM2Lib.volume import Modality, Volume
    from soaking.kills import soak_with_kills

    logging.disable(logging.WARNING)  # each kill is told of

    voxels = np.full((24, 40, 48), -100, np.int16)
    voxels[4:20, 8:32, 8:40] = 60
    voxels[8:14, 14:24, 16:30] = 200
    volume = Volume(voxels, np.diag([2.0, 2.0, 3.0, 1.0]), Modality.CT, "HU", "a CT")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "behaviour.json").write_text('{"pause_s": 0.02}')
        losses = soak_with_kills(kills, Path(folder), volume, (str(STANDIN),), seed, _tell)
    _print("kills", losses.kills)
    _print("prompts", losses.steps)
    _print("prompts lost", losses.lost)
    for reason in losses.reasons:
        sys.stdout.write(f"  {reason}\n")
    _print("voxels different", losses.different)
    _print("orphan processes", losses.orphans)
    _print("stops, started by hand", losses.stops)
    _print("worker's peak memory, MiB", losses.worker_peak / MIB)
    return bool(losses.lost or losses.different or losses.orphans)


def _grow(clicks: int, volumes: int) -> bool:
    from soaking.growth import Growth, grow_by_clicks, grow_by_volumes, open_desk, scans_of_many_sizes
    from soaking.processes import Mark, peak_memory

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
        _print("worker's peak memory, MiB", peak_memory(desk.worker()) / MIB)
        _print("host's peak memory, MiB", peak_memory() / MIB)
    left = len(mark.living())
    _print("orphan processes", left)
    return bool(left)


def _use_large(shape: Sequence[int] | None) -> None:
    from soaking.growth import open_desk
    from soaking.large import LARGE, use_large_scan
    from soaking.processes import Mark

    with open_desk(Mark.new()) as desk:
        for name, peak in use_large_scan(desk, shape or LARGE, "liver", _tell).items():
            _print(
                f"{name}: host, worker, worker without the scan, MiB",
                *(size / MIB for size in (peak.host, peak.worker, peak.worker_private)),
            )


def _three(figures: list[int]) -> tuple[float, ...]:
    return tuple(figures[at] / MIB for at in (0, len(figures) // 2, -1))


def _print(name: str, *figures: float) -> None:
    sys.stdout.write(f"{name}: {', '.join(f'{figure:.0f}' for figure in figures)}\n")


def _tell(words: str) -> None:
    sys.stderr.write(f"\r{words}\033[K" if sys.stderr.isatty() else f"{words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
