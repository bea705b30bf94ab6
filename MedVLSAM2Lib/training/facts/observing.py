"""From a labelled scan to its facts."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.survey import LANDMARKS
from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts, Measures, StructureFacts, Visibility
from MedVLSAM2Lib.training.facts.label_boxes import around_all, label_boxes
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledFinding, LabelledScan
from MedVLSAM2Lib.training.facts.measuring import measures_of
from MedVLSAM2Lib.training.phantom.grid import Bounds
from MedVLSAM2Lib.vocabulary import Kind, Side, Structure, Vocabulary
from MedVLSAM2Lib.volume import VoxelBox

FEWEST_VOXELS = 4
DENSE_HU, SCLEROTIC_HU = 150.0, 330.0
_SMALLEST_SHARE, _WHOLE_SHARE = 0.04, 0.97
_SMALLEST_SHARE_OF_A_FINDING = 0.3
_WITHOUT_DIAMETERS = (Kind.TISSUE, Kind.MUSCLE)
_MIDLINE_MM = 6.0
_SYMMETRIC = frozenset({"brain"})


class Observer:
    """Measures scans in the words of one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def facts(self, scan: LabelledScan) -> Facts:
        """All facts of ``scan``."""
        boxes = label_boxes(scan.labels)
        structures = {
            name: self._structure(self._vocabulary.structure(name), scan, boxes) for name in {**scan.ids, **scan.absent}
        }
        seen = [self._finding(finding, scan, boxes, structures) for finding in scan.findings]
        findings = sorted((f for f in seen if f is not None), key=lambda f: -f.measures.volume_ml)
        hidden = {f.kind for f, s in zip(scan.findings, seen, strict=True) if s is None and _is_near(f.bounds, scan)}
        regions = _regions(structures, scan) if scan.regions is None else scan.regions
        return Facts(
            scan.volume.modality.value,
            scan.phase,
            regions,
            structures,
            tuple(findings),
            frozenset(hidden),
            scan.searched_kinds,
        )

    def _structure(self, structure: Structure, scan: LabelledScan, boxes: list[VoxelBox]) -> StructureFacts:
        name = structure.name
        if name in scan.absent:
            return StructureFacts(structure, _of_absent(scan.absent[name], scan))
        measures = _measured(scan.ids[name], scan, boxes, structure.term.kind not in _WITHOUT_DIAMETERS)
        whole = scan.wholes.get(name)
        if measures is None:
            is_near = whole is None or _is_near(whole.bounds, scan)
            return StructureFacts(structure, Visibility.UNKNOWN if is_near else Visibility.OUT_OF_VIEW)
        if whole is None:
            return StructureFacts(structure, _by_the_border(measures, scan), measures)
        share = measures.volume_ml / whole.volume_ml
        if share < _SMALLEST_SHARE:
            return StructureFacts(structure, Visibility.UNKNOWN)
        is_whole = share > _WHOLE_SHARE or _holds(whole.bounds, scan)
        return StructureFacts(
            structure, Visibility.WHOLE if is_whole and not whole.is_cut else Visibility.PARTLY, measures
        )

    def _finding(
        self, finding: LabelledFinding, scan: LabelledScan, boxes: list[VoxelBox], structures: dict[str, StructureFacts]
    ) -> FindingFacts | None:
        measures = _measured((finding.id,), scan, boxes, with_diameters=True)
        if measures is None or measures.volume_ml < _SMALLEST_SHARE_OF_A_FINDING * finding.volume_ml:
            return None
        organ = structures.get(finding.organ) if finding.organ else None
        return FindingFacts(
            name=finding.name,
            kind=finding.kind,
            organ=finding.organ,
            side=self._side(finding, measures, scan),
            level=_level(measures, organ) if organ else None,
            is_dense=_is_dense(finding.kind, measures),
            visibility=Visibility.WHOLE if _holds(finding.bounds, scan) else Visibility.PARTLY,
            measures=measures,
        )

    def _side(self, finding: LabelledFinding, measures: Measures, scan: LabelledScan) -> Side | None:
        if finding.organ is None:
            return None
        side = self._vocabulary.structure(finding.organ).side
        if side is not None or finding.organ not in _SYMMETRIC or finding.organ not in scan.wholes:
            return side
        # The middle of the whole organ: what is in view of it may be one half.
        low, high = scan.wholes[finding.organ].bounds
        aside = measures.centre[0] - (low[0] + high[0]) / 2
        if abs(aside) < _MIDLINE_MM:
            return None
        return Side.RIGHT if aside > 0 else Side.LEFT


def _is_dense(kind: str, measures: Measures) -> bool:
    # The bone around a lesion is dense itself.
    return measures.hu_mean > SCLEROTIC_HU if kind == "bone lesion" else measures.hu_high > DENSE_HU


def _measured(ids: tuple[int, ...], scan: LabelledScan, boxes: list[VoxelBox], with_diameters: bool) -> Measures | None:
    box = around_all(ids, boxes)
    if box.is_empty:
        return None
    table = np.zeros(256, bool)
    table[list(ids)] = True
    mask = table[scan.labels[box.slices]]
    return measures_of(mask, box, scan.volume, with_diameters) if mask.sum() >= FEWEST_VOXELS else None


def _of_absent(bounds: Bounds, scan: LabelledScan) -> Visibility:
    if _holds(bounds, scan):
        return Visibility.ABSENT
    return Visibility.UNKNOWN if _is_near(bounds, scan) else Visibility.OUT_OF_VIEW


def _by_the_border(measures: Measures, scan: LabelledScan) -> Visibility:
    """Whether a structure of unknown extent ends within the scan."""
    low, high = _view(scan)
    ends_inside = (np.array(measures.low) > low + 0.1).all() and (np.array(measures.high) < high - 0.1).all()
    return Visibility.WHOLE if ends_inside else Visibility.PARTLY


def _view(scan: LabelledScan) -> tuple[np.ndarray, np.ndarray]:
    """The corners of what the scan shows, RAS in mm."""
    i, j, k = scan.volume.shape[::-1]
    ends = [scan.volume.ijk_to_ras_position(p) for p in ((-0.5, -0.5, -0.5), (i - 0.5, j - 0.5, k - 0.5))]
    return np.min(ends, axis=0), np.max(ends, axis=0)


def _holds(bounds: Bounds, scan: LabelledScan) -> bool:
    low, high = _view(scan)
    return bool((np.array(bounds[0]) >= low).all() and (np.array(bounds[1]) <= high).all())


def _is_near(bounds: Bounds, scan: LabelledScan) -> bool:
    """Whether the view reaches into a box."""
    low, high = _view(scan)
    return bool((np.array(bounds[1]) > low).all() and (np.array(bounds[0]) < high).all())


def _level(measures: Measures, organ: StructureFacts) -> str | None:
    if organ.measures is None or organ.visibility is not Visibility.WHOLE:
        return None
    low, high = organ.measures.low[2], organ.measures.high[2]
    share = (measures.centre[2] - low) / max(high - low, 1e-6)
    return ("lower", "middle", "upper")[int(np.clip(share * 3, 0, 2))]


def _regions(structures: dict[str, StructureFacts], scan: LabelledScan) -> tuple[str, ...]:
    """The parts of the body of whose landmarks half is in view."""
    found = []
    for region, names in LANDMARKS.items():
        wholes = {name: scan.wholes[name].volume_ml for name in names if name in scan.wholes}
        seen = sum(m.volume_ml for name in wholes if (m := structures[name].measures) is not None)
        if wholes and seen > 0.5 * sum(wholes.values()):
            found.append(region)
    return tuple(found)
