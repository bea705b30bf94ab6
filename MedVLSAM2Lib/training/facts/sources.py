"""Labelled scans from phantoms and from the prepared training cases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.training.data.cases import LABELS, TISSUES, Case
from MedVLSAM2Lib.training.data.sources import LUNG_BY_THRESHOLD
from MedVLSAM2Lib.training.data.tissues import BONE, FIRST_LUNG, SECOND_LUNG
from MedVLSAM2Lib.training.facts.label_boxes import around_all, label_boxes
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledFinding, LabelledScan, Whole
from MedVLSAM2Lib.training.phantom import Finding, Part, Phantom
from MedVLSAM2Lib.training.phantom.patient import RECIPES
from MedVLSAM2Lib.vocabulary import Kind, Vocabulary
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox

# Fluid beside a lung is no part of it, a node in fat no part of the fat.
_NOT_OF_THEIR_ORGAN = frozenset({"pleural effusion", "enlarged lymph node"})
HOSTS_OF_CASES = {"lung mass": ("right lung", "left lung")}
"""Which structures a finding of a training case may lie in, where its label does not say it."""

_FIRST_OF_TISSUES = 250
_SHARE_OF_ITS_RING = 0.2
_REGIONS_OF_GROUP = {"head_neck": ("head", "neck"), "map_head_neck": ("head", "neck")}
_NEVER_WHOLE_IN_A_NECK = frozenset({"spinal cord", "spinal canal", "esophagus", "right lung", "left lung"})


def scan_of_phantom(phantom: Phantom, vocabulary: Vocabulary) -> LabelledScan:
    """A phantom: everything in it is known."""
    numbers = {name: number for number, name in phantom.names.items()}
    lesions = {finding.name: finding for finding in phantom.findings}
    ids = structure_ids({n: name for n, name in phantom.names.items() if name not in lesions}, vocabulary)
    for finding in phantom.findings:
        if finding.kind in _NOT_OF_THEIR_ORGAN:
            continue
        for structure in vocabulary.of_label(finding.organ):
            ids[structure.name] = (*ids.get(structure.name, ()), numbers[finding.name])
    labels, volume = phantom.labels, phantom.volume
    part = Part.HEAD if "brain" in numbers else Part.TRUNK
    findings = [_finding(f, numbers[f.name], labels, volume, vocabulary) for f in phantom.findings]
    absent = {vocabulary.of_label(gone.name)[0].name: gone.bounds for gone in phantom.absent}
    return LabelledScan(
        volume,
        labels,
        ids,
        tuple(finding for finding in findings if finding is not None),
        wholes_of(ids, labels, volume),
        absent,
        phantom.phase,
        searched_kinds=frozenset(RECIPES[part]),
    )


def scan_of_case(case: Case, vocabulary: Vocabulary) -> LabelledScan:
    """A training case; what is not labelled in it is unknown. A label map without a scan shows its labels."""
    shown = case.layers[LABELS].astype(np.int16) if case.image is None else np.asarray(case.image)
    volume = Volume(shown, _centred(shown.shape, case.spacing_mm), Modality.CT, "HU", case.name)
    labels = np.array(case.layers[LABELS])
    names = {item.ids[0]: item.name for item in case.objects if item.layer == LABELS and len(item.ids) == 1}
    ids = structure_ids(names, vocabulary)
    if TISSUES in case.layers and case.group == "trunk":
        _add_tissues(labels, np.asarray(case.layers[TISSUES]), ids)
    findings = []
    for value, name in names.items():
        kinds = [s.term for s in vocabulary.of_label(name) if s.term.kind is Kind.FINDING]
        for term in kinds:
            ids.pop(term.name, None)
            box = VoxelBox.around(labels == value)
            if not box.is_empty:
                organ = _surrounding(labels, value, ids, HOSTS_OF_CASES.get(term.name, ()))
                findings.append(_labelled(name, term.name, organ, value, labels, volume))
    regions = _REGIONS_OF_GROUP.get(case.group)
    # Contours of what goes on through the neck end where somebody stopped to draw them.
    wholes = wholes_of(ids, labels, volume, cut=_NEVER_WHOLE_IN_A_NECK if regions else frozenset())
    return LabelledScan(volume, labels, ids, tuple(findings), wholes, regions=regions)


def structure_ids(names: Mapping[int, str], vocabulary: Vocabulary) -> dict[str, tuple[int, ...]]:
    """The label values of each structure of the vocabulary, by its full name."""
    ids: dict[str, tuple[int, ...]] = {}
    for value, name in names.items():
        for structure in vocabulary.of_label(name):
            ids[structure.name] = (*ids.get(structure.name, ()), value)
    return ids


def wholes_of(
    ids: Mapping[str, tuple[int, ...]], labels: np.ndarray, volume: Volume, cut: frozenset[str] = frozenset()
) -> dict[str, Whole]:
    """The whole structures as the widest view of a patient shows them; those in ``cut`` go on beyond it."""
    boxes, counts = label_boxes(labels), np.bincount(labels.ravel(), minlength=256)
    found = {}
    for name, values in ids.items():
        box = around_all(values, boxes)
        if not box.is_empty:
            is_cut = name in cut or box.reaches_border_of(labels.shape)
            millilitres = float(counts[list(values)].sum()) * volume.voxel_volume_mm3 / 1000
            found[name] = Whole(millilitres, _bounds(box, volume), is_cut)
    return found


def _finding(
    finding: Finding, value: int, labels: np.ndarray, volume: Volume, vocabulary: Vocabulary
) -> LabelledFinding | None:
    organs = vocabulary.of_label(finding.organ)
    organ = organs[0].name if organs else None
    if not (labels == value).any():
        return None
    return _labelled(finding.name, finding.kind, organ, value, labels, volume)


def _labelled(
    name: str, kind: str, organ: str | None, value: int, labels: np.ndarray, volume: Volume
) -> LabelledFinding:
    mask = labels == value
    box = VoxelBox.around(mask)
    millilitres = float(mask[box.slices].sum()) * volume.voxel_volume_mm3 / 1000
    return LabelledFinding(name, kind, organ, value, _bounds(box, volume), millilitres)


def _surrounding(
    labels: np.ndarray, value: int, ids: Mapping[str, tuple[int, ...]], hosts: tuple[str, ...]
) -> str | None:
    """Which of the hosts surrounds most of a label; None when none does."""
    mask = labels == value
    ring = ndimage.binary_dilation(mask, iterations=2) & ~mask
    shares = {host: float(np.isin(labels[ring], ids[host]).mean()) for host in hosts if host in ids}
    nearest = max(shares, key=lambda host: shares[host], default=None)
    return nearest if nearest is not None and shares[nearest] > _SHARE_OF_ITS_RING else None


def _add_tissues(labels: np.ndarray, tissues: np.ndarray, ids: dict[str, tuple[int, ...]]) -> None:
    """Lungs by threshold, told apart by where they lie, and bone, where nobody labelled anything."""
    labels[labels == LUNG_BY_THRESHOLD] = 0
    columns = {value: np.flatnonzero((tissues == value).any(axis=(0, 1))) for value in (FIRST_LUNG, SECOND_LUNG)}
    if all(len(column) for column in columns.values()):
        rightmost = min(columns, key=lambda value: float(columns[value].mean()))
        for value in columns:
            _mark(labels, tissues == value, "right lung" if value == rightmost else "left lung", ids)
    if (tissues == BONE).any():
        _mark(labels, tissues == BONE, "bone", ids)


def _mark(labels: np.ndarray, mask: np.ndarray, name: str, ids: dict[str, tuple[int, ...]]) -> None:
    value = _FIRST_OF_TISSUES + len([known for known in ids.values() if max(known) >= _FIRST_OF_TISSUES])
    labels[mask & (labels == 0)] = value
    ids[name] = (value,)


def _bounds(box: VoxelBox, volume: Volume) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    ends = [volume.ijk_to_ras_position((c[2] - 0.5, c[1] - 0.5, c[0] - 0.5)) for c in (box.low, box.high)]
    (r, a, s), (high_r, high_a, high_s) = np.min(ends, axis=0).tolist(), np.max(ends, axis=0).tolist()
    return (r, a, s), (high_r, high_a, high_s)


def _centred(shape: tuple[int, ...], spacing_mm: tuple[float, float, float]) -> np.ndarray:
    directions = np.array([-spacing_mm[2], -spacing_mm[1], spacing_mm[0]])
    matrix = np.diag([*directions, 1.0])
    matrix[:3, 3] = -directions * (np.array(shape[::-1]) - 1) / 2
    return matrix
