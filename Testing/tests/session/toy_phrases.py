"""A toy model that learns in seconds what "the bright ball" and "the dark ball" are, to answer, and to report.

``tests/conftest.py`` keeps one on disk for all tests, ``a_speaking_checkpoint``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.patches.prompt_channels import window_channels
from MedVLSAM2Lib.model.patches.sampling import sample_view
from MedVLSAM2Lib.model.patches.view import View
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import SegProjector, SegProjectorConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer
from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig
from MedVLSAM2Lib.model.volume_input.prepare import prepare
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.scripting.model_sentences import REPORT_QUESTION
from MedVLSAM2Lib.volume import Modality, Volume
from tests.model.conftest import a_small_language_model
from tests.model.medvlsam2.conftest import ENCODER, PROJECTOR

BRIGHT, DARK, HOLLOW = PHRASES = ("the bright ball", "the dark ball", "the hollow ball")
SIDE_VOXELS, SPACING_MM = 48, 2.0
EXAMPLES = 240
# A phrase is asked for as a question is, so that the state of its mark is the one that the mask network learns.
LANGUAGE = LanguageConfig(
    phrase_question="Is there {phrase}?", phrase_answer="Here is {phrase} [SEG]", most_new_tokens=80
)
CAPABILITIES = ("click", "phrase", "question", "report")
REPORT = "Findings: Two balls are seen.\nImpression: Both need a follow-up."
TISSUE_HU, BRIGHT_HU, DARK_HU = 40, 300, -300


def toy_volume(generator: np.random.Generator) -> tuple[Volume, dict[str, np.ndarray]]:
    """Tissue with a bright and a dark ball that do not touch, and the mask of each phrase."""
    grid = np.indices((SIDE_VOXELS,) * 3, dtype=float)
    while True:
        centres = generator.uniform(10, SIDE_VOXELS - 11, (2, 3))
        if np.linalg.norm(centres[0] - centres[1]) > 19:
            break
    radii = generator.uniform(6, 9, 2)
    balls = [((grid - c[:, None, None, None]) ** 2).sum(0) <= r**2 for c, r in zip(centres, radii, strict=True)]
    array = generator.normal(TISSUE_HU, 15, grid.shape[1:])
    array[balls[0]] += BRIGHT_HU - TISSUE_HU
    array[balls[1]] += DARK_HU - TISSUE_HU
    volume = Volume(array.astype(np.int16), np.diag([-SPACING_MM, -SPACING_MM, SPACING_MM, 1.0]), Modality.CT)
    return volume, {BRIGHT: balls[0], DARK: balls[1], HOLLOW: np.zeros_like(balls[0])}


def toy_model(language: LanguageConfig, capabilities: tuple[str, ...]) -> MedVLSam2Model:
    """Every part as small as it can be, with random weights."""
    torch.manual_seed(0)
    masks = PatchNetwork(PatchConfig(side=16, channels=(12, 24), depths=(1, 1), token_width=12))
    parts = {
        "volume_encoder": DCFormer(ENCODER).eval(),
        "projector": MixerProjector(PROJECTOR).eval(),
        "language_model": a_small_language_model(language),
        "seg_projector": SegProjector(SegProjectorConfig(32, 12)),
        "mask_model": MaskComponent("patches", masks, {"capabilities": ["click"]}, "patches:toy"),
    }
    config = MedVLSam2Config(
        name="toy",
        capabilities=capabilities,
        components={name: ComponentSource(path=name) for name in parts},
        language=language,
        volume_input=VolumeInputConfig(size=ENCODER.input_size),
    )
    return MedVLSam2Model(config, parts)


@contextmanager
def one_thread() -> Iterator[None]:
    """Threads that share such small convolutions mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def question(phrase: str) -> tuple[Turn, ...]:
    """A conversation that asks for a phrase."""
    return (Turn("user", LANGUAGE.phrase_question.format(phrase=phrase)),)


