"""A report as the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from MedVLSAM2Lib.report import Report, SectionKey, Source, outline
from MedVLSAM2Lib.report.outline import Block, Line
from MedVLSAM2Lib.report.placeholders import Piece

_MARKS = {
    Source.MEASURED: "measured",
    Source.MODEL: "model",
    Source.TYPED: "typed",
    Source.EDITED: "edited",
    Source.HEADER: "header",
}
_DELETED = "deleted"


@dataclass(frozen=True)
class ReportRow:
    """One row.

    Attributes:
        text: what is read.
        section: where it stands; a sentence added below it goes there.
        system: the organ system, in the findings.
        level: 0 of a section's heading, 1 of an organ system's, 2 of what stands below.
        statement_id: the sentence's; empty of headings and of what stands for nothing.
        mark: where the sentence comes from.
        is_struck: whether it does not stand.
        can_be_put_back: whether it was struck by hand.
        hint: what is shown when the mouse rests on it.
        pieces: the sentence's words and numbers.
    """

    text: str
    section: SectionKey
    system: str = ""
    level: int = 2
    statement_id: str = ""
    mark: str = ""
    is_struck: bool = False
    can_be_put_back: bool = False
    hint: str = ""
    pieces: tuple[Piece, ...] = ()


def report_rows(report: Report) -> tuple[ReportRow, ...]:
    """All but the indication, which has a line of its own; what does not stand is in it, marked as such."""
    blocks = (block for block in outline(report, struck=True).blocks if block.key is not SectionKey.INDICATION)
    return tuple(row for block in blocks for row in _rows(report, block))


def _rows(report: Report, block: Block) -> Iterator[ReportRow]:
    yield ReportRow(block.title, block.key, level=0)
    keys = {system.title: system.key for system in (*report.layout.systems, report.layout.other)}
    silent = []
    for group in block.groups:
        key = keys.get(group.title, "")
        if group.title and (group.lines or group.not_found):
            yield ReportRow(group.title, block.key, key, level=1)
        yield from (_sentence(report, line, key) for line in group.lines)
        if group.not_found:
            yield ReportRow(group.not_found, block.key, key)
        elif not group.lines:
            silent.append(group.title)
            if not group.title:
                yield ReportRow(group.empty, block.key)
    titles = [title for title in silent if title]
    if titles:
        # One line, not one a heading: what was not looked at is long in the panel and short in worth.
        empty = report.layout.not_assessed.rstrip(".")
        yield ReportRow(f"{empty}: {'; '.join(titles)}.", block.key, report.layout.other.key)


def _sentence(report: Report, line: Line, system: str) -> ReportRow:
    statement = line.statement
    return ReportRow(
        line.text,
        statement.section,
        system,
        statement_id=statement.statement_id,
        mark=_DELETED if line.struck else _MARKS[statement.source],
        is_struck=bool(line.struck),
        can_be_put_back=bool(statement.struck),
        hint=_hint(report, line),
        pieces=line.pieces,
    )


def _hint(report: Report, line: Line) -> str:
    parts = [line.struck] if line.struck else []
    for evidence in line.evidence:
        segment = report.segments.get(evidence.segment_id)
        if segment is not None and evidence.place is not None and not segment.deleted:
            parts.append(
                f"From {segment.name}, slice {evidence.place.index + 1} of {evidence.place.count}: click to see it."
            )
    if line.statement.source is Source.EDITED:
        drafted = report.text_of(line.statement.drafted())
        parts.append(f"Changed by hand; it was drafted as: {drafted}")
    return " ".join(parts)
