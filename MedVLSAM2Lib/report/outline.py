"""A report as it is read, section by section: what every rendering shows."""

from __future__ import annotations

from dataclasses import dataclass

from MedVLSAM2Lib.report.evidence import Evidence
from MedVLSAM2Lib.report.layout import OrganSystem, Section, SectionKey
from MedVLSAM2Lib.report.placeholders import Piece
from MedVLSAM2Lib.report.report import DRAFT_MARK, Report
from MedVLSAM2Lib.report.statements import Source, Statement


@dataclass(frozen=True)
class Line:
    """One sentence: its pieces (numbers apart from words), where it comes from, what it points at, why it is struck."""

    statement: Statement
    pieces: tuple[Piece, ...]
    evidence: tuple[Evidence, ...]
    struck: str = ""

    @property
    def text(self) -> str:
        """The sentence as it reads."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def mark(self) -> str:
        """A word for sentences that are not measured and not the reader's own; empty for the others."""
        source = self.statement.source
        return source.value if source in (Source.MODEL, Source.EDITED) else ""


@dataclass(frozen=True)
class Group:
    """Sentences under a heading (empty where the section has none).

    ``empty`` stands there when there are none, ``not_found`` below them: what was looked for and is not there.
    """

    title: str
    lines: tuple[Line, ...]
    empty: str = ""
    not_found: str = ""


@dataclass(frozen=True)
class Block:
    """A section."""

    key: SectionKey
    title: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Outline:
    """The whole: always marked as a draft."""

    title: str
    blocks: tuple[Block, ...]
    model: str

    @property
    def mark(self) -> str:
        """No field: nothing that is handed in takes it away."""
        return DRAFT_MARK


def outline(report: Report, struck: bool = False) -> Outline:
    """What a reader sees of ``report``; sentences that do not stand are left out unless ``struck``."""
    blocks = tuple(_block(report, section, struck) for section in report.layout.sections)
    return Outline(report.layout.title, blocks, model_line(report))


def model_line(report: Report) -> str:
    """The model's name, version and checkpoint, in one line."""
    model = report.model
    if model is None:
        return "No model took part."
    return f"Model: {model.name} {model.version}, checkpoint sha256 {model.checkpoint_sha256}"


def _block(report: Report, section: Section, struck: bool) -> Block:
    if section.key is not SectionKey.FINDINGS:
        return Block(section.key, section.title, (_group(report, section, struck),))
    layout = report.layout
    groups = [_group(report, section, struck, system) for system in layout.systems]
    other = _group(report, section, struck, layout.other)
    is_other_shown = bool(other.lines or other.not_found)
    return Block(section.key, section.title, (*groups, *((other,) if is_other_shown else ())))


def _group(report: Report, section: Section, struck: bool, system: OrganSystem | None = None) -> Group:
    lines = [
        _line(report, statement)
        for statement in report.statements
        if statement.section is section.key and system in (None, report.layout.system(statement.system))
    ]
    shown = tuple(line for line in lines if struck or not line.struck)
    if system is None:
        return Group("", shown, section.empty)
    not_found = report.not_found_sentence(system)
    return Group(system.title, shown, not_found or report.layout.not_assessed, not_found)


def _line(report: Report, statement: Statement) -> Line:
    rendered, evidence = report.rendered(statement), report.evidence_of(statement)
    return Line(statement, rendered, evidence, report.why_struck(statement))
