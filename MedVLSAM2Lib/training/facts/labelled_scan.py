"""A scan whose structures and findings are labelled, whatever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from MedVLSAM2Lib.training.phantom.grid import Bounds
from MedVLSAM2Lib.training.phantom.structures import Phase
from MedVLSAM2Lib.volume import Volume


@dataclass(frozen=True)
class LabelledFinding:
    """A finding with a label of its own.

    Attributes:
        name: its label, unique in the scan.
        kind: in the words of the vocabulary.
        organ: the full name of the structure it lies in; None when that is not labelled.
        id: its value in the label map.
        bounds: the box of all of it, RAS in mm, whether the scan reaches it or not.
        volume_ml: of all of it.
    """

    name: str
    kind: str
    organ: str | None
    id: int
    bounds: Bounds
    volume_ml: float


@dataclass(frozen=True)
class Whole:
    """A whole structure, whether a scan reaches it or not.

    Attributes:
        volume_ml: of all of it.
        bounds: its box, RAS in mm.
        is_cut: already the widest scan shows a part of it only.
    """

    volume_ml: float
    bounds: Bounds
    is_cut: bool = False


@dataclass(frozen=True)
class LabelledScan:
    """A scan and what is labelled in it; the volume's axes run to the patient's left, posterior and superior.

    Attributes:
        volume: HU.
        labels: uint8 (K, J, I); 0 is nothing labelled.
        ids: the label values that make up each structure, by its full name; an organ's lesions belong to it.
        findings: each with its own label.
        wholes: the whole structures, by full name, of those that are labelled in the widest view of this patient.
        absent: where the organs that were taken out would be, by full name.
        phase: of the contrast medium; None when nobody knows.
        regions: the parts of the body in view where somebody noted them; None to tell them from the structures.
        searched_kinds: the kinds of findings that are labelled wherever they are.
    """

    volume: Volume
    labels: np.ndarray
    ids: Mapping[str, tuple[int, ...]]
    findings: tuple[LabelledFinding, ...] = ()
    wholes: Mapping[str, Whole] = field(default_factory=dict)
    absent: Mapping[str, Bounds] = field(default_factory=dict)
    phase: Phase | None = None
    regions: tuple[str, ...] | None = None
    searched_kinds: frozenset[str] = frozenset()

    def mask(self, *names: str) -> np.ndarray:
        """Boolean (K, J, I): the voxels of structures and findings, by their names. Raises KeyError for unknown ones."""
        table = np.zeros(256, bool)
        for name in names:
            table[list(self.ids_of(name))] = True
        return table[self.labels]

    def ids_of(self, name: str) -> tuple[int, ...]:
        """The label values of a structure or of a finding. Raises KeyError when there is none of that name."""
        if name in self.ids:
            return self.ids[name]
        return ({finding.name: finding.id for finding in self.findings}[name],)
