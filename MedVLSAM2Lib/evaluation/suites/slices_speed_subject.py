"""One of the two that are timed, in a process of its own: ``python -m …slices_speed_subject NAME FOLDER SLICES``.

Says in a line of JSON how long it took and how much memory it held at most. Both hold the scan and the object's mask.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch

from MedVLSAM2Lib.evaluation.peak_memory import peak_bytes
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume

WEIGHTS_NAME = "sam2.pt"
CHECKPOINT_NAME = "checkpoint"
OURS, OURS_FAST, THEIRS = "mask model, float32", "mask model, bfloat16", "sam2 package, float32"
# Room for two slices' features: the package keeps one slice's.
_CACHE_BYTES = 10 * 2**20


def noise_volume(slices: int, size: int) -> Volume:
    """A CT of noise, axial slices of ``size`` × ``size`` voxels."""
    array = np.random.default_rng(0).integers(-160, 240, (slices, size, size), dtype=np.int16)
    return Volume(array, np.diag([-0.8, -0.8, 2.0, 1.0]), Modality.CT)


def clicks(volume: Volume) -> tuple[Point, Point]:
    """Two clicks on the middle slice."""
    k, j, i = (size // 2 for size in volume.shape)
    return Point((i, j, k)), Point((i // 2, j // 2, k))


def time_mask_model(folder: Path, slices: int, precision: torch.dtype = torch.float32) -> dict[str, float]:
    """This project's mask model, with a cache of features that does not hold all slices."""
    from MedVLSAM2Lib.model.allocator import share_one_arena
    from MedVLSAM2Lib.model.mask_model import MaskRequest
    from MedVLSAM2Lib.model.slices.checkpoint import load_checkpoint
    from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel
    from MedVLSAM2Lib.session.cache import ByteBoundedCache

    share_one_arena()
    network, _ = load_checkpoint(folder / CHECKPOINT_NAME)
    model, cache = SliceMaskModel(network, "timed", precision=precision), ByteBoundedCache(_CACHE_BYTES)
    volume = noise_volume(slices, network.config.image_size)
    first, second = clicks(volume)
    masks, memory = np.zeros(volume.shape, bool), None
    times: dict[str, float] = {}
    request = MaskRequest(volume, "noise", (first,), 0, PackedMask.empty())
    began, cpu_began = time.perf_counter(), time.process_time()
    for answer in model.answer(request, cache):
        estimate = answer.candidates[answer.chosen]
        masks[estimate.box.slices] = estimate.logits[estimate.box.relative_to(estimate.box).slices] > 0
        times.setdefault("first_s", time.perf_counter() - began)
        memory = estimate.memory
    times["all_s"], times["cpu_s"] = time.perf_counter() - began, time.process_time() - cpu_began
    request = MaskRequest(volume, "noise", (first, second), 1, PackedMask.pack(masks), memory)
    began = time.perf_counter()
    next(model.answer(request, cache))
    return {**times, "second_s": time.perf_counter() - began}


def time_package(folder: Path, slices: int) -> dict[str, float]:
    """The ``sam2`` package; preparing its frames is not counted."""
    from MedVLSAM2Lib.evaluation.baselines.sam2_package import Sam2PackageRun, build_predictor
    from MedVLSAM2Lib.model.component_folder import read_config
    from MedVLSAM2Lib.model.slices.config import SliceConfig
    from MedVLSAM2Lib.model.slices.slice_stack import SliceStack

    config = SliceConfig.from_dict(read_config(folder / CHECKPOINT_NAME))
    predictor = build_predictor(config)
    predictor.load_state_dict(torch.load(folder / WEIGHTS_NAME, weights_only=True, mmap=True)["model"])
    volume = noise_volume(slices, config.image_size)
    stack = SliceStack(volume, 2, config)
    frames = torch.empty(len(stack), 3, config.image_size, config.image_size)
    for index in range(len(stack)):
        frames[index] = stack.pixels(index)[0]
    run = Sam2PackageRun(predictor, frames)
    places = [[[*stack.pixel_of(click.position)]] for click in clicks(volume)]
    middle, masks = len(stack) // 2, np.zeros(volume.shape, bool)
    began, cpu_began = time.perf_counter(), time.process_time()
    masks[middle] = (run.add_points(middle, places[0], [1]) > 0).numpy()
    times = {"first_s": time.perf_counter() - began}
    began = time.perf_counter()
    run.add_points(middle, places[1], [1], again=True)
    times["second_s"] = time.perf_counter() - began
    began = time.perf_counter()
    for reverse in (False, True):
        for index, logits in run.propagate(middle, reverse):
            masks[index] = (logits > 0).numpy()
    times["all_s"] = times["first_s"] + time.perf_counter() - began
    return {**times, "cpu_s": time.process_time() - cpu_began}


SUBJECTS: Mapping[str, Callable[[Path, int], dict[str, float]]] = {
    OURS: time_mask_model,
    OURS_FAST: partial(time_mask_model, precision=torch.bfloat16),
    THEIRS: time_package,
}


def main(name: str, folder: str, slices: str) -> None:
    """Time one subject and say so."""
    times = SUBJECTS[name](Path(folder), int(slices))
    sys.stdout.write(json.dumps({**times, "peak_bytes": peak_bytes()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
