"""How fast the slice-wise mask model is and how much memory it needs, beside the ``sam2`` package with equal weights."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from MedVLSAM2Lib.evaluation.baselines.sam2_package import build_predictor, randomise
from MedVLSAM2Lib.evaluation.report import Report, markdown_table
from MedVLSAM2Lib.evaluation.suites.slices_speed_subject import CHECKPOINT_NAME, OURS, OURS_FAST, THEIRS, WEIGHTS_NAME
from MedVLSAM2Lib.model.converters.sam2 import convert_sam2_file
from MedVLSAM2Lib.model.slices.config import SliceConfig, SliceRules
from MedVLSAM2Lib.model.slices.published import PUBLISHED
from MedVLSAM2Lib.model.torch_machine import cpu_multiplies_bfloat16

SLICES, QUICK_SLICES = 100, 10
REPEATS, QUICK_REPEATS = 2, 1
FIRST_MASK_S = 1.0
SECOND_MASK_S = 0.15
SPEED_UP = 1.3
MEMORY_SHARE = 0.7


class SpeedError(RuntimeError):
    """A subject could not be timed; the message is the last it said."""


@dataclass(frozen=True)
class Timing:
    """What one subject needed, at best.

    Attributes:
        first_s: from the click to the clicked slice's mask.
        second_s: from a second click on that slice to its mask.
        all_s: from the click to the mask of the last slice.
        cpu_s: of processor time in all that: what counts where other programs want the cores too.
        peak_bytes: the most memory its process held.
    """

    first_s: float
    second_s: float
    all_s: float
    cpu_s: float
    peak_bytes: float


def speed_config() -> SliceConfig:
    """SAM 2.1 tiny at 512 pixels; every slice is visited and one answer is followed, as the package does it."""
    return replace(PUBLISHED["sam2.1-tiny"], image_size=512, rules=SliceRules(stop_after_empty=0, candidates=1))


def run_speed(config: SliceConfig | None = None, slices: int = SLICES, repeats: int = REPEATS) -> Report:
    """Time both by turns, each in a process of its own, on slices of noise with the same random weights.

    This project's is timed in float32 and, where the processor multiplies bfloat16 itself, in the bfloat16 it uses there;
    what it uses has to keep the limits.
    """
    used = OURS_FAST if cpu_multiplies_bfloat16() else OURS
    names = dict.fromkeys((OURS, used, THEIRS))
    with tempfile.TemporaryDirectory() as folder:
        _write_weights(Path(folder), config or speed_config())
        rounds = [{name: _timed(name, Path(folder), slices) for name in names} for _ in range(repeats)]
    timings = {name: _best([one[name] for one in rounds]) for name in names}
    data = {"slices": slices, "used": used, "timings": {name: asdict(timing) for name, timing in timings.items()}}
    return Report("slices-speed", _table(timings, slices), data, _passed(timings[used], timings[THEIRS]))


def _write_weights(folder: Path, config: SliceConfig) -> None:
    predictor = build_predictor(config)
    randomise(predictor, seed=0)
    torch.save({"model": predictor.state_dict()}, folder / WEIGHTS_NAME)
    convert_sam2_file(folder / WEIGHTS_NAME, folder / CHECKPOINT_NAME, config)


def _timed(name: str, folder: Path, slices: int) -> Timing:
    command = [
        sys.executable,
        "-m",
        "MedVLSAM2Lib.evaluation.suites.slices_speed_subject",
        name,
        str(folder),
        str(slices),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SpeedError(f"The {name} could not be timed: {run.stderr.strip().splitlines()[-1]}")
    return Timing(**json.loads(run.stdout.splitlines()[-1]))


def _best(timings: Sequence[Timing]) -> Timing:
    return Timing(**{name: min(getattr(timing, name) for timing in timings) for name in asdict(timings[0])})


def _passed(ours: Timing, theirs: Timing) -> bool:
    waits = ours.first_s <= FIRST_MASK_S and ours.second_s <= SECOND_MASK_S
    is_fast = theirs.all_s / ours.all_s >= SPEED_UP
    return waits and is_fast and ours.peak_bytes / theirs.peak_bytes <= MEMORY_SHARE


def _table(timings: Mapping[str, Timing], slices: int) -> str:
    header = ["", "first mask s", "second click s", f"{slices} slices s", "times as fast", "CPU s", "peak MB", "share"]
    theirs = timings[THEIRS]
    rows = []
    for name, one in timings.items():
        waits = (f"{seconds:.2f}" for seconds in (one.first_s, one.second_s, one.all_s))
        speed_up, share = f"{theirs.all_s / one.all_s:.2f}", f"{one.peak_bytes / theirs.peak_bytes:.2f}"
        rows.append([name, *waits, speed_up, f"{one.cpu_s:.1f}", f"{one.peak_bytes / 1e6:.0f}", share])
    limits = [f"≤ {FIRST_MASK_S:.2f}", f"≤ {SECOND_MASK_S}", "", f"≥ {SPEED_UP}", "", "", f"≤ {MEMORY_SHARE}"]
    return markdown_table(header, [*rows, ["required", *limits]])
