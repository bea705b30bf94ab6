"""A network and a mix so small that every stage of the recipe takes seconds, on two phantoms."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.volume_encoder.config import DCFormerConfig
from MedVLSAM2Lib.training.config import Schedule
from MedVLSAM2Lib.training.joint.config import JointConfig, LanguageSize, LossWeights, NetworkSize
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageMix, LanguageSource
from MedVLSAM2Lib.training.language.tokenizer import corpus, train_tokenizer, write_tokenizer
from MedVLSAM2Lib.vocabulary import Vocabulary

SIZE = NetworkSize(
    encoder=DCFormerConfig(
        (32, 32, 32), 3, channels=(8, 12, 16), depths=(1, 1), kernel_sizes=(5, 3), stem_depth=1, stem_gelu=True
    ),
    low_tokens=4,
    high_tokens=2,
    language=LanguageSize(width=48, layers=2, heads=4, key_value_heads=2, inner_width=96),
    token_width=16,
    masks=PatchConfig(side=16, channels=(12, 24), depths=(1, 1)),
)


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="session")
def data() -> LanguageConfig:
    """One trunk, always another part of it."""
    return LanguageConfig(grid=(24, 32, 32), people=1, turns=2, mix=LanguageMix(1, 0, 0, 0))


@pytest.fixture(scope="session")
def source(people_folder: Path, data: LanguageConfig) -> LanguageSource:
    vocabulary = Vocabulary.read()
    return LanguageSource(People(vocabulary, people_folder), vocabulary, config=data)


@pytest.fixture(scope="session")
def a_tokenizer(source: LanguageSource) -> PreTrainedTokenizerFast:
    return train_tokenizer(corpus(source, Vocabulary.read(), 12), 700)


@pytest.fixture(scope="session")
def a_tokenizer_folder(a_tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(a_tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def a_stage(data: LanguageConfig) -> JointConfig:
    """A joint stage of a few steps, without clicks, which need prepared scans."""
    return JointConfig(
        network=SIZE,
        language_data=data,
        weights=LossWeights(clicks=0),
        schedule=Schedule(peak=2e-3, floor=1e-4, warmup_steps=2, steps=6, seconds=None),
        language_rate=2.0,
        scans=4,
        worded=4,
        clicks=0,
        bfloat16=False,
        validation_objects=4,
        validation_people=1,
        log_seconds=0.0,
    )
