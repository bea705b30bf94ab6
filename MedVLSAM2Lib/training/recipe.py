"""From training data to the bundled checkpoint: every stage, each gone on with where it was left."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from MedVLSAM2Lib.model.component_folder import WEIGHTS_NAME
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cache import load_cases, prepare
from MedVLSAM2Lib.training.joint.compose import compose
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.offering import answer_from_surveys
from MedVLSAM2Lib.training.joint.run import train_stage
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageSource
from MedVLSAM2Lib.training.language.tokenizer import corpus, train_tokenizer, write_tokenizer
from MedVLSAM2Lib.training.learning.processes import OneProcess
from MedVLSAM2Lib.training.learning.run import train
from MedVLSAM2Lib.training.learning.training_run import BEST, LATEST
from MedVLSAM2Lib.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

TOKENIZER, INTERACTIVE, CHECKPOINT = "tokenizer", "interactive", "checkpoint"
STAGES = ("meaning", "joint", "survey")
FINDS = "joint"
"""After it is decided what is looked for in every scan: the stage after it learns to speak of just that."""
# What is said depends on the facts, and those hardly on the grid.
SPOKEN_OF = LanguageConfig(grid=(40, 56, 56), people=24)
CONVERSATIONS, TOKENS = 2000, 3000


def run_recipe(data: Path, cache: Path, output: Path, configs: Path, device: torch.device | None = None) -> Path:
    """Run every stage to its end.

    Args:
        data: training data, as ``prepare`` reads it.
        cache: where prepared cases and phantoms are kept.
        output: a folder for each stage; a stage that was begun there goes on, one that was finished is left as it is.
        configs: a JSON file for each stage.
        device: where it is computed; None for the CPU.

    Returns:
        The folder of the checkpoint: its clicks are answered by the interactive stage's mask model, its words by the last
        stage's.
    """
    prepare(data, cache)
    tokenizer = output / TOKENIZER
    if not (tokenizer / "tokenizer.json").exists():
        make_tokenizer(tokenizer)
    logger.info("stage %s", INTERACTIVE)
    alone = OneProcess(device)
    interactive = TrainingConfig.read(configs / f"{INTERACTIVE}.json")
    train(interactive, cache, output / INTERACTIVE, resume=True, processes=alone)
    start: Path | None = None
    for stage in STAGES:
        logger.info("stage %s", stage)
        config = JointConfig.read(configs / f"{stage}.json")
        masks = output / INTERACTIVE / BEST / WEIGHTS_NAME
        train_stage(
            config,
            output / stage,
            tokenizer=tokenizer,
            start=start,
            masks=masks,
            cache=cache,
            people=cache / "people",
            resume=True,
            processes=alone,
        )
        start = output / stage / LATEST
        if stage == FINDS:
            answer_from_surveys(start, load_cases(cache), cache / "people", config.validation_people)
    checkpoint = output / CHECKPOINT
    compose(output / STAGES[-1] / BEST, output / INTERACTIVE / BEST, checkpoint)
    return checkpoint


def make_tokenizer(
    folder: Path,
    spoken_of: LanguageConfig = SPOKEN_OF,
    conversations: int = CONVERSATIONS,
    size: int = TOKENS,
    seed: int = 0,
) -> None:
    """Train a tokenizer of ``size`` tokens on so many conversations and write it to ``folder``."""
    vocabulary = Vocabulary.read()
    source = LanguageSource(People(vocabulary, in_memory=2 * spoken_of.people), vocabulary, config=spoken_of)
    write_tokenizer(train_tokenizer(corpus(source, vocabulary, conversations, seed), size), folder)
