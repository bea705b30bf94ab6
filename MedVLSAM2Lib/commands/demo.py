"""``medvlsam2 demo``: the panel at work on a scan, without Slicer and without hands."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from MedVLSAM2Lib.commands.positions import Ras, ras_position
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.volume import Volume, VolumeError

logger = logging.getLogger(__name__)

_REPOSITORY = Path(__file__).resolve().parents[2]
_ORGAN_TO_CLICK = "urinary bladder"


class DemoError(RuntimeError):
    """The demo cannot go on; the message is one sentence for the user."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to ``parser``."""
    parser.add_argument("--input", type=Path, metavar="VOLUME", help="image file or DICOM folder; else a CT phantom")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), metavar="DIR", help="where results go")
    parser.add_argument(
        "--point", type=ras_position, metavar="R,A,S", help="where to click; else the phantom's bladder, or the middle"
    )


def run(arguments: argparse.Namespace) -> int:
    """Click, wait, save: 0 when the clicked voxel is in the mask, 1 when it is not, 2 when the demo cannot run."""
    try:
        volume, point = _scan(arguments.input, arguments.point)
        _put_harness_on_path()
        # Waits for the path: the session imports the harness, which lies outside the library.
        from MedVLSAM2Lib.commands.demo_session import show_and_click

        result = show_and_click(volume, point, arguments.output)
    except (VolumeError, DemoError) as error:
        logger.error("%s", error)
        return 2
    sys.stdout.write(f"{result.sentence}\n" + "".join(f"{path}\n" for path in result.files))
    return 0 if result.clicked_voxel_inside else 1


def _scan(path: Path | None, point: Ras | None) -> tuple[Volume, Ras]:
    if path is None:
        from MedVLSAM2Lib.training.phantom import make_phantom

        phantom = make_phantom()
        return phantom.volume, point or phantom.innermost(_ORGAN_TO_CLICK)
    volume = read_volume(path)
    k, j, i = ((size - 1) / 2 for size in volume.shape)
    return volume, point or volume.ijk_to_ras_position((i, j, k))


def _put_harness_on_path() -> None:
    testing = _REPOSITORY / "Testing"
    if not (testing / "harness").is_dir():
        raise DemoError("The demo needs the Testing folder; run it from a clone of the repository.")
    sys.path.insert(0, str(testing))
