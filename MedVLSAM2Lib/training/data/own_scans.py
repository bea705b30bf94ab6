"""Scans of one's own with their segmentations: what a department has already drawn."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK

from MedVLSAM2Lib.files.scan_collection import HELD_OUT_NAME, ScanCollection
from MedVLSAM2Lib.files.segment_header import SegmentHeader, read_segment_headers
from MedVLSAM2Lib.training.data.dicom_scans import MOST_LABELS, dicom_scans
from MedVLSAM2Lib.training.data.raw_case import RawCase

logger = logging.getLogger(__name__)

GROUP = "own"
SEGMENTATION_ENDING = ".seg.nrrd"
SCAN_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha")


class TrainingDataError(ValueError):
    """The training data cannot be used; the message is one sentence for the user."""


def own_scans(folder: Path) -> Iterator[RawCase]:
    """CT scans with their segmentations, in a folder or its subfolders.

    A scan ``NAME.nii.gz`` (or ``.nii``, ``.nrrd``, ``.mha``) and beside it ``NAME.seg.nrrd`` as Slicer saves it, or a folder
    with ``image.nii.gz``, ``label.nii.gz`` and ``labels.json`` (``{"1": "liver"}``), or DICOM (``dicom_scans``). Of segments that overlap, the later
    ones are on top. A segmentation is brought onto its scan's grid. Where ``held_out.json`` says which scans are held out
    (``ScanCollection``), those are; otherwise about every fifth is.

    Raises:
        TrainingDataError: there is none, or one cannot be used.
    """
    is_settled = (folder / HELD_OUT_NAME).exists()
    held_out = ScanCollection(folder).held_out() if is_settled else frozenset[str]()
    count = 0
    for case in _cases(folder):
        count += 1
        yield replace(case, held_out=case.name in held_out) if is_settled else case
    if not count:
        raise TrainingDataError(
            f"There is no scan with a segmentation in {folder}; put NAME.nii.gz and NAME.seg.nrrd side by side, or a CT "
            "series as DICOM with a DICOM segmentation of it."
        )


def _cases(folder: Path) -> Iterator[RawCase]:
    for scan, segmentation in (*_slicer_pairs(folder), *_label_pairs(folder)):
        try:
            yield _case(scan, segmentation, folder)
        except RuntimeError as error:
            raise TrainingDataError(f"{scan} or {segmentation} cannot be read; check the files.") from error
    try:
        yield from dicom_scans(folder, GROUP)
    except ValueError as error:
        raise TrainingDataError(str(error)) from error


def _slicer_pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    for segmentation in sorted(folder.rglob(f"*{SEGMENTATION_ENDING}")):
        name = segmentation.name.removesuffix(SEGMENTATION_ENDING)
        scan = next((path for end in SCAN_ENDINGS if (path := segmentation.with_name(name + end)).exists()), None)
        if scan is None:
            logger.warning("%s has no scan of its name beside it and is left out", segmentation)
        else:
            yield scan, segmentation


def _label_pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    for labels in sorted(folder.rglob("label.nii.gz")):
        if (labels.parent / "image.nii.gz").exists() and (labels.parent / "labels.json").exists():
            yield labels.parent / "image.nii.gz", labels


def _case(scan: Path, segmentation: Path, folder: Path) -> RawCase:
    image = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(scan)), "LPS")
    drawn = SimpleITK.ReadImage(str(segmentation))
    is_slicers = segmentation.name.endswith(SEGMENTATION_ENDING)
    segments = _drawn_in(drawn, segmentation) if is_slicers else _named(segmentation)
    if not segments or len(segments) > MOST_LABELS:
        raise TrainingDataError(f"{segmentation} has {len(segments)} named segments; give it 1 to {MOST_LABELS}.")
    layers = _layers(drawn, image)
    labels = np.zeros(layers[0].shape, np.uint8)
    for number, segment in enumerate(segments, start=1):
        labels[layers[segment.layer] == segment.label] = number
    i, j, k = image.GetSpacing()
    array = np.clip(np.rint(SimpleITK.GetArrayFromImage(image)), -32768, 32767).astype(np.int16)
    names = {number: segment.name for number, segment in enumerate(segments, start=1)}
    name = "_".join(scan.relative_to(folder).parts).removesuffix(".gz").rsplit(".", 1)[0]
    return RawCase(name, GROUP, (k, j, i), array, labels, names)


def _drawn_in(drawn: SimpleITK.Image, segmentation: Path) -> tuple[SegmentHeader, ...]:
    try:
        return read_segment_headers(drawn)
    except ValueError as error:
        raise TrainingDataError(f"{segmentation} cannot be read; save it again in Slicer.") from error


def _named(segmentation: Path) -> tuple[SegmentHeader, ...]:
    names = json.loads((segmentation.parent / "labels.json").read_text(encoding="utf-8"))
    numbered = sorted(names.items(), key=lambda item: int(item[0]))
    return tuple(SegmentHeader(str(name), str(name), int(value)) for value, name in numbered)


def _layers(drawn: SimpleITK.Image, image: SimpleITK.Image) -> list[np.ndarray]:
    """Each layer of a segmentation on the scan's grid: (K, J, I) integers."""
    count = drawn.GetNumberOfComponentsPerPixel()
    single = [drawn] if count == 1 else [SimpleITK.VectorIndexSelectionCast(drawn, layer) for layer in range(count)]
    placed = (
        SimpleITK.Resample(layer, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor) for layer in single
    )
    return [SimpleITK.GetArrayFromImage(layer) for layer in placed]
