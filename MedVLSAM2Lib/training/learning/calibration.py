"""After training: the network's estimate of its own quality, fitted to what it really achieves.

While training, views are drawn as the masks need them. A session looks in another way: it compares cubes of fixed sizes
around a click, then looks again at what it found there, then corrects it. To these looks the estimate is fitted here,
the rest of the network being left as it is.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from MedVLSAM2Lib.model.patches.carry import carried
from MedVLSAM2Lib.model.patches.network import PatchNetwork, QualityHead
from MedVLSAM2Lib.model.torch_machine import device_of
from MedVLSAM2Lib.session.views import SLIMNESS, SMALLEST_MM, SURROUNDINGS
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.examples.subject import Subject
from MedVLSAM2Lib.training.frames.frame import Frame
from MedVLSAM2Lib.training.learning.losses import hard_dice
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.scene import Scene
from MedVLSAM2Lib.training.learning.validation import SCALES_MM
from MedVLSAM2Lib.training.prompting.cell_prompts import CellPrompt, CellStroke
from MedVLSAM2Lib.training.prompting.corrections import clicks_at_peaks

SECOND_LOOKS = 2
FEWEST_CELLS = 20
FIT_STEPS, FIT_BATCH = 1500, 256
FIT_RATE, FIT_DECAY, DROPOUT = 2e-3, 0.3, 0.3
# Draws of the calibration must not repeat those of the training.
STREAM = 2_000_000


def calibrate(network: PatchNetwork, source: ExampleSource, config: TrainingConfig, objects: int) -> None:
    """Fit the quality head, in place, to what a session would see of so many objects."""
    network.eval()

    def looks(copied: PatchNetwork, numbers: list[int], _part: int) -> tuple[Tensor, Tensor]:
        user = _SessionUser(copied, source, config)
        for number in numbers:
            user.segment_one(np.random.default_rng((config.seed, number, STREAM)))
        return user.close()

    parts = Replicas(network, config.threads).map_parts(looks, list(range(objects)))
    inputs, truth = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    torch.manual_seed(config.seed)
    _fit(network.quality_head, inputs, truth)


class _SessionUser:
    """Segments objects as a session does, and notes of each answer what the quality head was given, and the truth."""

    def __init__(self, network: PatchNetwork, source: ExampleSource, config: TrainingConfig) -> None:
        self._network, self._source, self._config = network, source, config
        self._inputs: list[Tensor] = []
        self._truths: list[Tensor] = []
        layer = network.quality_head.hidden
        self._hook = layer.register_forward_pre_hook(lambda _, given: self._inputs.append(given[0].float()))

    def close(self) -> tuple[Tensor, Tensor]:
        """Inputs of the quality head (N, C), and what it should have said (N,)."""
        self._hook.remove()
        return torch.cat(self._inputs), torch.cat(self._truths)

    def segment_one(self, rng: np.random.Generator) -> None:
        """A click in one object: all cubes, a second look at what some of them show, and a correction of that."""
        subject = self._source.draw_subject(rng)
        click = subject.framing.a_click()
        cubes = [subject.framing.cube(click, size) for size in SCALES_MM]
        middle: CellPrompt = CellStroke(np.full((1, 3), (self._config.network.side - 1) / 2))
        scene = Scene.of([subject.seen_in(cube) for cube in cubes], device_of(self._network))
        logits = self._answer(scene, [[middle]] * len(cubes), torch.zeros_like(scene.share))
        for index in rng.permutation(len(cubes))[:SECOND_LOOKS]:
            self._look_again(subject, cubes[index], logits[index : index + 1], middle)

    def _look_again(self, subject: Subject, cube: Frame, logits: Tensor, click: CellPrompt) -> None:
        found = _around_middle(logits[0, 0].cpu().numpy() > 0)
        if found.sum() < FEWEST_CELLS:
            return
        frame = _surroundings(cube, found)
        scale, offset = frame.cells_from(cube)
        scene = Scene.of([subject.seen_in(frame)], logits.device)
        prompts = [click.moved(scale, offset)]
        only_found = torch.where(torch.from_numpy(found).to(logits.device), logits, -logits.abs())
        earlier = (carried(only_found, scale, offset) > 0).float()
        for _ in range(2):
            answer = self._answer(scene, [prompts], earlier) > 0
            earlier = answer.float()
            prompts = prompts + [made for made in clicks_at_peaks(answer, scene.target) if made is not None]

    @torch.no_grad()
    def _answer(self, scene: Scene, prompts: list[list[CellPrompt]], earlier: Tensor) -> Tensor:
        logits, _ = scene.answer(self._network, prompts, earlier, self._config.bfloat16)
        self._truths.append(hard_dice(logits > 0, scene.target, scene.whole_cells))
        return logits


def _around_middle(mask: np.ndarray) -> np.ndarray:
    """The connected parts of a mask that touch the click in its middle."""
    labels, _ = ndimage.label(mask)
    middle = slice(mask.shape[0] // 2 - 2, mask.shape[0] // 2 + 2)
    touched = np.unique(labels[middle, middle, middle])
    return np.isin(labels, touched[touched > 0])


def _surroundings(cube: Frame, found: np.ndarray) -> Frame:
    """The frame in which a session looks again at what it found: (side, side, side) bool, in the cube's cells."""
    cells = np.argwhere(found)
    lo, hi = cells.min(0) - 0.5, cells.max(0) + 0.5
    extent = (hi - lo) * cube.cell_mm
    size = np.maximum(np.maximum(extent, SLIMNESS * extent.max()) * SURROUNDINGS, SMALLEST_MM)
    return cube.at(cube.voxels_of(((lo + hi) / 2)[None])[0], size)


def _fit(head: QualityHead, inputs: Tensor, truth: Tensor) -> None:
    """Fit on standardised inputs from fresh weights, then fold the standardisation into the first layer."""
    mean, width = inputs.mean(0), inputs.std(0) + 1e-3
    standard = (inputs - mean) / width
    first = nn.Linear(head.hidden.in_features, head.hidden.out_features)
    last = nn.Linear(head.out.in_features, 1)
    fitted = nn.Sequential(first, nn.ReLU(), nn.Dropout(DROPOUT), last).to(inputs.device)
    optimiser = torch.optim.AdamW(fitted.parameters(), FIT_RATE, weight_decay=FIT_DECAY)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, FIT_STEPS)
    for _ in range(FIT_STEPS):
        chosen = torch.randint(len(standard), (FIT_BATCH,)).to(standard.device)
        loss = functional.mse_loss(fitted(standard[chosen])[:, 0], truth[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        fall.step()
    with torch.no_grad():
        head.hidden.weight.copy_(first.weight / width)
        head.hidden.bias.copy_(first.bias - (first.weight / width) @ mean)
        head.out.weight.copy_(last.weight)
        head.out.bias.copy_(last.bias)
