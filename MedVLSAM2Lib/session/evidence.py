"""What an answer points at: the objects behind each of its marks, and what is measured on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.model.mask_model import Answer
from MedVLSAM2Lib.prompts import PriorMask
from MedVLSAM2Lib.report.measurements import measure_segment
from MedVLSAM2Lib.report.slot_values import slot_value
from MedVLSAM2Lib.results import MaskRegion
from MedVLSAM2Lib.session.finding import PhraseFinder
from MedVLSAM2Lib.session.grounding import SAME_OBJECT, Finding, overlap
from MedVLSAM2Lib.session.new_objects import NewObjects
from MedVLSAM2Lib.session.object_history import Candidate, ObjectState
from MedVLSAM2Lib.slots import Measure
from MedVLSAM2Lib.survey import Sighting
from MedVLSAM2Lib.volume import PackedMask, Volume

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class EvidenceObject:
    """An object that an answer points at; its mask is in canonical order."""

    object_id: str
    mask: PackedMask


def _unsurveyed(_text: str) -> tuple[Sighting, ...]:
    return ()


class Evidence:
    """Looks for what marks mean, and makes an object of each that is found, once however often it is spoken of."""

    def __init__(
        self,
        finder: PhraseFinder | None,
        objects: NewObjects,
        volume: Volume,
        cancelled: Cancel,
        sights_among: Callable[[str], tuple[Sighting, ...]] = _unsurveyed,
    ) -> None:
        """Evidence in one volume.

        Args:
            finder: finds what marks mean; without it nothing is found.
            objects: receives what is found.
            volume: in canonical order.
            cancelled: asked before each look.
            sights_among: what a survey of the volume says of the structures that a text names.
        """
        self._finder = finder
        self._objects = objects
        self._volume = volume
        self._cancelled = cancelled
        self.sights_among = sights_among
        self._made: list[EvidenceObject] = []
        self._of_marks: list[tuple[EvidenceObject, ...]] = []

    @property
    def marks(self) -> int:
        """How many marks were taken up."""
        return len(self._of_marks)

    def look(self, tokens: np.ndarray | None) -> list[Finding]:
        """What a mark's tokens mean in the volume; nothing is made of it yet."""
        if self._finder is None or tokens is None:
            return []
        return self._finder.meant_by(tokens, self._cancelled)

    def take_up(self, findings: list[Finding]) -> Iterator[MaskRegion]:
        """Make objects of the next mark's findings; of none, for a mark whose sentence is not shown."""
        behind = []
        for finding in findings:
            known = next((one for one in self._made if overlap(one.mask, finding.mask) >= SAME_OBJECT), None)
            if known is None:
                known, regions = self._make(finding)
                yield from regions
            behind.append(known)
        self._of_marks.append(tuple(dict.fromkeys(behind)))

    def object_ids(self, mark: int) -> tuple[str, ...]:
        """The objects behind a mark, counted from 1 over the whole answer; none where it was not taken up."""
        behind = self._of_marks[mark - 1] if mark <= len(self._of_marks) else ()
        return tuple(one.object_id for one in behind)

    def value(self, measure: Measure, mark: int) -> str | None:
        """What is measured of everything behind a mark, as text; None where there is nothing to measure."""
        together = PackedMask.united(one.mask for one in self._of_marks[mark - 1])
        if together.box.is_empty:
            return None
        return slot_value(measure_segment(self._volume, together, ""), measure)

    def _make(self, finding: Finding) -> tuple[EvidenceObject, Iterator[MaskRegion]]:
        mask = self._objects.answered((), Answer((finding.estimate,))).mask
        # As if it had been drawn: nothing of the model's is needed to have exactly this mask again.
        drawn = Candidate(lambda: mask, finding.estimate.confidence)
        object_id, regions = self._objects.add(ObjectState((PriorMask(mask),), (drawn,)))
        made = EvidenceObject(object_id, mask)
        self._made.append(made)
        return made, regions
