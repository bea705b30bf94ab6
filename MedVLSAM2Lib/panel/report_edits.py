"""Tells what was drafted, and what a person changed in the draft."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from MedVLSAM2Lib.panel.reporter import Reporter
from MedVLSAM2Lib.report import Report, Source
from MedVLSAM2Lib.report.statements import Statement
from MedVLSAM2Lib.scene.audit_trail import AuditEntry

_BY_HAND = (Source.EDITED, Source.TYPED)


class ReportEdits:
    """Compares the report with what it was at the last look. Which sentence is told, not its words: the report has those.

    Args:
        reporter: keeps the report.
        add: gets what was found.
    """

    def __init__(self, reporter: Reporter, add: Callable[[AuditEntry], None]) -> None:
        self._reporter, self._add = reporter, add
        self._node: Any = None
        self._report: Report | None = None
        self._draft: Report | None = None

    def look(self) -> None:
        """Tell of what was changed since the last time; quick while nothing was."""
        reporter = self._reporter
        report, node, draft = reporter.report, reporter.segmentation_node, reporter.last_draft
        if draft is not None and draft is not self._draft:
            count = f"{len(draft.statements)} sentences on {len(draft.segments)} segments"
            self._add(AuditEntry("draft", f"report by the template {draft.layout.study_type}", count, draft.model))
            # What was changed since the draft was made is compared with it, however soon it was.
            self._node, self._report, self._draft = node, draft, draft
        if report is not self._report and node is self._node and report is not None:
            for entry in _edits(self._report, report):
                self._add(entry)
        self._node, self._report = node, report

    def forget(self) -> None:
        """The scene was closed: a draft that nobody looked at yet went with it."""
        self._node = self._report = None
        self._draft = self._reporter.last_draft


def _edits(before: Report | None, after: Report) -> Iterator[AuditEntry]:
    if before is None:
        return
    was = {statement.statement_id: statement for statement in before.statements}
    now = {statement.statement_id: statement for statement in after.statements}
    for statement in after.statements:
        earlier = was.get(statement.statement_id)
        what = _what_was_done(earlier, statement)
        if what:
            yield AuditEntry(what, _place(statement))
    for statement_id, statement in was.items():
        if statement_id not in now and statement.source in _BY_HAND:
            yield AuditEntry("sentence deleted", _place(statement))


def _what_was_done(earlier: Statement | None, now: Statement) -> str:
    if earlier is None:
        # Drafted when its segment was measured, after the draft itself, and edited or struck before the next look.
        new = {Source.TYPED: "sentence typed", Source.EDITED: "sentence edited"}
        return new.get(now.source, "sentence struck" if now.struck else "")
    if now.text != earlier.text and now.source in _BY_HAND:
        return "sentence edited"
    if now.struck == earlier.struck:
        return ""
    return "sentence struck" if now.struck else "sentence put back"


def _place(statement: Statement) -> str:
    system = f", {statement.system}" if statement.system else ""
    about = f", on segment {', '.join(statement.segment_ids)}" if statement.segment_ids else ""
    return f"{statement.section.value}{system}: sentence {statement.statement_id}{about}"
