"""A whole checkpoint that knows a few words, trained in seconds."""

from __future__ import annotations

from pathlib import Path

import torch

from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.mask_component import MaskComponent
from MedVLSAM2Lib.model.medvlsam2.model import MedVLSam2Model
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.projector.mixer import MixerProjector
from MedVLSAM2Lib.model.seg_projector import SegProjector, SegProjectorConfig
from MedVLSAM2Lib.model.volume_encoder.dcformer import DCFormer
from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig
from tests.model.conftest import a_small_language_model
from tests.model.medvlsam2.conftest import ENCODER, PROJECTOR
from tests.session.toy_phrases import train


def save_toy(folder: Path) -> None:
    """Train the toy of ``toy_phrases.py`` and save it in ``folder``."""
    torch.manual_seed(0)
    masks = PatchNetwork(PatchConfig(side=16, channels=(12, 24), depths=(1, 1), token_width=12))
    parts = {
        "volume_encoder": DCFormer(ENCODER).eval(),
        "projector": MixerProjector(PROJECTOR).eval(),
        "language_model": a_small_language_model(LanguageConfig()),
        "seg_projector": SegProjector(SegProjectorConfig(32, 12)),
        "mask_model": MaskComponent("patches", masks, {"capabilities": ["click"]}, "patches:toy"),
    }
    config = MedVLSam2Config(
        name="toy",
        capabilities=("click", "phrase"),
        components={name: ComponentSource(path=name) for name in parts},
        volume_input=VolumeInputConfig(size=ENCODER.input_size),
    )
    model = MedVLSam2Model(config, parts)
    # Threads that share such small convolutions mostly wait for each other.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    train(model, steps=250)
    torch.set_num_threads(threads)
    model.save_pretrained(folder)
