"""What the segment section does: prompts to the engine, answers into the scene, undo and redo."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.engine import EngineClient
from MedVLSAM2Lib.engine.events import Cancelled, Done, EngineEvent, WorkerReady, WorkerRestarted
from MedVLSAM2Lib.panel.prompt_step import PromptStep
from MedVLSAM2Lib.panel.prompt_tool import BOX, POINT, SCRIBBLE, PromptTool
from MedVLSAM2Lib.prompts import PriorMask, Prompt, PromptError
from MedVLSAM2Lib.results import Failure, MaskRegion, Progress
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.prompt_reader import box_from_roi, lasso_from_curve, point_from_markups, scribble_from_curve
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation, segment_info
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.scene.volume_reader import read_volume
from MedVLSAM2Lib.volume import VolumeError

logger = logging.getLogger(__name__)

Report = Callable[[str], None]

_POLL_S = 0.025


class Segmenter:
    """Turns what was drawn into segments, one undoable step for each prompt.

    Knows no widget. ``report`` gets one sentence for the status line; ``changed`` is called when what can be done
    has changed (undo, candidates, being busy, the target segment).
    """

    def __init__(self, client: EngineClient, report: Report, changed: Callable[[], None]) -> None:
        self._client = client
        self._report = report
        self._changed = changed
        self._volume_node: Any = None
        self._segmentation_node: Any = None
        self._segment_id = ""
        self._volume_id = ""
        self._volumes_opened = 0
        self._writers: dict[tuple[str, str], SegmentWriter] = {}
        self._running: dict[int, PromptStep] = {}
        self._candidate_requests: dict[int, PromptStep] = {}
        self._done: list[PromptStep] = []
        self._undone: list[PromptStep] = []
        self._model_request = 0
        self.progress = 0.0
        self.model_name = ""

    # --- what is chosen

    @property
    def segmentation_node(self) -> Any:
        """The segmentation that prompts go to, or None before the first."""
        return self._segmentation_node

    @property
    def segment_id(self) -> str:
        """The segment that prompts go to; empty for a new one."""
        return self._segment_id

    @property
    def is_busy(self) -> bool:
        """Whether a prompt is being answered."""
        return bool(self._running or self._candidate_requests)

    @property
    def can_undo(self) -> bool:
        """Whether there is a prompt to take back."""
        return bool(self._done) and not self.is_busy

    @property
    def can_redo(self) -> bool:
        """Whether there is a prompt to do again."""
        return bool(self._undone) and not self.is_busy

    def can_step(self, step: int) -> bool:
        """Whether the last prompt has a smaller (-1) or larger (+1) answer."""
        last = self._done[-1] if self._done and not self.is_busy else None
        return last is not None and 0 <= last.candidate + step < last.candidates

    def load_model(self, folder: Path) -> None:
        """Use the checkpoint in ``folder``; the engine is started when it is not."""
        self._client.start()
        self._model_request = self._client.load_model(folder)

    def choose_volume(self, volume_node: Any) -> None:
        """Work on this volume from now on; None for none."""
        if volume_node is self._volume_node:
            return
        self._volume_node, self._volume_id = volume_node, ""
        if volume_node is None:
            return
        try:
            volume = read_volume(volume_node)
        except (SceneError, VolumeError) as error:
            self._refuse(error)
            return
        # A node's ID comes back after the scene was closed; a volume in the engine is never mistaken for another.
        self._volumes_opened += 1
        self._volume_id = f"{volume_node.GetID()}#{self._volumes_opened}"
        self._client.open_volume(self._volume_id, volume)
        self._report(f"{volume.name} is open: choose a tool and click in a slice.")

    def choose_target(self, segmentation_node: Any, segment_id: str) -> None:
        """Send prompts to this segment; an empty id makes a new one with the next prompt."""
        self._segmentation_node = segmentation_node
        self._segment_id = segment_id if segmentation_node is not None else ""
        shown = self._object_id()
        for step in self._done:
            step.show_markups(step.object_id == shown)
        self._changed()

    def new_segment(self) -> None:
        """Leave the current segment as it is and make a new one with the next prompt."""
        self.choose_target(self._segmentation_node, "")
        self._report("The next prompt starts a new segment.")

    # --- prompts

    def prompt(self, tool: PromptTool, positive: bool, markups: Any) -> None:
        """Send what was drawn; a refused prompt disappears again and the reason is reported."""
        try:
            self._require_volume()
            prompt = _read_prompt(tool, positive, markups, VolumeFrame(self._volume_node))
            self._require_target()
            writer = self._writer()
            step = PromptStep(self._volume_id, self._object_id(), self._segment_id, writer, markups)
            request = self._client.add_prompts(step.volume_id, step.object_id, _with_hand_edits(step, prompt))
        except (SceneError, PromptError, VolumeError) as error:
            if markups.GetScene() is not None:
                markups.GetScene().RemoveNode(markups)
            self._refuse(error)
            return
        self._running[request] = step
        for forgotten in self._undone:
            forgotten.remove_markups()
        self._undone.clear()
        self.progress = 0.0
        self._report("Segmenting…")
        self._changed()

    def undo(self) -> None:
        """Take the last prompt back, on whichever segment it was."""
        if not self.can_undo:
            self._report("There is no prompt to undo.")
            return
        step = self._done.pop()
        if self._in_scene(lambda: [step.writer.undo() for _ in range(step.writes)]):
            self._client.undo(step.volume_id, step.object_id)
            self._undone.append(step)
            self._report("The last prompt was taken back.")
        step.show_markups(False)
        self._changed()

    def redo(self) -> None:
        """Do the prompt that was taken back again."""
        if not self.can_redo:
            self._report("There is no prompt to redo.")
            return
        step = self._undone.pop()
        if self._in_scene(lambda: [step.writer.redo() for _ in range(step.writes)]):
            self._client.redo(step.volume_id, step.object_id)
            self._done.append(step)
            self._report("The prompt was done again.")
        step.show_markups(step.object_id == self._object_id())
        self._changed()

    def step_candidate(self, step: int) -> None:
        """Show the next smaller (-1) or larger (+1) answer to a first prompt."""
        if not self.can_step(step):
            self._report(f"There is no {'smaller' if step < 0 else 'larger'} answer; refine with another prompt.")
            return
        last = self._done[-1]
        request = self._client.step_candidate(last.volume_id, last.object_id, step)
        self._candidate_requests[request] = last
        self._changed()

    def cancel(self) -> None:
        """Stop what is being answered; every segment is then what it was before."""
        if self.is_busy:
            self._report("Cancelling…")
            self._client.cancel()

    def forget_scene(self) -> None:
        """The scene was closed: results still on their way belong nowhere."""
        self._client.cancel()
        for volume_id in {step.volume_id for step in (*self._done, *self._undone)} | {self._volume_id} - {""}:
            self._client.close_volume(volume_id)
        for collection in (self._writers, self._running, self._candidate_requests, self._done, self._undone):
            collection.clear()
        self._volume_node = self._segmentation_node = None
        self._volume_id = self._segment_id = ""
        self._changed()

    # --- what comes back

    def poll(self) -> None:
        """Take in what the engine has told since the last time, as much as takes no longer than the eye notices."""
        for event in self._client.poll_for(_POLL_S):
            self._take(event)

    def _take(self, event: EngineEvent) -> None:
        payload = event.payload
        if isinstance(payload, MaskRegion):
            self._write(event.request, payload)
        elif isinstance(payload, Progress):
            self.progress = payload.fraction
            self._changed()
        elif isinstance(payload, Done):
            self._finish(event.request, payload)
        elif isinstance(payload, Cancelled | Failure):
            self._abandon(event, payload)
        elif isinstance(payload, WorkerRestarted):
            logger.warning("%s %s", payload.reason, payload.detail)
            self._report(f"{payload.reason} It was started again; nothing was lost.")
        elif isinstance(payload, WorkerReady):
            logger.info("The engine is ready: %s", payload.worker)

    def _write(self, request: int, region: MaskRegion) -> None:
        step = self._running.get(request) or self._candidate_requests.get(request)
        if step is None:
            return
        is_first = request in self._candidate_requests or step.writes == 0
        if not self._in_scene(lambda: _write_region(step, region, is_first)):
            self._running.pop(request, None)
            self._candidate_requests.pop(request, None)
            step.remove_markups()
            self._changed()

    def _finish(self, request: int, done: Done) -> None:
        if request == self._model_request and done.model is not None:
            self.model_name = done.model.identity
        self._candidate_requests.pop(request, None)
        step = self._running.pop(request, None)
        if step is not None:
            self._done.append(step)
            self._in_scene(lambda: self._report(_summary(step, self._segmentation_node)))
        self._changed()

    def _abandon(self, event: EngineEvent, payload: Cancelled | Failure) -> None:
        step = self._running.pop(event.request, None)
        self._candidate_requests.pop(event.request, None)
        if step is not None:
            if step.writes:
                self._in_scene(step.writer.undo)
            step.remove_markups()
        if isinstance(payload, Failure):
            logger.warning("%s %s", payload.message, payload.detail)
            self._report(payload.message)
        elif step is not None:
            self._report("Cancelled; everything is as it was.")
        self._changed()

    # --- small helpers

    def _require_volume(self) -> None:
        if self._volume_node is None:
            raise SceneError("There is no volume; choose the scan to segment.")
        if not self._volume_id:
            read_volume(self._volume_node)
            raise SceneError("The volume is not open; choose it again.")

    def _require_target(self) -> None:
        gone = self._segmentation_node is not None and self._segmentation_node.GetScene() is None
        if self._segmentation_node is None or gone:
            self._segmentation_node, self._segment_id = create_segmentation(self._volume_node), ""
        segmentation = self._segmentation_node.GetSegmentation()
        if not self._segment_id or segmentation.GetSegment(self._segment_id) is None:
            self._segment_id = create_segment(self._segmentation_node)

    def _writer(self) -> SegmentWriter:
        key = (self._segmentation_node.GetID(), self._volume_id)
        if key not in self._writers:
            editor = self._segmentation_node.GetScene().GetFirstNodeByClass("vtkMRMLSegmentEditorNode")
            self._writers[key] = SegmentWriter(self._segmentation_node, self._volume_node, editor)
        return self._writers[key]

    def _object_id(self) -> str:
        return f"{self._segmentation_node.GetID()}/{self._segment_id}" if self._segmentation_node is not None else ""

    def _in_scene(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except SceneError as error:
            self._refuse(error)
            return False
        return True

    def _refuse(self, error: Exception) -> None:
        logger.warning("%s", error)
        self._report(str(error))


def _read_prompt(tool: PromptTool, positive: bool, markups: Any, frame: VolumeFrame) -> Prompt:
    if tool is POINT:
        return point_from_markups(markups, 0, frame, positive)
    if tool is BOX:
        return box_from_roi(markups, frame)
    if tool is SCRIBBLE:
        return scribble_from_curve(markups, frame, positive)
    return lasso_from_curve(markups, frame, positive)


def _with_hand_edits(step: PromptStep, prompt: Prompt) -> tuple[Prompt, ...]:
    """The prompt, after the segment as it stands when somebody else has changed it."""
    if not step.writer.edited_since_write(step.segment_id):
        return (prompt,)
    return PriorMask(step.writer.read(step.segment_id)), prompt


def _write_region(step: PromptStep, region: MaskRegion, is_first: bool) -> None:
    if is_first:
        step.writer.begin_step()
        step.writes += 1
    step.writer.write(step.segment_id, region.mask)
    step.candidate, step.candidates = region.candidate, region.candidates


def _summary(step: PromptStep, segmentation_node: Any) -> str:
    name = segment_info(segmentation_node, step.segment_id).name
    choice = f" Answer {step.candidate + 1} of {step.candidates}: [ smaller, ] larger." if step.candidates > 1 else ""
    return f"{name} is segmented.{choice}"
