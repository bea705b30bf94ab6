"""A draft report: statements in order, the segments they speak of, and the model behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from MedVLSAM2Lib.report.codes import SegmentCode
from MedVLSAM2Lib.report.evidence import Evidence, SlicePlace
from MedVLSAM2Lib.report.layout import Layout, OrganSystem, SectionKey
from MedVLSAM2Lib.report.measurements import SegmentMeasurements
from MedVLSAM2Lib.report.placeholders import SIDE, Piece, Placeholder, carry_over, render
from MedVLSAM2Lib.report.quantities import DEFINITIONS, Quantity
from MedVLSAM2Lib.report.statements import Source, Statement

DRAFT_MARK = "DRAFT — not for clinical use, unsigned"
"""Part of everything a report becomes; there is no report without it."""

_GREEN = (0.5, 0.68, 0.5)


class ReportError(ValueError):
    """The report cannot do that; the message is one sentence for the user."""


@dataclass(frozen=True)
class ModelIdentity:
    """Which model drew the masks and wrote the sentences."""

    name: str
    version: str
    checkpoint_sha256: str


@dataclass(frozen=True)
class ReportSegment:
    """A segment as the report knows it.

    Attributes:
        segment_id: its id in the segmentation.
        name: what the user calls it.
        measurements: the latest.
        code: what it is.
        colour: red, green, blue, 0..1.
        deleted: whether it is gone from the segmentation; its sentences are struck.
    """

    segment_id: str
    name: str
    measurements: SegmentMeasurements
    code: SegmentCode = field(default_factory=SegmentCode)
    colour: tuple[float, float, float] = _GREEN
    deleted: bool = False


@dataclass(frozen=True)
class Missing:
    """A structure that was looked for by name and not found, and the organ system it belongs to."""

    name: str
    system: str


@dataclass(frozen=True)
class Report:
    """A draft, never changed in place: each method gives the next one, so that going back is keeping the old one.

    Attributes:
        layout: sections and headings.
        statements: in the order they are shown within their section and heading.
        segments: by id, deleted ones included.
        model: None where no model took part.
        missing: what was looked for and not found when it was drafted.
    """

    layout: Layout
    statements: tuple[Statement, ...] = ()
    segments: Mapping[str, ReportSegment] = field(default_factory=dict)
    model: ModelIdentity | None = None
    missing: tuple[Missing, ...] = ()

    def statement(self, statement_id: str) -> Statement:
        """One sentence; ReportError where there is none of that name."""
        for statement in self.statements:
            if statement.statement_id == statement_id:
                return statement
        raise ReportError(f"The report has no sentence {statement_id}; draft it again.")

    def rendered(self, statement: Statement) -> tuple[Piece, ...]:
        """The sentence as it reads now, with its numbers from the latest measurements."""
        return render(statement.text, self._fill)

    def text_of(self, statement: Statement) -> str:
        """The sentence as it reads now."""
        return "".join(piece.text for piece in self.rendered(statement))

    def evidence_of(self, statement: Statement) -> tuple[Evidence, ...]:
        """What the sentence points at now: its segments, each with a slice where there is one."""
        given = {found.segment_id: found for found in statement.evidence}
        found = [given.get(segment_id, Evidence(segment_id)) for segment_id in statement.segment_ids]
        return tuple(one if one.place else replace(one, place=self._place(one.segment_id)) for one in found)

    def why_struck(self, statement: Statement) -> str:
        """Why the sentence does not stand; empty when it does."""
        for segment_id in statement.segment_ids:
            segment = self.segments.get(segment_id)
            if segment is not None and segment.deleted:
                return f"{segment.name} was deleted."
        return statement.struck

    def standing(self, section: SectionKey | None = None) -> tuple[Statement, ...]:
        """The sentences that are not struck, of one section or all."""
        return tuple(s for s in self.statements if section in (None, s.section) and not self.why_struck(s))

    def not_found(self, system: OrganSystem) -> tuple[str, ...]:
        """What was looked for under a heading and not found, and is not among the segments by now."""
        there = {segment.name.lower() for segment in self.segments.values() if not segment.deleted}
        sought = (one.name for one in self.missing if self.layout.system(one.system) == system)
        return tuple(name for name in sought if name.lower() not in there)

    def not_found_sentence(self, system: OrganSystem) -> str:
        """The same as a sentence; empty where all of it was found."""
        missing = self.not_found(system)
        return f"{self.layout.not_found}: {', '.join(missing)}." if missing else ""

    def with_segment(self, segment: ReportSegment) -> Report:
        """The report with a segment added or known anew: renamed, recoloured, measured again, or back from deletion."""
        return replace(self, segments={**self.segments, segment.segment_id: segment})

    def with_measurements(self, measurements: SegmentMeasurements) -> Report:
        """The report after a segment was corrected: all its sentences show the new numbers.

        Raises:
            ReportError: the report does not know the segment.
        """
        return self.with_segment(replace(self._segment(measurements.segment_id), measurements=measurements))

    def without_segment(self, segment_id: str) -> Report:
        """The report after a segment was deleted: its sentences are struck and kept."""
        return self.with_segment(replace(self._segment(segment_id), deleted=True))

    def with_statement(self, statement: Statement) -> Report:
        """The report with one more sentence, at the end of its section.

        Raises:
            ReportError: there is a sentence of that name.
        """
        if any(other.statement_id == statement.statement_id for other in self.statements):
            raise ReportError(f"The report has a sentence {statement.statement_id} already; edit that one.")
        return replace(self, statements=(*self.statements, statement))

    def with_typed(
        self, section: SectionKey, text: str, system: str = "", evidence: tuple[Evidence, ...] = ()
    ) -> Report:
        """The report with a sentence a person wrote."""
        return self.with_statement(Statement(self.new_id(), section, text, Source.TYPED, evidence, system))

    def with_edit(self, statement_id: str, shown: str, before: tuple[Piece, ...] = ()) -> Report:
        """The report after a person changed how a sentence reads to ``shown``.

        The sentence is marked as edited and keeps its evidence; a number the person left whole is still measured, any other
        is the person's word. ``before`` is how the sentence read when the person began, where its numbers have changed since.
        """
        statement = self.statement(statement_id)
        return self._with(statement.edited(carry_over(before or self.rendered(statement), shown)))

    def with_struck(self, statement_id: str, why: str = "Struck by hand.") -> Report:
        """The report with a sentence struck; with an empty ``why``, standing again unless its segment is deleted."""
        return self._with(replace(self.statement(statement_id), struck=why))

    def moved(self, statement_id: str, step: int) -> Report:
        """The report with a sentence before (-1) or after (+1) its neighbour; as it was where there is none.

        A sentence stays under its heading: numbers and evidence are told by their section and organ system.
        """
        moving = self.statement(statement_id)
        beside = [one for one in self.statements if self._heading(one) == self._heading(moving)]
        place = beside.index(moving) + step
        if not 0 <= place < len(beside):
            return self
        other = beside[place]
        swapped = {moving.statement_id: other, other.statement_id: moving}
        return replace(self, statements=tuple(swapped.get(one.statement_id, one) for one in self.statements))

    def without_statement(self, statement_id: str) -> Report:
        """The report without a sentence; a drafted one comes back with the next draft of its segment (``with_struck``)."""
        gone = self.statement(statement_id)
        return replace(self, statements=tuple(one for one in self.statements if one is not gone))

    def new_id(self) -> str:
        """A name no sentence has."""
        taken = {statement.statement_id for statement in self.statements}
        number = len(taken) + 1
        while f"s{number}" in taken:
            number += 1
        return f"s{number}"

    def _with(self, changed: Statement) -> Report:
        same = changed.statement_id
        return replace(self, statements=tuple(changed if s.statement_id == same else s for s in self.statements))

    def _heading(self, statement: Statement) -> tuple[SectionKey, OrganSystem]:
        return statement.section, self.layout.system(statement.system)

    def _segment(self, segment_id: str) -> ReportSegment:
        if segment_id not in self.segments:
            raise ReportError(f"The report does not know the segment {segment_id}; draft it again.")
        return self.segments[segment_id]

    def _place(self, segment_id: str) -> SlicePlace | None:
        segment = self.segments.get(segment_id)
        return None if segment is None else segment.measurements.place

    def _fill(self, placeholder: Placeholder) -> str | None:
        segment = self.segments.get(placeholder.segment_id)
        if segment is None:
            return None
        if placeholder.name == SIDE:
            side = segment.measurements.side
            return "[side not measured]" if side is None else side.side.value
        quantity = Quantity(placeholder.name)
        found = segment.measurements.measurements.get(quantity)
        return f"[{DEFINITIONS[quantity].title.lower()} not measured]" if found is None else found.text