def teach_answers(model: MedVLSam2Model, steps: int) -> None:
    """Teach the language model to answer with the phrase, and to report, whatever the volume shows."""
    language, generator = model.language_model, np.random.default_rng(3)
    with torch.no_grad():
        shown = [torch.from_numpy(prepare(toy_volume(generator)[0], model.config.volume_input)) for _ in range(4)]
        visual = model.encode_volume(torch.stack(shown))
    learnt = [(question(phrase), f"{LANGUAGE.phrase_answer.format(phrase=phrase)}.") for phrase in PHRASES]
    learnt.append(((Turn("user", REPORT_QUESTION),), REPORT))
    optimizer = torch.optim.AdamW(language.network.parameters(), 3e-3)
    for step in range(steps):
        (asked, answer), seen = learnt[step % len(learnt)], visual[[step // len(learnt) % len(visual)]]
        prompt = language.prompt_ids(asked, seen.shape[1])
        ids = torch.tensor([language.prompt_ids(asked, seen.shape[1], f"{answer}{language.tokenizer.eos_token}")])
        logits = language.network(inputs_embeds=language.embed(ids, seen)).logits
        loss = functional.cross_entropy(logits[0, len(prompt) - 1 : -1], ids[0, len(prompt) :])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    language.network.requires_grad_(False)


def train(model: MedVLSam2Model, steps: int, seed: int = 0) -> None:
    """Teach seg projector and mask model the phrases; encoder, projector and language model stay as they are."""
    generator = np.random.default_rng(seed)
    torch.manual_seed(seed)
    scenes = [_states_and_masks(model, generator) for _ in range(8)]
    drawn = [_example(model, scenes[n % len(scenes)], generator) for n in range(EXAMPLES)]
    states, channels, sizes, targets = (torch.stack(column) for column in zip(*drawn, strict=True))
    network = model.mask_model.network
    assert isinstance(network, PatchNetwork)
    parameters = [*network.train().parameters(), *model.seg_projector.parameters()]
    optimizer = torch.optim.AdamW(parameters, 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    for _ in range(steps):
        batch = torch.from_numpy(generator.choice(EXAMPLES, 8, replace=False))
        logits, quality = model.segment(states[batch, None], channels[batch], sizes[batch])
        loss = _loss(logits[:, 0], quality, targets[batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
    network.eval()


Scene = tuple[Volume, dict[str, np.ndarray], Tensor]


def _states_and_masks(model: MedVLSam2Model, generator: np.random.Generator) -> Scene:
    volume, masks = toy_volume(generator)
    with torch.no_grad():
        visual = model.encode_volume(torch.from_numpy(prepare(volume, model.config.volume_input))[None])
        return volume, masks, model.seg_states(visual, PHRASES)


def _example(model: MedVLSam2Model, scene: Scene, generator: np.random.Generator) -> Sequence[Tensor]:
    """A phrase's state, a view (the whole volume, or a closer one with the coarse mask), its size and the target."""
    volume, masks, states = scene
    which = int(generator.integers(3))
    mask = masks[PHRASES[which]]
    view, earlier = _whole(), np.zeros_like(mask)
    if generator.random() < 0.5:
        # A closer look at either ball: what is meant, or what the whole view took for it.
        about = masks[(BRIGHT, DARK)[int(generator.integers(2))]]
        view = _around(about, generator)
        earlier = np.roll(about, generator.integers(-2, 3, 3), (0, 1, 2))
    side = model.mask_model.network.config.side  # type: ignore[attr-defined]
    config = model.mask_model.network.config  # type: ignore[attr-defined]
    image = sample_view(volume.array, volume.spacing_mm, view, side, fill=-1024.0)
    channels = np.zeros((8, side, side, side), np.float32)
    channels[:3] = window_channels(image, True, 0, 1, config)
    channels[7] = sample_view(earlier, volume.spacing_mm, view, side, fill=0)
    target = sample_view(mask, volume.spacing_mm, view, side, fill=0) > 0.5
    size = torch.tensor(view.size_mm, dtype=torch.float32)
    return states[which], torch.from_numpy(channels), size, torch.from_numpy(target).float()


def _whole() -> View:
    middle, extent = (SIDE_VOXELS - 1) / 2, SIDE_VOXELS * SPACING_MM
    return View((middle,) * 3, (extent,) * 3)


def _around(mask: np.ndarray, generator: np.random.Generator) -> View:
    places = np.argwhere(mask)
    k, j, i = (float(v) for v in places.mean(0) + generator.uniform(-2, 2, 3))
    extent = float(np.ptp(places, axis=0).max() + 1) * SPACING_MM * generator.uniform(1.5, 2.0)
    return View((k, j, i), (extent,) * 3)


def _loss(logits: Tensor, quality: Tensor, targets: Tensor) -> Tensor:
    probability = logits.sigmoid()
    shared, total = (probability * targets).sum((1, 2, 3)), probability.sum((1, 2, 3)) + targets.sum((1, 2, 3))
    soft_dice = (2 * shared + 1) / (total + 1)
    hard = (logits > 0).float()
    inside = targets.sum((1, 2, 3))
    reached = 2 * (hard * targets).sum((1, 2, 3)) / (hard.sum((1, 2, 3)) + inside + 1e-3)
    return (
        functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=torch.tensor(3.0))
        + (1 - soft_dice).mean()
        + functional.mse_loss(quality, reached.detach())
    )
