"""A whole stage of the joint training, from what it begins with to its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from MedVLSAM2Lib.model.medvlsam2.config import LANGUAGE
from MedVLSAM2Lib.training.data.cache import load_cases
from MedVLSAM2Lib.training.examples.batches import OrderedWorkers
from MedVLSAM2Lib.training.joint.batches import joint_workers
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.conversation_tokens import ConversationTokens
from MedVLSAM2Lib.training.joint.example import JointBatch
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.trainer import JointTrainer
from MedVLSAM2Lib.training.joint.validation import JointValidation
from MedVLSAM2Lib.training.learning.processes import Processes, check_agreement
from MedVLSAM2Lib.training.learning.training_run import (
    TrainingRun,
    begin_in,
    compute_with_one_thread,
    run_until_done,
)
from MedVLSAM2Lib.training.learning.training_state import Progress


def train_stage(
    config: JointConfig,
    output: Path,
    *,
    tokenizer: Path | None = None,
    start: Path | None = None,
    masks: Path | None = None,
    cache: Path | None = None,
    people: Path | None = None,
    resume: bool = False,
    processes: Processes | None = None,
) -> Progress:
    """Train one stage; the curve, the state and the weights go to ``output``.

    Ends at the end of the schedule, or, resumable, after SIGTERM.

    Args:
        config: the stage's settings.
        output: made if missing.
        tokenizer: a folder with the tokenizer of a network that is made from nothing.
        start: a checkpoint with all parts to begin with instead.
        masks: a safetensors file that the mask model of a new network begins with.
        cache: what ``prepare`` wrote; None for phantoms only.
        people: where phantoms are kept between runs.
        resume: go on from the state in ``output`` if there is one; otherwise what is there is overwritten.
        processes: those that train together, each in a call of its own and on its device; None for this one alone, on
            the CPU.

    Returns:
        How far the run has come, over all its sittings.

    Raises:
        ValueError: neither a tokenizer nor a checkpoint to begin with was given, or several processes have no number of
            steps to agree on.
    """
    check_agreement(config.schedule, processes)
    compute_with_one_thread()
    torch.manual_seed(config.seed)
    network, words = _beginning(config, tokenizer, start, masks)
    if network.begun_with is not None and not config.surveys:
        config = replace(config, surveys=network.begun_with.surveys)
    trainer = JointTrainer(config, network, words, processes)
    begin_in(output, trainer, resume)

    def workers(first: int) -> OrderedWorkers[JointBatch]:
        return joint_workers(config, cache, people, first, trainer.processes)

    tokens = ConversationTokens(words, network.asked)
    validation = JointValidation(config, tokens, load_cases(cache) if cache else [], people)
    run_until_done(TrainingRun(trainer, validation, workers, output))
    return trainer.progress


def _beginning(
    config: JointConfig, tokenizer: Path | None, start: Path | None, masks: Path | None
) -> tuple[JointNetwork, PreTrainedTokenizerBase]:
    if start is not None:
        words = AutoTokenizer.from_pretrained(str(start / LANGUAGE), local_files_only=True, trust_remote_code=False)
        return JointNetwork.from_checkpoint(start), words
    if tokenizer is None:
        raise ValueError("A new network needs a tokenizer: make one with the tokenizer command, or name a checkpoint.")
    words = AutoTokenizer.from_pretrained(str(tokenizer), local_files_only=True, trust_remote_code=False)
    return JointNetwork.made(config.network, words, masks), words
