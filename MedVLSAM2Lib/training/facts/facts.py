"""Facts as plain data: of a scan, of each structure, of each finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from MedVLSAM2Lib.training.phantom.structures import Phase
from MedVLSAM2Lib.vocabulary import Side, Structure

Ras = tuple[float, float, float]


class Visibility(StrEnum):
    """How much of a structure the scan shows."""

    WHOLE = "whole"
    PARTLY = "partly"
    OUT_OF_VIEW = "out of view"
    ABSENT = "absent"
    """Its place is in view, and it is not there."""
    NOT_FOUND = "not found"
    """It was looked for and not found: out of view, absent, or missed."""
    UNKNOWN = "unknown"
    """Nobody labelled it, or what is in view of it is too little to speak of."""

    @property
    def is_seen(self) -> bool:
        """Whether there are voxels to point at."""
        return self in (Visibility.WHOLE, Visibility.PARTLY)


@dataclass(frozen=True)
class Measures:
    """What is measured of a mask.

    Attributes:
        volume_ml: of all its voxels.
        diameter_mm: the longest diameter in an axial slice.
        perpendicular_mm: the extent across it in the same slice.
        hu_mean, hu_sd: of its voxels.
        hu_high: what a tenth of its voxels exceed: the core of something dense, whatever its blurred edge.
        centre: its centre of mass, RAS in mm.
        low, high: the corners of its box, RAS in mm.
    """

    volume_ml: float
    diameter_mm: float
    perpendicular_mm: float
    hu_mean: float
    hu_sd: float
    hu_high: float
    centre: Ras
    low: Ras
    high: Ras


@dataclass(frozen=True)
class StructureFacts:
    """Of one structure.

    Attributes:
        structure: what it is.
        visibility: how much of it is seen.
        measures: of what is seen; None when nothing is.
    """

    structure: Structure
    visibility: Visibility
    measures: Measures | None = None

    @property
    def name(self) -> str:
        """Its full name."""
        return self.structure.name


@dataclass(frozen=True)
class FindingFacts:
    """Of one finding of which something is seen.

    Attributes:
        name: its label, unique in the scan.
        kind: what it is, in the words of the vocabulary.
        organ: the full name of the structure it lies in; None when no labelled one holds it.
        side: the patient's side it lies on; None in the midline and where sides mean nothing.
        level: ``upper``, ``middle`` or ``lower`` third of its organ; None where the organ is not wholly seen.
        is_dense: it is calcified, or sclerotic in bone.
        visibility: ``WHOLE`` or ``PARTLY``.
        measures: of what is seen.
    """

    name: str
    kind: str
    organ: str | None
    side: Side | None
    level: str | None
    is_dense: bool
    visibility: Visibility
    measures: Measures


@dataclass(frozen=True)
class Facts:
    """Of one scan.

    Attributes:
        modality: e.g. ``"CT"``.
        phase: of the contrast medium; None when nobody knows.
        regions: the parts of the body in view, from above: head, neck, chest, abdomen, pelvis; empty when nobody knows.
        structures: by full name; what is not there is ``UNKNOWN``.
        findings: those that are seen, the largest first.
        hidden_kinds: kinds of findings that are there and of which too little is seen to speak of them.
        searched_kinds: kinds of findings that are labelled wherever they are, so that none labelled means none there.
        is_surveyed: these are what a model saw when it looked, not what is true.
    """

    modality: str
    phase: Phase | None
    regions: tuple[str, ...]
    structures: Mapping[str, StructureFacts]
    findings: tuple[FindingFacts, ...]
    hidden_kinds: frozenset[str] = frozenset()
    searched_kinds: frozenset[str] = frozenset()
    is_surveyed: bool = False

    def visibility(self, name: str) -> Visibility:
        """How much is seen of a structure."""
        found = self.structures.get(name)
        return found.visibility if found else Visibility.UNKNOWN

    def seen(self) -> list[StructureFacts]:
        """The structures that are seen, wholly or in part."""
        return [found for found in self.structures.values() if found.visibility.is_seen]

    def findings_of(self, kind: str, organ: str | None = None) -> list[FindingFacts]:
        """The findings of a kind, all or those in one organ, the largest first."""
        return [f for f in self.findings if f.kind == kind and organ in (None, f.organ)]
