"""How the network does on cases it never trains on: always the same objects, views and clicks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.patches.prompt_channels import window_channels
from MedVLSAM2Lib.model.torch_machine import device_of
from MedVLSAM2Lib.session.views import SLIMNESS, SMALLEST_MM, SURROUNDINGS
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cases import LABELS, Case, TrainingObject
from MedVLSAM2Lib.training.examples.example import ExampleView
from MedVLSAM2Lib.training.examples.rendering import byte, click_on, scan_renderer
from MedVLSAM2Lib.training.frames.frame import Frame
from MedVLSAM2Lib.training.learning.losses import hard_dice
from MedVLSAM2Lib.training.learning.scene import Scene
from MedVLSAM2Lib.training.prompting.cell_prompts import CellPrompt, CellStroke
from MedVLSAM2Lib.training.prompting.corrections import clicks_at_peaks

SCALES_MM = (28.0, 48.0, 80.0, 130.0, 200.0, 300.0)
CORRECTIONS = 2
SEED = 20_24
MEASURES = ("chosen", "best", "guess_error", "click_1", "click_3")


class Validation:
    """Two questions of each held-out object.

    Which of six cubes around a click does the network believe, and how good is that one? And how good is a well-chosen
    view after one click and after three?
    """

    measures = MEASURES

    def __init__(self, cases: Sequence[Case], config: TrainingConfig) -> None:
        self._config = config
        self._objects = _spread(cases, config.validation_objects)

    def run(self, network: PatchNetwork) -> dict[str, float]:
        """Means over the objects.

        ``chosen`` and ``best`` of the cubes, ``guess_error``: how far the estimates of the cubes are from the truth,
        ``click_1`` and ``click_3`` of the fitting view.
        """
        network.eval()
        cubes, fits = [], []
        for number, (case, item) in enumerate(self._objects):
            click = item.clicks[np.random.default_rng((SEED, number)).integers(len(item.clicks))].astype(float)
            cubes.append(self._cubes(network, case, item, click))
            fits.append(self._fitting(network, case, item, click))
        truth, guess = (torch.stack(values) for values in zip(*cubes, strict=True))
        chosen = truth.gather(1, guess.argmax(1, keepdim=True))
        after = torch.stack(fits)
        return {
            "chosen": float(chosen.mean()),
            "best": float(truth.max(1).values.mean()),
            "guess_error": float((truth - guess).abs().mean()),
            "click_1": float(after[:, 0].mean()),
            "click_3": float(after[:, -1].mean()),
        }

    def score(self, measured: dict[str, float]) -> float:
        """One number to compare checkpoints by: what a user gets after a first click, and after three in a good view."""
        return measured["chosen"] + measured["click_1"] + measured["click_3"]

    def _cubes(
        self, network: PatchNetwork, case: Case, item: TrainingObject, click: np.ndarray
    ) -> tuple[Tensor, Tensor]:
        """Dice against the whole object, and the network's guess of it, for each of the scales."""
        frames = [self._frame(case, click, np.full(3, size)) for size in SCALES_MM]
        scene = Scene.of([self._view(case, item, frame) for frame in frames], device_of(network))
        middle = CellStroke(np.full((1, 3), (self._config.network.side - 1) / 2))
        logits, guess = self._answer(network, scene, [[middle]] * len(frames), torch.zeros_like(scene.share))
        return hard_dice(logits > 0, scene.target, scene.whole_cells), guess

    def _fitting(self, network: PatchNetwork, case: Case, item: TrainingObject, click: np.ndarray) -> Tensor:
        """Dice within a view that fits the object, after each click: (3,)."""
        extent = (item.hi - item.lo) * np.array(case.spacing_mm)
        size = np.maximum(np.maximum(extent, SLIMNESS * extent.max()) * SURROUNDINGS, SMALLEST_MM)
        frame = self._frame(case, (item.lo + item.hi - 1) / 2, size)
        scene = Scene.of([self._view(case, item, frame)], device_of(network))
        cell = click_on(scene.target[0, 0].cpu().numpy(), frame.cells_of(click[None])[0])
        prompts: list[CellPrompt] = [CellStroke(cell[None])]
        earlier, dice = torch.zeros_like(scene.share), []
        for _ in range(CORRECTIONS + 1):
            logits, _ = self._answer(network, scene, [prompts], earlier)
            earlier = (logits > 0).float()
            dice.append(hard_dice(logits > 0, scene.target)[0])
            prompts += [made for made in clicks_at_peaks(logits > 0, scene.target) if made is not None]
        return torch.stack(dice)

    def _frame(self, case: Case, centre: np.ndarray, size_mm: np.ndarray) -> Frame:
        return Frame(centre, size_mm, np.eye(3), np.array(case.spacing_mm), self._config.network.side)

    def _view(self, case: Case, item: TrainingObject, frame: Frame) -> ExampleView:
        image, target = scan_renderer(case, item)(frame)
        shown = window_channels(image, True, 0, 1, self._config.network)
        whole = item.voxels * float(np.prod(case.spacing_mm)) / float(np.prod(frame.cell_mm))
        return ExampleView(byte(shown), byte(target), frame.size_mm.astype(np.float32), whole)

    @torch.no_grad()
    def _answer(
        self, network: PatchNetwork, scene: Scene, prompts: Sequence[Sequence[CellPrompt]], earlier: Tensor
    ) -> tuple[Tensor, Tensor]:
        return scene.answer(network, prompts, earlier, self._config.bfloat16)


def _spread(cases: Sequence[Case], count: int) -> list[tuple[Case, TrainingObject]]:
    """Labelled objects of the held-out cases, evenly spread over all of them."""
    pairs = [(case, item) for case in cases if case.held_out for item in case.objects if item.layer == LABELS]
    if len(pairs) <= count:
        return pairs
    return [pairs[int(index)] for index in np.linspace(0, len(pairs) - 1, count)]
