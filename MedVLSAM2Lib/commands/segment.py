"""``medvlsam2 segment VOLUME --point R,A,S`` or ``--text liver``: segments from prompts or words, without a screen."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import numpy as np

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.commands.positions import Ras, ras_corners, ras_position
from MedVLSAM2Lib.commands.sessions import open_session
from MedVLSAM2Lib.files.segmentation_file import (
    SEGMENTATION_ENDINGS,
    SegmentationFileError,
    SegmentLook,
    check_segmentation_path,
    write_segmentation,
)
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.prompts import Box, Point, Prompt, PromptError, nearest_voxel
from MedVLSAM2Lib.results import MaskRegion, NotFound, Progress
from MedVLSAM2Lib.session.mask_models import load_mask_model
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VolumeError

logger = logging.getLogger(__name__)

_OBJECT, _FOUND = "object", "found "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    parser.add_argument("volume", type=Path, help="NIfTI, NRRD or MHA file, or a DICOM folder")
    parser.add_argument(
        "--point", type=ras_position, action="append", default=[], metavar="R,A,S", help="in the object (mm, RAS)"
    )
    parser.add_argument(
        "--negative", type=ras_position, action="append", default=[], metavar="R,A,S", help="not in the object"
    )
    parser.add_argument(
        "--box", type=ras_corners, metavar="R,A,S,R,A,S", help="two opposite corners of a box around the object"
    )
    parser.add_argument(
        "--text", metavar="PHRASE", help="what to segment, in words; each object that it names becomes a file"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="ends in .seg.nrrd, .nii.gz, .nrrd or .mha"
    )
    parser.add_argument("--checkpoint", type=Path, default=bundled_checkpoint(), metavar="DIR", help="another model")
    parser.add_argument("--name", default="segment", help="what to call the segment")
    parser.add_argument("--modality", choices=[modality.value for modality in Modality], help="when the file is silent")


def run(arguments: argparse.Namespace) -> int:
    """Segment and write: 0 when there is a file, 2 when the input cannot be used."""
    try:
        check_segmentation_path(arguments.output)
        volume = read_volume(arguments.volume, Modality(arguments.modality) if arguments.modality else None)
        if arguments.text is not None:
            return _find(arguments, volume)
        prompts = _prompts(arguments, volume)
        mask, confidence = _segment(volume, prompts, arguments.checkpoint)
        write_segmentation(arguments.output, mask, volume, SegmentLook(arguments.name))
    except (VolumeError, PromptError, CheckpointError, SegmentationFileError) as error:
        logger.error("%s", error)
        return 2
    sys.stdout.write(_result_line(arguments.output, mask, confidence, prompts, volume))
    return 0


def _find(arguments: argparse.Namespace, volume: Volume) -> int:
    """Write what a phrase names: 0 when there is something, 1 when nothing was found."""
    if arguments.point or arguments.negative or arguments.box:
        raise PromptError("Give a --text, or a --point and a --box, but not both.")
    session = open_session(volume, load_mask_model(arguments.checkpoint))
    confidences: dict[str, float] = {}
    for event in session.find([arguments.text], _FOUND, cancelled=lambda: False):
        if isinstance(event, NotFound):
            logger.error("%s", event.reason)
        elif isinstance(event, MaskRegion):
            confidences[event.object_id] = event.confidence
    for number, (object_id, confidence) in enumerate(confidences.items(), start=1):
        several = len(confidences) > 1
        output = _numbered(arguments.output, number) if several else arguments.output
        mask = session.mask(object_id)
        name = f"{arguments.text} {number}" if several else arguments.text
        write_segmentation(output, mask, volume, SegmentLook(name))
        sys.stdout.write(_result_line(output, mask, confidence, [], volume))
    return 0 if confidences else 1


def _numbered(path: Path, number: int) -> Path:
    """``kidney.seg.nrrd`` as ``kidney_2.seg.nrrd``."""
    ending = next(ending for ending in SEGMENTATION_ENDINGS if path.name.lower().endswith(ending))
    return path.with_name(f"{path.name[: -len(ending)]}_{number}{path.name[-len(ending) :]}")


def _prompts(arguments: argparse.Namespace, volume: Volume) -> list[Prompt]:
    prompts: list[Prompt] = []
    if arguments.box:
        corners = np.array([volume.ras_to_ijk(corner) for corner in arguments.box])
        low, high = corners.min(axis=0), corners.max(axis=0)
        prompts.append(Box((low[0], low[1], low[2]), (high[0], high[1], high[2])))
    prompts += [Point(volume.ras_to_ijk(position)) for position in arguments.point]
    if not prompts:
        raise PromptError("There is nothing to segment; give a --point in the object, a --box around it, or a --text.")
    return prompts + [Point(volume.ras_to_ijk(position), positive=False) for position in arguments.negative]


def _segment(volume: Volume, prompts: list[Prompt], checkpoint: Path) -> tuple[PackedMask, float]:
    session = open_session(volume, load_mask_model(checkpoint))
    confidence = float("nan")
    for event in session.add_prompts(_OBJECT, prompts, cancelled=lambda: False):
        if isinstance(event, Progress):
            logger.info("%3.0f %% %s", 100 * event.fraction, event.message)
        elif isinstance(event, MaskRegion):
            confidence = event.confidence
    return session.mask(_OBJECT), confidence


def _result_line(output: Path, mask: PackedMask, confidence: float, prompts: list[Prompt], volume: Volume) -> str:
    millilitres = mask.voxel_count * volume.voxel_volume_mm3 / 1000
    parts = [f"{output}: {millilitres:.2f} ml in {mask.voxel_count} voxels", f"confidence {confidence:.2f}"]
    inside = [_is_inside(mask, prompt.position) for prompt in prompts if isinstance(prompt, Point) and prompt.positive]
    if inside:
        parts.append(f"{sum(inside)} of {len(inside)} clicked voxels inside")
    return ", ".join(parts) + "\n"


def _is_inside(mask: PackedMask, position: Ras) -> bool:
    k, j, i = nearest_voxel(position)
    if not mask.box.contains((k, j, i)):
        return False
    low_k, low_j, low_i = mask.box.low
    return bool(mask.unpack()[k - low_k, j - low_j, i - low_i])
