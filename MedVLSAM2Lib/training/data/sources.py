"""Reads the training folders: one function a folder, each yielding scans and label maps in canonical order."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import SimpleITK

from MedVLSAM2Lib.model.patches.view import Triple
from MedVLSAM2Lib.training.data.own_scans import own_scans
from MedVLSAM2Lib.training.data.raw_case import RawCase

logger = logging.getLogger(__name__)

HEAD_NECK_LABELS = {1: "brainstem", 2: "spinal cord", 3: "right parotid gland", 4: "left parotid gland",
                    5: "esophagus", 6: "larynx", 7: "mandible"}  # fmt: skip
# The abdominal atlas declares a spacing by which its liver has 239 ml; times this it has a liver's volume.
ABDOMEN_SCALE = 1.75
# Label maps without a scan are kept no finer than this: their voxels cost memory and no view needs them.
FINEST_MAP_MM = 1.2
LUNG_BY_THRESHOLD = 99


def read_all(root: Path) -> Iterator[RawCase]:
    """Every case under the training data folder ``root``: the public data sets by their folders, or scans of one's own."""
    if not (root / "head_neck_ct").is_dir():
        yield from own_scans(root)
        return
    yield from head_neck_scans(root / "head_neck_ct")
    yield from tumour_scans(root / "soft_tissue_tumour")
    yield from trunk_scans(root / "trunk_ct")
    yield from label_maps(root / "label_maps")


def head_neck_scans(folder: Path) -> Iterator[RawCase]:
    """Head-neck CTs with up to seven organs."""
    for case in sorted(folder.glob("pt_*")):
        image, spacing = _read(case / "image.nii.gz", np.int16)
        labels, _ = _read(case / "label.nii.gz", np.uint8)
        yield RawCase(case.name, "head_neck", spacing, image, labels, HEAD_NECK_LABELS)


def tumour_scans(folder: Path) -> Iterator[RawCase]:
    """CTs with one soft-tissue tumour each."""
    for case in sorted(folder.glob("STS_*")):
        image, spacing = _read(case / "CT_image.nii.gz", np.int16)
        labels, _ = _read(case / "CT_mask.nii.gz", np.uint8)
        yield RawCase(case.name, "tumour", spacing, image, (labels > 0).astype(np.uint8), {1: "soft-tissue tumour"})


def trunk_scans(folder: Path) -> Iterator[RawCase]:
    """Chest and abdomen CTs, of which few structures are labelled."""
    for case in sorted(path for path in folder.iterdir() if path.is_dir()):
        image, spacing = _read(case / "image.nii.gz", np.int16)
        labels = np.zeros(image.shape, np.uint8)
        if (case / "lungs_by_threshold.nii.gz").exists():
            labels[_read(case / "lungs_by_threshold.nii.gz", np.uint8)[0] > 0] = LUNG_BY_THRESHOLD
        if (case / "label.nii.gz").exists():
            drawn = _read(case / "label.nii.gz", np.uint8)[0]
            labels = np.where(drawn > 0, drawn, labels)
        yield RawCase(case.name, "trunk", spacing, image, labels, _names_of(case / "meta.json"))


def label_maps(folder: Path) -> Iterator[RawCase]:
    """Label maps without scans; scans are made for them while training."""
    for case in sorted((folder / "trunk").iterdir()):
        yield _map(case / "label.nii.gz", case.name, "map_trunk", _names_of(case / "meta.json"))
    yield _map(folder / "abdomen" / "seg.nrrd", "abdomen_atlas", "map_abdomen", {}, ABDOMEN_SCALE)
    for path in sorted((folder / "head").glob("*.nii.gz")):
        yield _map(path, path.name.removesuffix(".nii.gz"), "map_head", {})
    names = {
        int(key): value
        for key, value in json.loads((folder / "head_neck" / "labels.json").read_text(encoding="utf-8")).items()
    }
    for path in sorted((folder / "head_neck").glob("*.nii.gz")):
        yield _map(path, path.name.removesuffix(".nii.gz"), "map_head_neck", names)


def _map(path: Path, name: str, group: str, names: dict[int, str], scale: float = 1.0) -> RawCase:
    """A label map, thinned out to ``FINEST_MAP_MM``, cropped to its labels, its ids packed into one byte."""
    labels, spacing = _read(path, np.int32)
    step = np.maximum(1, np.round(FINEST_MAP_MM / (np.array(spacing) * scale))).astype(int)
    labels = labels[:: step[0], :: step[1], :: step[2]]
    present = np.unique(labels[labels > 0])
    table = np.zeros(int(present.max()) + 1, np.uint8)
    table[present] = np.arange(1, len(present) + 1)
    packed = table[np.clip(labels, 0, None)]
    box = np.argwhere(packed)
    lo, hi = np.maximum(box.min(0) - 6, 0), box.max(0) + 7
    cropped = np.ascontiguousarray(packed[lo[0] : hi[0], lo[1] : hi[1], lo[2] : hi[2]])
    new_names = {index: names[int(old)] for index, old in enumerate(present, start=1) if int(old) in names}
    k, j, i = np.array(spacing) * scale * step
    return RawCase(name, group, (float(k), float(j), float(i)), None, cropped, new_names)


def _read(path: Path, dtype: type[np.generic]) -> tuple[np.ndarray, Triple]:
    """(K, J, I) array in LPS order, and its spacing (K, J, I) in millimetres."""
    image = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(path)), "LPS")
    i, j, k = image.GetSpacing()
    return SimpleITK.GetArrayFromImage(image).astype(dtype), (k, j, i)


def _names_of(path: Path) -> dict[int, str]:
    labels = json.loads(path.read_text(encoding="utf-8")).get("labels", {})
    return {int(key): str(value) for key, value in labels.items()} | {LUNG_BY_THRESHOLD: "lungs by threshold"}
