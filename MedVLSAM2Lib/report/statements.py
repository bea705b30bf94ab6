"""A sentence of a report, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from MedVLSAM2Lib.report.evidence import Evidence
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.placeholders import placeholders_in


class Source(StrEnum):
    """Where a sentence comes from."""

    MEASURED = "measured"
    MODEL = "model"
    TYPED = "typed"
    EDITED = "edited"
    HEADER = "header"


@dataclass(frozen=True)
class Statement:
    """One sentence.

    Attributes:
        statement_id: its name in the report.
        section: where it stands.
        text: words and placeholders (``placeholders``); no number in the words counts as measured.
        source: ``edited`` once a person changed a drafted sentence; ``header`` where it was read off the scan's DICOM header.
        evidence: the segments it speaks of. One without a place points at the slice of the segment's longest diameter.
        system: the organ system, in the findings.
        struck: why it was taken out by hand or by the draft; empty while it stands. Sentences of deleted segments are
            struck by the report itself (``Report.why_struck``).
        before_edit: the text as it was drafted, once it was edited.
    """

    statement_id: str
    section: SectionKey
    text: str
    source: Source
    evidence: tuple[Evidence, ...] = ()
    system: str = ""
    struck: str = ""
    before_edit: str = ""

    @property
    def segment_ids(self) -> tuple[str, ...]:
        """The segments it rests on: those of its evidence and of its numbers, each once."""
        named = [found.segment_id for found in self.evidence]
        return tuple(dict.fromkeys([*named, *(found.segment_id for found in placeholders_in(self.text))]))

    def edited(self, text: str) -> Statement:
        """The sentence with a person's ``text``: marked as edited, unless it was the person's own; evidence is kept."""
        if text == self.text:
            return self
        if self.source is Source.TYPED:
            return replace(self, text=text)
        return replace(self, text=text, source=Source.EDITED, before_edit=self.before_edit or self.text)

    def drafted(self) -> Statement:
        """The sentence as it was before a person edited it."""
        return replace(self, text=self.before_edit or self.text)
