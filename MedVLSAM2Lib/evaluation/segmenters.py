"""The segmenters of a run: the model, other checkpoints, the classical baselines."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.evaluation.baselines.classical import ClassicalSegmenter, SeedMethod
from MedVLSAM2Lib.evaluation.baselines.random_walker import RandomWalker
from MedVLSAM2Lib.evaluation.baselines.region_growing import RegionGrowing
from MedVLSAM2Lib.evaluation.segmenter import Segmenter
from MedVLSAM2Lib.evaluation.session_segmenter import SessionSegmenter
from MedVLSAM2Lib.session.mask_models import load_mask_model

logger = logging.getLogger(__name__)

MODEL_COLUMN = "model"


@dataclass(frozen=True)
class SegmenterChoice:
    """Which segmenters to run; may be handed to another process, which then makes them.

    Attributes:
        checkpoint: folder of the model; None to run baselines only.
        rivals: folders of checkpoints to compare it with; columns are named after them.
        classical: whether GrowCut, random walker and region growing run too.
    """

    checkpoint: Path | None
    rivals: tuple[Path, ...] = ()
    classical: bool = True

    def make(self) -> Sequence[Segmenter]:
        """The segmenters, in the order of the table's columns."""
        named = [(self.checkpoint, MODEL_COLUMN)] if self.checkpoint else []
        named += [(folder, folder.name) for folder in self.rivals]
        learned = [SessionSegmenter(load_mask_model(folder), name) for folder, name in named]
        classical = [ClassicalSegmenter(method) for method in classical_methods()] if self.classical else []
        return [*learned, *classical]


def classical_methods() -> tuple[SeedMethod, ...]:
    """Every classical method that can run here; GrowCut needs Slicer's own libraries (slicer-core)."""
    others: tuple[SeedMethod, ...] = (RandomWalker(), RegionGrowing())
    if importlib.util.find_spec("slicer") is None:
        logger.warning("GrowCut is left out: it needs slicer-core (pip install slicer-core).")
        return others
    from MedVLSAM2Lib.evaluation.baselines.grow_cut import GrowCut

    return (GrowCut(), *others)
