"""Labelled scans on disk, as volumes with named objects in them.

A case is a folder with ``image.nii.gz``, ``label.nii.gz`` (integer labels on the same grid) and ``meta.json``, whose
``labels`` map numbers to names; ``labels.json`` does so where ``meta.json`` names a class map only. A folder of
several scans holds pairs ``<scan>_image.nii.gz`` and ``<scan>_mask.nii.gz`` instead, each a case of its own
(``folder/scan``) with the one object ``tumour``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from MedVLSAM2Lib.evaluation.object_groups import ObjectGroup, groups_of_case
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.volume import Modality, Volume, VolumeError

MINIMUM_VOXELS = 30
"""An object of fewer voxels is left out: its DSC says more about the grid than about the segmentation."""

_MODALITIES = {"CT": Modality.CT, "CTA": Modality.CT, "MR": Modality.MR, "PET": Modality.PET}
_SUFFIX = ".nii.gz"


class CaseError(ValueError):
    """The evaluation data cannot be used; the message is one sentence for the user."""


@dataclass(frozen=True)
class LabelledObject:
    """An object whose mask is known.

    Attributes:
        name: what it is, unique in its case.
        group: the table row it belongs to.
        truth: boolean array (K, J, I) of its case's volume.
    """

    name: str
    group: str
    truth: np.ndarray


@dataclass(frozen=True)
class Case:
    """A scan and the objects in it."""

    name: str
    volume: Volume
    objects: tuple[LabelledObject, ...]


@dataclass(frozen=True)
class CaseFiles:
    """Where a case lies, and what its labels are called; cheap to make, and to hand to another process."""

    name: str
    image: Path
    labels: Path
    label_names: Mapping[int, str]
    modality: Modality | None = None

    def load(self) -> Case:
        """Read the scan and every object of its groups that has at least ``MINIMUM_VOXELS`` voxels."""
        volume = _read(self.image, self.modality)
        label_map = _read(self.labels, Modality.UNKNOWN).array
        if label_map.shape != volume.shape:
            message = f"{self.labels} has the shape {label_map.shape}, its scan {volume.shape}; use one grid for both."
            raise CaseError(message)
        groups = groups_of_case(self.name, tuple(self.label_names.values()))
        objects = [found for group in groups for found in self._objects(group, label_map)]
        return Case(self.name, volume, tuple(objects))

    def _objects(self, group: ObjectGroup, label_map: np.ndarray) -> list[LabelledObject]:
        numbers = {name: number for number, name in self.label_names.items()}
        objects = []
        for name, labels in group.objects.items():
            truth = np.isin(label_map, [numbers[label] for label in labels if label in numbers])
            if np.count_nonzero(truth) >= MINIMUM_VOXELS:
                objects.append(LabelledObject(name, group.name, truth))
        return objects


def find_cases(folder: Path, patterns: Sequence[str] = ()) -> tuple[CaseFiles, ...]:
    """The labelled cases under ``folder``, by name; with ``patterns`` (``*`` and ``?``) those that match any.

    Raises:
        CaseError: there is none.
    """
    found = [case for place in sorted(folder.glob("*/")) for case in _cases_in(place)]
    wanted = [case for case in found if not patterns or any(fnmatchcase(case.name, p) for p in patterns)]
    if not wanted:
        known = ", ".join(case.name for case in found) or "none"
        raise CaseError(f"No labelled case to evaluate in {folder} (it has: {known}); name another folder or case.")
    return tuple(wanted)


def _cases_in(folder: Path) -> list[CaseFiles]:
    if (folder / f"label{_SUFFIX}").exists():
        return [_labelled_case(folder)]
    return [_masked_case(folder, mask) for mask in sorted(folder.glob(f"*_mask{_SUFFIX}"))]


def _labelled_case(folder: Path) -> CaseFiles:
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    names = _label_names(folder, meta)
    image, label = folder / f"image{_SUFFIX}", folder / f"label{_SUFFIX}"
    return CaseFiles(folder.name, image, label, names, _modality(meta.get("modality", "")))


def _masked_case(folder: Path, mask: Path) -> CaseFiles:
    scan = mask.name.removesuffix(f"_mask{_SUFFIX}")
    image = folder / f"{scan}_image{_SUFFIX}"
    return CaseFiles(f"{folder.name}/{scan}", image, mask, {1: "tumour"}, _modality(scan.replace("_", " ")))


def _label_names(folder: Path, meta: Mapping[str, Any]) -> dict[int, str]:
    names = meta.get("labels")
    if not isinstance(names, dict):
        names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return {int(number): str(name) for number, name in names.items()}


def _modality(text: str) -> Modality | None:
    """The modality free text such as "CT chest" begins with; None when it names none."""
    words = text.upper().split()
    return _MODALITIES.get(words[0]) if words else None


def _read(path: Path, modality: Modality | None) -> Volume:
    try:
        return read_volume(path, modality)
    except VolumeError as error:
        raise CaseError(str(error)) from error
