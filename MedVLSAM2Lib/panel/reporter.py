"""What the report section does: a draft from measured segments, kept true to them, and a person's words left alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from MedVLSAM2Lib.report import (
    ModelIdentity,
    Report,
    ReportError,
    ReportSegment,
    SectionKey,
    SegmentCode,
    SegmentMeasurements,
    Source,
    draft_report,
    with_drafted_segment,
)
from MedVLSAM2Lib.report.drafting import drafted_again, with_not_found
from MedVLSAM2Lib.report.evidence import SlicePlace
from MedVLSAM2Lib.report.placeholders import Piece
from MedVLSAM2Lib.report.technique import read_header
from MedVLSAM2Lib.report.template_guess import guess_template
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.scene.background_measurements import BackgroundMeasurements, Subject
from MedVLSAM2Lib.scene.dicom_files import dicom_files_of
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.report_node import ReportNode
from MedVLSAM2Lib.scene.segment_prompts import has_prompts
from MedVLSAM2Lib.scene.segmentation_watch import SegmentationWatch
from MedVLSAM2Lib.scene.segments import SegmentInfo, list_segments
from MedVLSAM2Lib.scene.slice_views import jump_to, make_visible
from MedVLSAM2Lib.scene.spotlight import Spotlight

logger = logging.getLogger(__name__)

_BREATH_S = 0.25
_STRUCK_BY_HAND = "Deleted by hand."


class Reporter:
    """The report of one segmentation.

    Knows no widget. ``say`` gets one sentence for the section's line; ``changed`` is called when there is something else to
    show; ``wake`` when ``poll`` is wanted until ``is_busy`` is false again; ``not_found`` tells what was looked for in vain in a
    volume.

    Attributes:
        report: the draft; None while there is none.
        segmentation_node: whose segments it is about; None for none.
        last_draft: the report as it was when a person last had a draft made; None before.
    """

    def __init__(
        self,
        templates: Mapping[str, Template],
        model: Callable[[], ModelIdentity | None],
        say: Callable[[str], None],
        changed: Callable[[], None],
        wake: Callable[[], None],
        not_found: Callable[[Any], tuple[str, ...]],
    ) -> None:
        self._templates, self._model = templates, model
        self._say, self._changed, self._wake, self._not_found = say, changed, wake, not_found
        self._watch = SegmentationWatch(self._on_scene_changed)
        self._measurements = BackgroundMeasurements(self._on_measured, self._on_not_measured)
        self._stamps: dict[str, tuple[Any, ...]] = {}
        self._look_at: float | None = None
        self._guessed_from: tuple[str, ...] = ()
        self._guessed = ""
        self._kept: ReportNode | None = None
        self._spotlight = Spotlight(None)
        self.report: Report | None = None
        self.segmentation_node: Any = None
        self.last_draft: Report | None = None

    # --- what is there

    @property
    def is_busy(self) -> bool:
        """Whether something is being measured, or about to be."""
        return self._look_at is not None or self.remaining > 0

    @property
    def remaining(self) -> int:
        """How many segments are still to be measured."""
        return self._measurements.remaining

    @property
    def study_type(self) -> str:
        """The draft's template, or the one that fits what is segmented; empty when none does."""
        if self.report is not None:
            return self.report.layout.study_type
        segments = self._segments()
        words = tuple(f"{info.name} {SegmentCode.from_terminology(info.terminology).words}" for info in segments)
        if words != self._guessed_from:
            guess = guess_template(self._templates.values(), words)
            self._guessed_from, self._guessed = words, "" if guess is None else guess.layout.study_type
        return self._guessed

    @property
    def template(self) -> Template | None:
        """The draft's template, None where there is no draft or its template is gone."""
        return None if self.report is None else self._templates.get(self.report.layout.study_type)

    @property
    def volume_node(self) -> Any:
        """The scan the draft was measured on."""
        return None if self._kept is None else self._kept.volume

    @property
    def prior_node(self) -> Any:
        """The segmentation it is compared with."""
        return None if self._kept is None else self._kept.prior

    @property
    def not_in_draft(self) -> int:
        """How many segments came after the draft."""
        known = {} if self.report is None else self.report.segments
        return sum(info.segment_id not in known for info in self._segments())

    @property
    def indication(self) -> str:
        """What was typed as the indication."""
        found = () if self.report is None else self.report.standing(SectionKey.INDICATION)
        return self.report.text_of(found[0]) if self.report is not None and found else ""

    # --- what a person does

    def choose(self, segmentation_node: Any) -> None:
        """Show the report of this segmentation from now on; None for none."""
        if segmentation_node is self.segmentation_node:
            return
        self._measurements.forget()
        self._stamps.clear()
        self._spotlight.end()
        self._spotlight = Spotlight(segmentation_node)
        self.segmentation_node, self.report, self._kept = segmentation_node, None, None
        self._watch.follow(segmentation_node)
        if segmentation_node is not None:
            self._in_scene(self._take_up)
        self._changed()

    def draft(self, study_type: str, volume_node: Any, prior_node: Any, indication: str) -> None:
        """Draft by a template what is segmented; what a person typed, edited or struck in an earlier draft is kept."""
        self._in_scene(lambda: self.make_draft(study_type, volume_node, prior_node, indication))

    def make_draft(self, study_type: str, volume_node: Any, prior_node: Any, indication: str) -> None:
        """As ``draft``.

        Raises:
            SceneError, ReportError: it cannot be made; one sentence.
        """
        template = self._templates.get(study_type)
        if template is None:
            raise SceneError(f"There is no report template {study_type}; choose one of {', '.join(self._templates)}.")
        if volume_node is None:
            raise SceneError("There is no volume; choose the scan to report on.")
        segments = list_segments(self.segmentation_node) if self.segmentation_node is not None else ()
        if not segments:
            raise SceneError("There is no segment to report on; segment something first.")
        kept = self._kept = ReportNode.for_segmentation(self.segmentation_node)
        kept.volume, kept.prior = volume_node, self._prior(prior_node)
        model = self._model() if self._model_took_part() else None
        files = dicom_files_of(volume_node)
        header = read_header(files[0]) if files else {}
        report = self.report
        if report is None:
            report = draft_report(template, (), model, indication, header)
        else:
            report = drafted_again(report, template, model, header)
        report = with_not_found(report, template, self._not_found(volume_node))
        for info in segments:
            new = ReportSegment(info.segment_id, info.name, SegmentMeasurements(info.segment_id))
            report = report.with_segment(_described(report.segments.get(info.segment_id, new), info))
        self._stamps.clear()
        self._keep(report)
        self.set_indication(indication)
        self.last_draft = self.report
        self._look()

    def set_indication(self, text: str) -> None:
        """Write the indication; empty for none."""
        report, text = self.report, text.strip()
        if report is None or text == self.indication:
            return
        for statement in report.standing(SectionKey.INDICATION):
            report = report.without_statement(statement.statement_id)
        self._keep(report.with_typed(SectionKey.INDICATION, text) if text else report)

    def edit(self, statement_id: str, text: str, before: tuple[Piece, ...] = ()) -> None:
        """Change how a sentence reads, ``before`` being how it read when that began; an emptied one is deleted."""
        if text.strip():
            self._change(lambda report: report.with_edit(statement_id, text.strip(), before))
        else:
            self.delete(statement_id)

    def add(self, section: SectionKey, system: str, text: str) -> None:
        """Add a person's own sentence."""
        if text.strip():
            self._change(lambda report: report.with_typed(section, text.strip(), system))

    def delete(self, statement_id: str) -> None:
        """Take a sentence out: a person's own and those of deleted segments go, others are struck and can be put back."""
        self._change(lambda report: _without(report, statement_id))

    def move(self, statement_id: str, step: int) -> None:
        """Put a sentence before (-1) or after (+1) its neighbour under the same heading."""
        self._change(lambda report: report.moved(statement_id, step))

    def can_move(self, statement_id: str, step: int) -> bool:
        """Whether there is a neighbour on that side."""
        report = self.report
        if report is None or statement_id not in {one.statement_id for one in report.statements}:
            return False
        return report.moved(statement_id, step) is not report

    def point_at(self, statement_id: str) -> None:
        """Make a sentence's evidence stand out in the views, without going there; empty for none."""
        self._in_scene(lambda: self._spotlight.show(self._there(statement_id) if statement_id else ()))

    def put_back(self, statement_id: str) -> None:
        """Let a sentence stand again that was deleted by hand."""
        self._change(lambda report: report.with_struck(statement_id, ""))

    def compare_with(self, prior_node: Any) -> None:
        """Measure the change against the segments of the same names in another segmentation; None to end that."""
        if self._kept is not None and prior_node is not self._kept.prior:
            self._kept.prior = self._prior(prior_node)
            self._look_soon()

    def show(self, statement_id: str) -> None:
        """Go to a sentence's evidence in all slice views and make its segments visible."""
        if self.report is not None:
            self._in_scene(lambda: self._show(statement_id))

    # --- what happens meanwhile

    def poll(self) -> None:
        """Look at what was changed, and take in what was measured."""
        if self._look_at is not None and time.monotonic() >= self._look_at:
            self._look_at = None
            self._in_scene(self._look)
        self._measurements.poll()

    def close(self) -> None:
        """End the thread; nothing is left behind."""
        self._watch.follow(None)
        self._measurements.close()

    def _on_scene_changed(self) -> None:
        self._look_soon()

    def _look_soon(self) -> None:
        # A stroke of the brush is many changes: the last one counts.
        self._look_at = time.monotonic() + _BREATH_S
        self._wake()

    def _take_up(self) -> None:
        """Take up what is kept in the scene; everything is measured anew, for what was done to it meanwhile."""
        self._kept = ReportNode.of_segmentation(self.segmentation_node)
        self.report = None if self._kept is None else self._kept.read()
        if self.report is not None:
            self._look_soon()

    def _look(self) -> None:
        """Follow what was deleted, renamed and corrected since the last look."""
        report = self.report
        if report is None:
            self._changed()
            return
        there = {info.segment_id: info for info in list_segments(self.segmentation_node)}
        for segment_id, known in report.segments.items():
            if segment_id not in there:
                report = report if known.deleted else report.without_segment(segment_id)
                self._stamps.pop(segment_id, None)
            else:
                report = self._followed(report, _described(known, there[segment_id]))
                self._measure(there[segment_id])
        if report.model is None and self._model_took_part():
            report = replace(report, model=self._model())
        if report != self.report:
            self._keep(report)
        else:
            self._changed()

    def _followed(self, report: Report, segment: ReportSegment) -> Report:
        if segment == report.segments[segment.segment_id]:
            return report
        template = self._templates.get(report.layout.study_type)
        return report.with_segment(segment) if template is None else with_drafted_segment(report, template, segment)

    def _measure(self, info: SegmentInfo) -> None:
        if self._kept is None or self._kept.volume is None:
            return
        subject = Subject(self.segmentation_node, info.segment_id, self._kept.volume, self._prior_of(info.name))
        stamp = (subject.prior, *subject.stamp())
        if self._stamps.get(info.segment_id) != stamp:
            self._stamps[info.segment_id] = stamp
            self._measurements.measure(subject)
            self._wake()

    def _prior(self, node: Any) -> Any:
        """A segmentation to compare with, None where it cannot be one."""
        if node is not None and node is self.segmentation_node:
            self._say("That is this report's own segmentation; choose that of an earlier scan as the prior.")
            return None
        if node is not None and _scan_of(node) is None:
            self._say(f"{node.GetName()} does not say which scan it was drawn on; choose another prior.")
            return None
        return node

    def _prior_of(self, name: str) -> Subject | None:
        """The segment of the same name in the prior segmentation, on the scan that one was drawn on."""
        node = None if self._kept is None else self._kept.prior
        scan = None if node is None else _scan_of(node)
        if scan is None:
            return None
        same = (info.segment_id for info in list_segments(node) if info.name.lower() == name.lower())
        segment_id = next(same, None)
        return None if segment_id is None else Subject(node, segment_id, scan)

    def _on_measured(self, segment_id: str, measured: SegmentMeasurements) -> None:
        if self.report is None or segment_id not in self.report.segments:
            return
        report = self._followed(self.report, replace(self.report.segments[segment_id], measurements=measured))
        if report != self.report:
            self._keep(report)
        else:
            self._changed()

    def _on_not_measured(self, segment_id: str, sentence: str) -> None:
        # Deleted while it waited: its sentences are struck, and there is nothing to say.
        if any(info.segment_id == segment_id for info in self._segments()):
            self._refuse(SceneError(sentence))

    # --- small helpers

    def _model_took_part(self) -> bool:
        node = self.segmentation_node
        return any(has_prompts(node, info.segment_id) for info in self._segments())

    def _show(self, statement_id: str) -> None:
        evidence = self._there(statement_id)
        self._spotlight.keep_visible(evidence)
        for segment_id in evidence:
            make_visible(self.segmentation_node, segment_id)
        place = next((place for place in evidence.values() if place is not None), None)
        if place is not None:
            jump_to(self.volume_node, place.ras)

    def _there(self, statement_id: str) -> dict[str, SlicePlace | None]:
        """The evidence of a sentence that is in the scene: the segments' ids, and where to look at each."""
        report = self.report
        if report is None:
            return {}
        there = {info.segment_id for info in self._segments()}
        evidence = report.evidence_of(report.statement(statement_id))
        return {one.segment_id: one.place for one in evidence if one.segment_id in there}

    def _change(self, change: Callable[[Report], Report]) -> None:
        """Keep what ``change`` makes of the report, or tell why it cannot be made."""
        report = self.report
        if report is not None:
            self._in_scene(lambda: self._keep(change(report)))

    def _keep(self, report: Report) -> None:
        self.report = report
        if self._kept is not None and self._kept.node.GetScene() is not None:
            self._kept.write(report)
        self._changed()

    def _segments(self) -> tuple[SegmentInfo, ...]:
        """What can be listed; why nothing can is told when something is done with it."""
        try:
            return list_segments(self.segmentation_node)
        except SceneError:
            return ()

    def _in_scene(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (SceneError, ReportError) as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        logger.warning("%s", error)
        self._say(str(error))


def _without(report: Report, statement_id: str) -> Report:
    statement = report.statement(statement_id)
    if statement.source is Source.TYPED or (report.why_struck(statement) and not statement.struck):
        return report.without_statement(statement_id)
    return report.with_struck(statement_id, _STRUCK_BY_HAND)


def _scan_of(segmentation_node: Any) -> Any:
    """The volume that a segmentation was drawn on, where it says so."""
    return segmentation_node.GetNodeReference(segmentation_node.GetReferenceImageGeometryReferenceRole())


def _described(segment: ReportSegment, info: SegmentInfo) -> ReportSegment:
    """A segment of the report under the name, code and colour it has in the scene."""
    code = SegmentCode.from_terminology(info.terminology)
    return replace(segment, name=info.name, code=code, colour=info.colour, deleted=False)
