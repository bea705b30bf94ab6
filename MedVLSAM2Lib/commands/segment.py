"""``medvlsam2 segment VOLUME --point R,A,S`` or ``--text liver``: segments from prompts or words, without a screen."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.commands.positions import Ras, ras_corners, ras_position
from MedVLSAM2Lib.files.segmentation_file import SEGMENTATION_ENDINGS, check_segmentation_path
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.prompts import PromptError, nearest_voxel
from MedVLSAM2Lib.scripting.refusals import REFUSALS
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.scripting.session import Session
from MedVLSAM2Lib.session.finding import not_found
from MedVLSAM2Lib.volume import Modality, Volume

logger = logging.getLogger(__name__)


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
        if not arguments.point and not arguments.box:
            raise PromptError("There is nothing to segment; give a --point, a --box around it, or a --text.")
        session = Session.open(volume, arguments.checkpoint)
        segment = session.segment(arguments.point, arguments.negative, arguments.box, arguments.name)
        segment.save(arguments.output)
    except REFUSALS as error:
        logger.error("%s", error)
        return 2
    sys.stdout.write(_result_line(arguments.output, segment, arguments.point))
    return 0


def _find(arguments: argparse.Namespace, volume: Volume) -> int:
    """Write what a phrase names: 0 when there is something, 1 when nothing was found."""
    if arguments.point or arguments.negative or arguments.box:
        raise PromptError("Give a --text, or a --point and a --box, but not both.")
    found = Session.open(volume, arguments.checkpoint).find(arguments.text)
    if not found:
        logger.error("%s", not_found(arguments.text))
    for number, segment in enumerate(found, start=1):
        output = _numbered(arguments.output, number) if len(found) > 1 else arguments.output
        segment.save(output)
        sys.stdout.write(_result_line(output, segment, []))
    return 0 if found else 1


def _numbered(path: Path, number: int) -> Path:
    """``kidney.seg.nrrd`` as ``kidney_2.seg.nrrd``."""
    ending = next(ending for ending in SEGMENTATION_ENDINGS if path.name.lower().endswith(ending))
    return path.with_name(f"{path.name[: -len(ending)]}_{number}{path.name[-len(ending) :]}")


def _result_line(output: Path, segment: ScanSegment, points: Sequence[Ras]) -> str:
    voxels = segment.mask.voxel_count
    millilitres = voxels * segment.volume.voxel_volume_mm3 / 1000
    parts = [f"{output}: {millilitres:.2f} ml in {voxels} voxels", f"confidence {segment.confidence:.2f}"]
    inside = [_is_inside(segment, point) for point in points]
    if inside:
        parts.append(f"{sum(inside)} of {len(inside)} clicked voxels inside")
    return ", ".join(parts) + "\n"


def _is_inside(segment: ScanSegment, point: Ras) -> bool:
    mask, (k, j, i) = segment.mask, nearest_voxel(segment.volume.ras_to_ijk(point))
    if not mask.box.contains((k, j, i)):
        return False
    low_k, low_j, low_i = mask.box.low
    return bool(mask.unpack()[k - low_k, j - low_j, i - low_i])
