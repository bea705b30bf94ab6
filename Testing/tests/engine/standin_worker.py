"""A worker with a small slice-wise model that needs no torch, and that gets into trouble when it is told to.

Its checkpoint is a folder with ``behaviour.json``: ``pause_s`` between two slices, the ``capabilities`` it claims, and a
``trouble`` that strikes on the second slice after a click on a voxel of brightness ``at``: ``hang``, ``die``, ``memory``,
``error`` or ``print``; ``times`` says how often.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from MedVLSAM2Lib.engine.worker import main
from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.prompts import Box, Point, Prompt, Scribble, nearest_voxel
from MedVLSAM2Lib.volume import VoxelBox
from MedVLSAM2Lib.volume.reorientation import Position

_REACH = 3
_TOLERANCE = 40.0


class StandInModel:
    """A click selects what is as bright as the clicked voxel, slice by slice, three slices both ways."""

    def __init__(self, folder: Path) -> None:
        self._behaviour = folder / "behaviour.json"
        self.identity = f"stand-in {folder.name}"
        self.capabilities = tuple(self._read().get("capabilities", ("click",)))

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """The clicked slice first, then the others outwards; a negative click deselects."""
        click = request.new_prompts[-1]
        clicked = nearest_voxel(_middle(click))
        slices = sorted(range(request.volume.shape[0]), key=lambda k: (abs(k - clicked[0]), k))[: 2 * _REACH + 1]
        for number, k in enumerate(slices, start=1):
            time.sleep(self._read().get("pause_s", 0.0))
            if number == 2:
                self._get_into_trouble(float(request.volume.array[clicked]))
            yield Answer(
                (_slice_estimate(request, getattr(click, "positive", True), clicked, k),), 0, number / len(slices)
            )

    def _get_into_trouble(self, brightness: float) -> None:
        behaviour = self._read()
        trouble = behaviour.get("trouble")
        if trouble is None or trouble["times"] < 1 or trouble["at"] != brightness:
            return
        trouble["times"] -= 1
        self._behaviour.write_text(json.dumps(behaviour))
        _TROUBLES[trouble["kind"]]()

    def _read(self) -> dict:
        return json.loads(self._behaviour.read_text())


def load_model(folder: Path) -> StandInModel:
    """The model in ``folder``; FileNotFoundError when there is none."""
    (folder / "behaviour.json").read_text()
    return StandInModel(folder)


def _middle(prompt: Prompt) -> Position:
    """Where a prompt points: a click's own place, the middle of a box, of a stroke's way, of an outline."""
    if isinstance(prompt, Point):
        return prompt.position
    if isinstance(prompt, Scribble):
        return prompt.points[len(prompt.points) // 2]
    corners = np.array([prompt.minimum, prompt.maximum] if isinstance(prompt, Box) else prompt.points)
    i, j, k = (corners.min(axis=0) + corners.max(axis=0)) / 2
    return float(i), float(j), float(k)


def _slice_estimate(request: MaskRequest, positive: bool, clicked: tuple[int, int, int], k: int) -> MaskEstimate:
    _, rows, columns = request.volume.shape
    box = VoxelBox((k, 0, 0), (k + 1, rows, columns))
    alike = np.abs(request.volume.array[box.slices].astype(float) - float(request.volume.array[clicked])) < _TOLERANCE
    earlier = request.earlier.unpack(box)
    inside = earlier | alike if positive else earlier & ~alike
    return MaskEstimate(box, np.where(inside, 1.0, -1.0), confidence=0.5)


def _hang() -> None:
    time.sleep(1000)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _run_out_of_memory() -> None:
    raise MemoryError


def _fail() -> None:
    raise ZeroDivisionError("a bug")


def _print() -> None:
    sys.stdout.write("a library that prints\n")
    os.write(1, b"one that writes to the file descriptor\n")


_TROUBLES = {"hang": _hang, "die": _die, "memory": _run_out_of_memory, "error": _fail, "print": _print}

if __name__ == "__main__":
    main(load_model, models=("stand-in",))
