"""Scans with their segments, kept to learn from: a folder as ``medvlsam2 train finetune --data`` reads it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from MedVLSAM2Lib.files.atomic_write import FileWriteError, file_beside, write_atomically
from MedVLSAM2Lib.files.geometry import set_ijk_to_ras
from MedVLSAM2Lib.files.segment_header import read_segment_headers
from MedVLSAM2Lib.files.segmentation_file import SegmentLook, write_segments
from MedVLSAM2Lib.volume import PackedMask, Volume

HELD_OUT_NAME = "held_out.json"
FEWEST_WITH_ONE_HELD_OUT, HELD_OUT_EVERY = 3, 5
"""From so many scans on one is held out, and one more of every so many."""

_SCAN, _SEGMENTS = ".nrrd", ".seg.nrrd"


class CollectionError(ValueError):
    """The collection cannot be used; the message is one sentence for the user."""


@dataclass(frozen=True)
class CollectedScan:
    """A scan of the collection: its name there, what its segments are called, and when it was kept."""

    name: str
    segments: tuple[str, ...]
    kept: datetime


class ScanCollection:
    """A folder of scans and segmentations side by side, ``NAME.nrrd`` and ``NAME.seg.nrrd``.

    Args:
        folder: made with the first scan; only its owner can read it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, volume: Volume, segments: Sequence[tuple[SegmentLook, PackedMask]]) -> None:
        """Keep a scan with its segments, in place of what was kept under ``name``.

        Raises:
            FileWriteError, SegmentationFileError: the disk refused.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FileWriteError(f"{self.folder} cannot be made ({error.strerror}); choose another folder.") from error
        image = sitk.GetImageFromArray(np.ascontiguousarray(volume.array))
        set_ijk_to_ras(image, volume.ijk_to_ras)
        path = self.folder / f"{name}{_SCAN}"
        try:
            with file_beside(path, _SCAN) as beside:
                sitk.WriteImage(image, str(beside), useCompression=True)
        except RuntimeError as error:
            raise FileWriteError(f"{path} cannot be written; check the folder and the space on the disk.") from error
        write_segments(self.folder / f"{name}{_SEGMENTS}", segments, volume)

    def remove(self, name: str) -> None:
        """Delete a scan and its segments."""
        for ending in (_SEGMENTS, _SCAN):
            (self.folder / f"{name}{ending}").unlink(missing_ok=True)

    def scans(self) -> tuple[CollectedScan, ...]:
        """What is kept, the latest last; of the files only the headers are read."""
        return tuple(sorted(self._scans(), key=lambda scan: (scan.kept, scan.name)))

    def held_out(self) -> frozenset[str]:
        """The scans that nothing is learned from, so that it can be told whether learning helped."""
        return frozenset(self._split()["held_out"])

    def hold_out(self) -> frozenset[str]:
        """Decide which scans are held out, and remember it: one that was learned from never is.

        Of fewer than ``FEWEST_WITH_ONE_HELD_OUT`` none is; otherwise one, and of many every ``HELD_OUT_EVERY``-th.
        """
        names, before = {scan.name for scan in self._scans()}, self._split()
        held_out = set(before["held_out"]) & names
        wanted = 0 if len(names) < FEWEST_WITH_ONE_HELD_OUT else max(1, len(names) // HELD_OUT_EVERY)
        new = sorted(names - set(before["learned"]) - held_out, key=lambda name: (zlib.crc32(name.encode()), name))
        held_out |= set(new[: max(wanted - len(held_out), 0)])
        learned = (set(before["learned"]) | names) - held_out
        split = {"held_out": sorted(held_out), "learned": sorted(learned)}
        write_atomically(self.folder / HELD_OUT_NAME, (json.dumps(split, indent=1) + "\n").encode())
        return frozenset(held_out)

    def _split(self) -> dict[str, list[str]]:
        try:
            content = json.loads((self.folder / HELD_OUT_NAME).read_text(encoding="utf-8"))
            return {what: [str(name) for name in content[what]] for what in ("held_out", "learned")}
        except FileNotFoundError:
            return {"held_out": [], "learned": []}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CollectionError(f"{self.folder / HELD_OUT_NAME} cannot be read; remove it and begin anew.") from error

    def _scans(self) -> Iterator[CollectedScan]:
        for path in self.folder.glob(f"*{_SEGMENTS}"):
            name = path.name.removesuffix(_SEGMENTS)
            if not name.startswith(".") and (self.folder / f"{name}{_SCAN}").exists():
                kept = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield CollectedScan(name, _names_in(path), kept)


def _names_in(path: Path) -> tuple[str, ...]:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        return tuple(segment.name for segment in read_segment_headers(reader))
    except (RuntimeError, ValueError) as error:
        raise CollectionError(f"{path} cannot be read; remove it and keep the scan again.") from error
