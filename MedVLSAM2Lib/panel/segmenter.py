"""What the segment section does: prompts to the engine, answers into the scene, undo and redo."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from MedVLSAM2Lib.engine import Cancelled, Done, EngineClient, EngineEvent, WorkerReady
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.drawn_prompts import DrawnPrompt, WaitingPrompts
from MedVLSAM2Lib.panel.prompt_display import PromptDisplay
from MedVLSAM2Lib.panel.prompt_step import Made, PromptStep, target_of
from MedVLSAM2Lib.panel.prompt_tool import PromptTool, read_prompt
from MedVLSAM2Lib.panel.remaining_time import RemainingTime
from MedVLSAM2Lib.panel.segment_writers import SegmentWriters
from MedVLSAM2Lib.panel.step_log import StepLog
from MedVLSAM2Lib.prompts import Phrase, PriorMask, Prompt, PromptError
from MedVLSAM2Lib.report.quantities import Quantity, write_value
from MedVLSAM2Lib.results import Failure, MaskRegion, Progress
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.evidence_segments import is_evidence
from MedVLSAM2Lib.scene.segment_prompts import prompts_of_segment
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation, segment_info
from MedVLSAM2Lib.scene.terminology import MASS
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame
from MedVLSAM2Lib.scene.voxel_change import VoxelChange

logger = logging.getLogger(__name__)

Report = Callable[[str], None]


class Segmenter:
    """Turns what was drawn into segments, one undoable step for each prompt.

    Knows no widget. ``report`` gets one sentence for the status line; ``changed`` is called when what can be done
    has changed (undo, candidates, being busy, the target segment, the model).
    """

    def __init__(
        self,
        client: EngineClient,
        volume: ChosenVolume,
        model: ChosenModel,
        log: StepLog,
        display: PromptDisplay,
        writers: SegmentWriters,
        report: Report,
        changed: Callable[[], None],
    ) -> None:
        self._client = client
        self._volume = volume
        self._model = model
        self._log = log
        self._display = display
        self._writers = writers
        self._report = report
        self._changed = changed
        self._candidate_requests: dict[int, PromptStep] = {}
        self.segmentation_node: Any = None
        self.segment_id = ""
        self._remaining = RemainingTime()
        self.progress = 0.0
        self.remaining = ""
        self.engine_has_stopped = False
        self.is_counting = False
        self.is_cancelling = False
        self.waiting = WaitingPrompts()

    # --- what is chosen, and what can be done

    @property
    def is_busy(self) -> bool:
        """Whether a prompt is being answered."""
        return self._log.is_busy or bool(self._candidate_requests)

    @property
    def can_undo(self) -> bool:
        """Whether there is a prompt to take back."""
        return bool(self._log.done or self.waiting) and not self.is_busy

    @property
    def can_redo(self) -> bool:
        """Whether there is a prompt to do again."""
        return bool(self._log.undone) and not self.is_busy

    def can_step(self, step: int) -> bool:
        """Whether the last prompt has a smaller (-1) or larger (+1) answer."""
        last = self._log.done[-1] if self._log.done and not self.is_busy else None
        return last is not None and last.in_engine and 0 <= last.candidate + step < last.candidates

    def choose_target(self, segmentation_node: Any, segment_id: str) -> None:
        """Send prompts to this segment; an empty id makes a new one with the next prompt."""
        self.segmentation_node = segmentation_node
        self.segment_id = segment_id if segmentation_node is not None else ""
        self.show_prompts()
        self._changed()

    def new_segment(self) -> None:
        """Leave the current segment as it is and make a new one with the next prompt."""
        self.choose_target(self.segmentation_node, "")
        self._report("The next prompt starts a new segment.")

    def count_lesions(self) -> None:
        """From now on every prompt that is not negative starts a segment of its own, or no longer does."""
        self.is_counting = not self.is_counting
        on, off = "Each click starts a new lesion; M ends this.", "Prompts refine the chosen segment again."
        self._report(on if self.is_counting else off)
        self._changed()

    def collect(self, is_collecting: bool) -> None:
        """Let prompts wait from now on until ``go``, or no longer."""
        self.waiting.is_collecting = is_collecting
        if is_collecting:
            self._report("Prompts wait now until you press Go (G).")
        self._changed()

    def forget_gone(self) -> None:
        """Nodes may have been deleted: let go of what belonged to them."""
        gone = {(step.volume_id, step.object_id) for step in self._log.forget_gone() if step.in_engine}
        for volume_id, object_id in gone:
            if volume_id == self._volume.volume_id and not self._log.knows(object_id):
                self._client.remove_object(volume_id, object_id)
        self._writers.forget_gone()
        self.waiting.forget_gone()
        self.waiting.remove_all(unless_on=self._volume.node)

    def let_go_of_gone_target(self) -> None:
        """What prompts went to may have been taken out of the scene."""
        if self.segmentation_node is not None and self.segmentation_node.GetScene() is None:
            self.segmentation_node = None
        if not self._has_target():
            self.segment_id = ""

    def show_prompts(self) -> None:
        """Show the prompts of the segment that prompts go to, and no others."""
        steps = (*self._log.running.values(), *self._log.done)
        self._display.show(self.segmentation_node, self.segment_id, self._volume.node, steps)

    # --- prompts

    def prompt(self, tool: PromptTool, positive: bool, markups: Any) -> None:
        """Send what was drawn, or let it wait; a refused prompt disappears again and the reason is reported."""
        try:
            self._volume.require_open()
            prompt = read_prompt(tool, positive, markups, VolumeFrame(self._volume.node))
            drawn = DrawnPrompt(prompt, markups, self._volume.node, starts_new=self.is_counting and positive)
            if self.waiting.is_collecting:
                self.waiting.add((drawn,))
                self._report(f"{_counted(self.waiting)}; Go (G) segments, Undo (Z) removes the last one.")
                self._changed()
            else:
                self.send((drawn,))
        except (SceneError, PromptError) as error:
            if markups.GetScene() is not None:
                markups.GetScene().RemoveNode(markups)
            self._refuse(error)

    def go(self) -> None:
        """Send the prompts that wait: those on one segment as one step."""
        if not self.waiting:
            self._report("No prompt waits; draw one first.")
            return
        try:
            for group in self.waiting.segments():
                self._send(group)
                self.waiting.take(group)
        except SceneError as error:
            self._refuse(error)

    def send(self, drawn: tuple[DrawnPrompt, ...]) -> PromptStep:
        """Send prompts as one step; they take the place of those that failed and wait to be tried again.

        Raises:
            SceneError: they cannot be sent; one sentence.
        """
        step = self._send(drawn)
        if not self.waiting.is_collecting:
            self.waiting.remove_all()
        return step

    def _send(self, drawn: tuple[DrawnPrompt, ...]) -> PromptStep:
        volume_id = self._volume.require_open()
        step = self._step(volume_id, drawn, self._require_target(is_next=drawn[0].starts_new))
        request = self._client.add_prompts(step.volume_id, step.object_id, step.prompts)
        self._log.begin(request, step)
        self._report("Segmenting…")
        self.begin_progress()
        return step

    def has_done(self, step: PromptStep) -> bool:
        """Whether a step was answered, and not taken back."""
        return step in self._log.done

    def undo(self) -> None:
        """Take the last prompt back, on whichever segment it was; one that waits before any that was answered."""
        if not self.can_undo:
            self._report("There is no prompt to undo.")
            return
        if self.waiting.remove_last():
            self._report(f"{_counted(self.waiting)}." if self.waiting else "The waiting prompt was taken back.")
            self._changed()
            return
        for step in reversed(self._log.last_done()):
            self._log.done.pop()
            if self._in_scene(step.take_back):
                if step.in_engine:
                    self._client.undo(step.volume_id, step.object_id)
                self._log.undone.append(step)
                self._report("The last prompt was taken back.")
            step.show_drawn(False)
        if not self._has_target():
            self.segment_id = ""
        self._changed()

    def redo(self) -> None:
        """Do the prompt that was taken back again."""
        if not self.can_redo:
            self._report("There is no prompt to redo.")
            return
        for step in self._log.last_undone():
            self._log.undone.pop()
            if self._in_scene(step.do_again):
                if step.in_engine:
                    self._client.redo(step.volume_id, step.object_id)
                self._log.done.append(step)
                self._report("The prompt was done again.")
                if not self._has_target():
                    self.segmentation_node, self.segment_id = step.segmentation_node, step.segment_id
        self.show_prompts()
        self._changed()

    def step_candidate(self, step: int) -> None:
        """Show the next smaller (-1) or larger (+1) answer to a first prompt."""
        if not self.can_step(step):
            self._report(f"There is no {'smaller' if step < 0 else 'larger'} answer; refine with another prompt.")
            return
        last = self._log.done[-1]
        request = self._client.step_candidate(last.volume_id, last.object_id, step)
        self._candidate_requests[request] = last
        self._changed()

    def cancel(self) -> None:
        """Stop what is being answered; every segment is then what it was before."""
        if self.is_busy:
            self.is_cancelling = True
            self._report("Cancelling…")
            self._client.cancel()

    def forget_scene(self) -> None:
        """The scene was closed: results still on their way belong nowhere."""
        self._client.cancel()
        self._volume.forget_scene()
        self._log.clear()
        self._display.forget()
        self._writers.forget()
        self._candidate_requests.clear()
        self.waiting.remove_all()
        self.segmentation_node, self.segment_id = None, ""
        self._changed()

    # --- what comes back

    def take(self, event: EngineEvent) -> bool:
        """Deal with an event that concerns no one else."""
        payload = event.payload
        if isinstance(payload, MaskRegion):
            self._write(event.request, payload)
        elif isinstance(payload, Progress):
            self.show_progress(payload)
        elif isinstance(payload, Done):
            self._finish(event.request)
        elif isinstance(payload, Cancelled | Failure):
            self._abandon(event, payload)
        elif isinstance(payload, WorkerReady):
            self.engine_has_stopped = False
            logger.info("The engine is ready: %s", payload.worker)
            self._changed()
        return True

    def begin_progress(self) -> None:
        """The engine was asked something that takes time."""
        self._remaining.begin()
        self.progress, self.remaining, self.is_cancelling = 0.0, "", False
        self._changed()

    def show_progress(self, progress: Progress) -> None:
        """Show how far the engine has come with what it is asked."""
        self.progress, self.remaining = progress.fraction, self._remaining.at(progress.fraction)
        self._changed()

    def _write(self, request: int, region: MaskRegion) -> None:
        step = self._log.running.get(request) or self._candidate_requests.get(request)
        if step is None:
            return
        as_new_step = not step.writes or request in self._candidate_requests
        if not self._in_scene(lambda: step.write(region, as_new_step=as_new_step)):
            self._log.running.pop(request, None)
            self._candidate_requests.pop(request, None)
            self._log.forget_in_engine(step.volume_id, step.object_id)
            self._drop(step, may_try_again=step.has_segment)
            if step.removed_segment is not None:
                self._client.remove_object(step.volume_id, step.object_id)
            self._changed()

    def _finish(self, request: int) -> None:
        shown = self._candidate_requests.pop(request, None)
        made = self._log.running.pop(request, None)
        if made is not None:
            self._log.done.append(made)
            self._in_scene(made.keep_prompts)
        step = made or shown
        if step is not None:
            self._in_scene(lambda: self._report(_summary(step)))
        self._changed()

    def _abandon(self, event: EngineEvent, payload: Cancelled | Failure) -> None:
        step = self._log.running.pop(event.request, None)
        self._candidate_requests.pop(event.request, None)
        if step is not None:
            self._drop(step, may_try_again=isinstance(payload, Failure) and payload.kind != "prompt")
        if isinstance(payload, Failure):
            self._fail(event, payload)
        elif step is not None:
            self._report("Cancelled; everything is as it was.")
        self._changed()

    def _drop(self, step: PromptStep, *, may_try_again: bool) -> None:
        """Leave nothing of a step that is not to be; its prompts wait where they may be sent once more."""
        for other in self._log.running_on(step.target):
            # Its answer is still to come, into the segment that was made for this one.
            other.made, step.made = step.made, Made.NOTHING
        self._in_scene(step.drop)
        self.let_go_of_gone_target()
        if may_try_again or self.waiting.is_collecting:
            self.waiting.add(step.drawn)
        else:
            step.remove_drawn()

    def _fail(self, event: EngineEvent, failure: Failure) -> None:
        logger.warning("%s %s", failure.message, failure.detail)
        self._report(self.sentence_about(failure))
        if not event.request and event.object_id:
            self._log.forget_in_engine(event.volume_id, event.object_id)
        elif not event.request and failure.kind == "worker":
            self.engine_has_stopped = True

    # --- small helpers

    def sentence_about(self, failure: Failure) -> str:
        """What the user is told of a failure."""
        # Why the volume or the model cannot be used says more than that it is not there.
        reason = {"volume": self._volume.problem, "checkpoint": self._model.problem}.get(failure.kind, "")
        return reason or failure.message

    def segmentation_for_new(self) -> Any:
        """Where new segments go: the chosen segmentation, or one that is made; SceneError when it cannot be.

        Evidence of answers is for correcting; what is new never goes there.
        """
        node = self.segmentation_node
        if node is None or node.GetScene() is None or is_evidence(node):
            self.segmentation_node, self.segment_id = create_segmentation(self._volume.node), ""
        return self.segmentation_node

    def _has_target(self) -> bool:
        node = self.segmentation_node
        segmentation = node.GetSegmentation() if node is not None and node.GetScene() is not None else None
        return (
            bool(self.segment_id) and segmentation is not None and segmentation.GetSegment(self.segment_id) is not None
        )

    def _require_target(self, *, is_next: bool) -> Made:
        if not is_next and self._has_target():
            return Made.NOTHING
        chosen = self.segmentation_node
        node = self.segmentation_for_new()
        self.segment_id = create_segment(node, "Lesion", terminology=MASS) if is_next else create_segment(node)
        return Made.SEGMENT if node is chosen else Made.SEGMENTATION

    def _step(self, volume_id: str, drawn: tuple[DrawnPrompt, ...], made: Made) -> PromptStep:
        node, segment_id = self.segmentation_node, self.segment_id
        writer, object_id = self._writers.of(node, self._volume.node), self._log.object_of(target_of(node, segment_id))
        prompts = (*self._what_engine_lacks(volume_id, object_id, writer), *(one.prompt for one in drawn))
        return PromptStep(volume_id, self._volume.node, node, segment_id, writer, prompts, drawn, made, object_id)

    def _what_engine_lacks(self, volume_id: str, object_id: str, writer: SegmentWriter) -> tuple[Prompt, ...]:
        """What must come before a prompt for the engine's object to be what the segment is."""
        if self._log.is_running(object_id):
            return ()
        is_known = self._log.engine_knows(volume_id, object_id)
        if is_known and not writer.edited_since_write(self.segment_id):
            return ()
        mask = writer.read(self.segment_id)
        drawn = () if is_known else self._usable_prompts()
        return (PriorMask(mask), *drawn) if is_known or drawn or not mask.is_empty else ()

    def _usable_prompts(self) -> tuple[Prompt, ...]:
        """What is kept with the segment, without phrases where the model knows no words: the mask holds what they found."""
        kept = prompts_of_segment(self.segmentation_node, self.segment_id, self._volume.node)
        return tuple(p for p in kept if "phrase" in self._model.capabilities or not isinstance(p, Phrase))

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


def _summary(step: PromptStep) -> str:
    said = f"{segment_info(step.segmentation_node, step.segment_id).name} is segmented: {_changed(step.change)}."
    if step.candidates < 2:
        return said
    # Non-breaking spaces: a key and what it does stay on one line.
    keys = "[\u00a0smaller, ]\u00a0larger"
    return f"{said} Answer {step.candidate + 1} of {step.candidates}: {keys}."


def _counted(waiting: WaitingPrompts) -> str:
    return "1 prompt waits" if len(waiting) == 1 else f"{len(waiting)} prompts wait"


def _changed(change: VoxelChange | None) -> str:
    if change is None or change.is_empty:
        return "nothing changed"
    volumes = ((change.added_ml, "added"), (change.removed_ml, "removed"))
    return ", ".join(f"{write_value(Quantity.VOLUME, ml)} {what}" for ml, what in volumes if ml)
