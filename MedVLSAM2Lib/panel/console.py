"""The panel's tasks for Slicer's Python console and for scripts in Slicer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from MedVLSAM2Lib.panel.drawn_prompts import DrawnPrompt
from MedVLSAM2Lib.panel.prompt_tool import POINT
from MedVLSAM2Lib.panel.report_export import ExportFormat, ReportMaterial, write_report
from MedVLSAM2Lib.panel.tool_rules import why_no_phrases, why_no_questions, why_not
from MedVLSAM2Lib.prompts import PromptError
from MedVLSAM2Lib.report import Report
from MedVLSAM2Lib.scene.conversation_node import Exchange
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import require_in_scene, require_segment
from MedVLSAM2Lib.scene.prompt_markups import new_prompt_markups, settle
from MedVLSAM2Lib.scene.prompt_reader import point_from_markups
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.volume.reorientation import Position

if TYPE_CHECKING:
    from MedVLSAM2Lib.panel.panel import Panel

_IDLE_S = 0.005


class Segments(NamedTuple):
    """Segments of a segmentation; ``segmentation`` is None where none was given and nothing was found."""

    segmentation: Any
    segment_ids: tuple[str, ...]


class Console:
    """Does what the panel does, by the panel itself: what is made can be undone, corrected and saved there.

    Each method returns when it is done; Slicer's window stays alive meanwhile. What cannot be done is a SceneError whose
    message is one sentence.

    Args:
        panel: does the work, and shows it.
        scene: the MRML scene.
        process_events: lets the application work off what is waiting.
    """

    def __init__(self, panel: Panel, scene: Any, process_events: Callable[[], object]) -> None:
        self._panel, self._scene, self._process_events = panel, scene, process_events

    def find(self, volume_node: Any, phrase: str, segmentation_node: Any = None) -> Segments:
        """Make a segment of each object that ``phrase`` names; none where nothing was found.

        Args:
            volume_node: the scan.
            phrase: such as ``"liver"`` or ``"all renal cysts"``.
            segmentation_node: where they go; a new segmentation if None.
        """
        panel = self._panel
        self._begin(volume_node, segmentation_node, "")
        self._refuse(why_no_phrases(panel.volume, panel.model))
        if not panel.finder.find([phrase]):
            raise SceneError(panel.last_said)
        self._wait(lambda: panel.finder.is_busy)
        if panel.finder.made is None:
            raise SceneError(panel.last_said)
        nodes = [step.segmentation_node for step in panel.finder.made]
        return Segments(nodes[0] if nodes else segmentation_node, tuple(step.segment_id for step in panel.finder.made))

    def click(
        self,
        volume_node: Any,
        points: Sequence[Position],
        negative: Sequence[Position] = (),
        segmentation_node: Any = None,
        segment_id: str = "",
        name: str = "",
    ) -> Segments:
        """Segment the object at ``points``, without what is at ``negative``; positions are R, A, S in mm, in the world.

        Args:
            volume_node: the scan.
            points: in the object.
            negative: beside it.
            segmentation_node: where the segment is, or goes; a new segmentation if None.
            segment_id: a segment to correct; a new one if empty.
            name: what to call the segment; as it is if empty.
        """
        panel = self._panel
        if not points and not (segment_id and negative):
            raise SceneError("There is nothing to segment; give a point in the object.")
        if segment_id:
            require_segment(segmentation_node, segment_id)
        self._begin(volume_node, segmentation_node, segment_id)
        self._refuse(why_not(POINT, panel.volume, panel.model))
        self._send(points, negative)
        made = Segments(panel.segmenter.segmentation_node, (panel.segmenter.segment_id,))
        if name:
            require_segment(made.segmentation, made.segment_ids[0]).SetName(name)
        return made

    def ask(self, volume_node: Any, question: str) -> Exchange:
        """The answer to a question; what was asked about the scan before is its context, and all is kept in the scene."""
        panel, asker = self._panel, self._panel.asker
        self._begin(volume_node, panel.segmenter.segmentation_node, panel.segmenter.segment_id)
        self._refuse(why_no_questions(panel.volume, panel.model))
        if not asker.ask(question):
            raise SceneError(asker.notice)
        self._wait(lambda: asker.is_busy)
        if asker.given_back:
            raise SceneError(asker.notice)
        return asker.exchanges[-1]

    def report(
        self,
        volume_node: Any,
        segmentation_node: Any,
        template: str = "",
        indication: str = "",
        prior_node: Any = None,
    ) -> Report:
        """Draft a report of a segmentation; it is kept in the scene, and what a person changed in an earlier one stays.

        Args:
            volume_node: the scan.
            segmentation_node: what is reported.
            template: a study type, such as ``"chest"``; the one that fits the segments if empty.
            indication: why the scan was made.
            prior_node: the segmentation of an earlier scan to compare with.
        """
        require_in_scene(segmentation_node, "segmentation")
        segmenter = self._panel.segmenter
        in_hand = segmenter.segment_id if segmenter.segmentation_node is segmentation_node else ""
        self._begin(volume_node, segmentation_node, in_hand)
        section, reporter = self._panel.report, self._panel.report.reporter
        reporter.make_draft(template or section.study_type, volume_node, prior_node, indication)
        self._wait(lambda: section.is_busy)
        assert reporter.report is not None
        return reporter.report

    def export(self, segmentation_node: Any, folder: Path, kind: ExportFormat) -> tuple[Path, ...]:
        """Write the report of a segmentation to ``folder``, under names that nothing there has.

        Raises:
            FileWriteError, DicomExportError: the disk refused, or the scan came from no DICOM series; one sentence.
        """
        reporter = self._panel.report.reporter
        report, template = reporter.report, reporter.template
        if report is None or template is None or reporter.segmentation_node is not segmentation_node:
            raise SceneError("There is no report of this segmentation; draft one first.")
        return write_report(
            ReportMaterial.gather(report, template, segmentation_node, reporter.volume_node), kind, folder
        )

    def _begin(self, volume_node: Any, segmentation_node: Any, segment_id: str) -> None:
        panel = self._panel
        require_in_scene(volume_node, "volume")
        if panel.segmenter.is_busy or panel.asker.is_busy:
            raise SceneError("The panel is still answering something; wait for it, or cancel it there.")
        panel.choose(volume_node, segmentation_node, segment_id)

    def _send(self, points: Sequence[Position], negative: Sequence[Position]) -> None:
        segmenter, volume_node = self._panel.segmenter, self._panel.volume.node
        frame, drawn = VolumeFrame(volume_node), []
        given = [(positions, positive) for positions, positive in ((points, True), (negative, False)) if positions]
        marks = [(self._mark(positions, positive), positive) for positions, positive in given]
        try:
            for markups, positive in marks:
                for number in range(markups.GetNumberOfControlPoints()):
                    point = point_from_markups(markups, number, frame, positive)
                    drawn.append(DrawnPrompt(point, markups, volume_node))
            step = segmenter.send(tuple(drawn))
        except (SceneError, PromptError) as error:
            for markups, _ in marks:
                self._scene.RemoveNode(markups)
            raise SceneError(str(error)) from error
        self._wait(lambda: segmenter.is_busy)
        if not segmenter.has_done(step):
            raise SceneError(self._panel.last_said)

    def _mark(self, positions: Sequence[Position], positive: bool) -> Any:
        """Positions as if they had been clicked."""
        name, colour = f"MedVLSAM2 {POINT.name}", POINT.colour_for(positive)
        markups = new_prompt_markups(self._scene, POINT.markups_class, name, colour)
        for position in positions:
            markups.AddControlPointWorld(*position)
        settle(markups)
        return markups

    def _wait(self, is_busy: Callable[[], bool]) -> None:
        self._process_events()
        while is_busy():
            time.sleep(_IDLE_S)
            self._process_events()

    @staticmethod
    def _refuse(reason: str) -> None:
        if reason:
            raise SceneError(reason)
