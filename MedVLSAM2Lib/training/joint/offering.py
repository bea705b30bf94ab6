"""What a finished checkpoint offers: only what was measured to be any good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import write_config
from MedVLSAM2Lib.model.medvlsam2.config import PHRASE, QUESTION, REPORT
from MedVLSAM2Lib.model.medvlsam2.model import read_model_config
from MedVLSAM2Lib.session.mask_models import load_mask_model
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.joint.reliability import Reliability, reliabilities

OF_LANGUAGE = (PHRASE, QUESTION, REPORT)


def offer(checkpoint: Path, of_language: Sequence[str]) -> None:
    """Let a checkpoint offer these of ``OF_LANGUAGE``, and of them no others; what it does with clicks stays."""
    config = read_model_config(checkpoint)
    others = tuple(capability for capability in config.capabilities if capability not in OF_LANGUAGE)
    write_config(checkpoint, replace(config, capabilities=(*others, *of_language)).to_dict())


def answer_from_surveys(
    checkpoint: Path, cases: Sequence[Case], people: Path | None, scans: int
) -> tuple[Reliability, ...]:
    """Let a checkpoint answer from a survey of the structures that it finds reliably.

    Args:
        checkpoint: one that finds what words name; its config is changed.
        cases: prepared ones, of which those held out are looked at.
        people: where phantoms are kept between runs.
        scans: how many phantoms nobody learned from are looked at, and at most as many patients.

    Returns:
        What was measured, of every organ.

    Raises:
        CheckpointError: it finds nothing by words.
    """
    grounding = load_mask_model(checkpoint).grounding
    if grounding is None:
        raise CheckpointError(f"The checkpoint in {checkpoint} does not find what words name; train its words first.")
    measured = reliabilities(grounding, cases, people, scans, scans)
    surveys = tuple(found.name for found in measured if found.is_reliable)
    config = replace(read_model_config(checkpoint), surveys=surveys, question_sees_volume=False)
    write_config(checkpoint, config.to_dict())
    return measured
