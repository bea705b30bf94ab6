"""After training: the network's estimate of its own quality, fitted to what it really achieves.

While training, views are drawn as the masks need them. A session compares answers in cubes of fixed sizes around one
click, and for that comparison the estimate is fitted here, the rest of the network being left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from MedVLSAM2Lib.model.patches.network import PatchNetwork, QualityHead
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.learning.replicas import Replicas
from MedVLSAM2Lib.training.learning.rounds import Rounds
from MedVLSAM2Lib.training.learning.validation import SCALES_MM

# Of the answers to learn from, those to first clicks in cubes come first, those to corrections second.
CORRECTION_STREAM = 2_000_000
FIT_STEPS, FIT_BATCH = 1500, 256
FIT_RATE, FIT_DECAY, DROPOUT = 2e-3, 0.3, 0.3


def calibrate(network: PatchNetwork, source: ExampleSource, config: TrainingConfig, objects: int) -> None:
    """Fit the quality head, in place, to the answers for ``objects`` clicks and as many corrections."""
    network.eval()
    numbers = list(range(objects))
    parts = Replicas(network, config.threads).map_parts(
        lambda copied, part, _number: _answers_to(copied, source, config, part), numbers
    )
    inputs, truth = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    torch.manual_seed(config.seed)
    _fit(network.quality_head, inputs, truth)


def _answers_to(
    network: PatchNetwork, source: ExampleSource, config: TrainingConfig, numbers: list[int]
) -> tuple[Tensor, Tensor]:
    """Inputs of the quality head (N, C) and what it should have said (N,)."""
    rounds = Rounds(config.rounds, config.quality_weight, config.bfloat16)
    inputs, truths = [], []
    for number in numbers:
        rng = np.random.default_rng((config.seed, number, CORRECTION_STREAM))
        cubes = source.draw_cubes(SCALES_MM, rng)
        corrected = [source.draw(rng) for _ in range(len(SCALES_MM) // 2)]
        for batch, count in ((cubes, 0), (corrected, int(rng.integers(1, 3)))):
            with _recorded_inputs(network.quality_head) as recorded:
                truths.append(rounds.last_truth(network, batch, count, rng))
            inputs.append(recorded[-1])
    return torch.cat(inputs), torch.cat(truths)


@contextmanager
def _recorded_inputs(head: QualityHead) -> Iterator[list[Tensor]]:
    """What the head's first layer is given while this context lasts."""
    recorded: list[Tensor] = []
    handle = head.hidden.register_forward_pre_hook(lambda _layer, given: recorded.append(given[0].detach().float()))
    try:
        yield recorded
    finally:
        handle.remove()


def _fit(head: QualityHead, inputs: Tensor, truth: Tensor) -> None:
    """Fit on standardised inputs from fresh weights, then fold the standardisation into the first layer."""
    mean, width = inputs.mean(0), inputs.std(0) + 1e-3
    standard = (inputs - mean) / width
    fitted = nn.Sequential(
        nn.Linear(head.hidden.in_features, head.hidden.out_features),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(head.out.in_features, 1),
    )
    optimiser = torch.optim.AdamW(fitted.parameters(), FIT_RATE, weight_decay=FIT_DECAY)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, FIT_STEPS)
    for _ in range(FIT_STEPS):
        chosen = torch.randint(len(standard), (FIT_BATCH,))
        loss = functional.mse_loss(fitted(standard[chosen])[:, 0], truth[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        fall.step()
    first, last = fitted[0], fitted[3]
    with torch.no_grad():
        head.hidden.weight.copy_(first.weight / width)
        head.hidden.bias.copy_(first.bias - (first.weight / width) @ mean)
        head.out.weight.copy_(last.weight)
        head.out.bias.copy_(last.bias)
