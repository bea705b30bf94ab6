"""A worker with a small slice-wise model that needs no torch, and that gets into trouble when it is told to.

Its checkpoint is a folder with ``behaviour.json``: ``pause_s`` between two slices, the ``capabilities`` it claims, and a
``trouble`` of ``behaviour.py`` that strikes on the second slice after a click on a voxel of brightness ``at``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

# The tests' own folder comes first: another package of that name may be installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from MedVLSAM2Lib.engine.worker import main
from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskModel, MaskRequest
from MedVLSAM2Lib.prompts import Box, Point, Prompt, Scribble, nearest_voxel
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Volume, VoxelBox
from MedVLSAM2Lib.volume.reorientation import Position
from tests.engine.behaviour import Behaviour, keep_line

_REACH = 3
_TOLERANCE = 40.0


class StandInModel:
    """A click selects what is as bright as the clicked voxel, slice by slice, three slices both ways."""

    cache_bytes = 0

    def __init__(self, folder: Path) -> None:
        self._behaviour = Behaviour(folder)
        self.identity = f"stand-in {folder.name}"
        self.capabilities = tuple(self._behaviour.read().get("capabilities", ("click",)))

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        """The clicked slice first, then the others outwards; a negative click deselects."""
        click = request.new_prompts[-1]
        clicked = nearest_voxel(_middle(click))
        slices = sorted(range(request.volume.shape[0]), key=lambda k: (abs(k - clicked[0]), k))[: 2 * _REACH + 1]
        for number, k in enumerate(slices, start=1):
            self._behaviour.pause()
            if number == 2:
                self._behaviour.strike(float(request.volume.array[clicked]))
            yield Answer(
                (_slice_estimate(request, getattr(click, "positive", True), clicked, k),), 0, number / len(slices)
            )


def load_model(folder: Path) -> StandInModel:
    """The model in ``folder``; FileNotFoundError when there is none."""
    (folder / "behaviour.json").read_text("utf-8")
    return StandInModel(folder)


def open_session(volume: Volume, volume_id: str, model: MaskModel) -> Session:
    """A session that answers prompts; torch is asked for nothing."""
    return Session(volume, volume_id, model)


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


if __name__ == "__main__":
    keep_line()
    main(load_model, open_session, models=("stand-in",))
