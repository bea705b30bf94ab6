"""Writes the audit trail: what the engine was asked, what changed, and what a person edited by hand."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from MedVLSAM2Lib.engine import Cancelled, Done, EngineEvent
from MedVLSAM2Lib.panel.asker import Asker
from MedVLSAM2Lib.panel.hand_edits import HandEdits
from MedVLSAM2Lib.panel.prompt_step import PromptStep
from MedVLSAM2Lib.panel.report_edits import ReportEdits
from MedVLSAM2Lib.panel.reporter import Reporter
from MedVLSAM2Lib.panel.step_log import StepLog
from MedVLSAM2Lib.prompts import Box, Phrase, Point, PriorMask, Prompt
from MedVLSAM2Lib.report import ModelIdentity
from MedVLSAM2Lib.results import Failure, MaskRegion, NotFound
from MedVLSAM2Lib.scene.audit_trail import AuditEntry, AuditTrail
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.patient_words import patient_words, without_words
from MedVLSAM2Lib.scene.segment_tally import count_voxels
from MedVLSAM2Lib.scene.segments import segment_info

logger = logging.getLogger(__name__)

_BREATH_S = 0.3


class AuditRecorder:
    """Sees every event of the engine first and leaves it to the others; looks at the scene in between.

    Args:
        scene: the MRML scene.
        log: the steps of the sitting.
        asker: knows the questions.
        reporter: keeps the report.
        model: the model in use.
        volume: the chosen volume node.
        segmentation: the chosen segmentation node.

    Attributes:
        trail: where it is written.
        looks: how often it looked at the scene with nothing left to be compared.
    """

    def __init__(
        self,
        scene: Any,
        log: StepLog,
        asker: Asker,
        reporter: Reporter,
        model: Callable[[], ModelIdentity | None],
        volume: Callable[[], Any],
        segmentation: Callable[[], Any],
    ) -> None:
        self._scene, self._log, self._asker = scene, log, asker
        self._model, self._volume, self._segmentation = model, volume, segmentation
        self.trail = AuditTrail(scene)
        self._before: dict[PromptStep, int] = {}
        self._shown: dict[PromptStep, tuple[bool, int]] = {}
        self._hands = HandEdits(self._add)
        self._report_edits = ReportEdits(reporter, self._add)
        self._words: dict[Any, frozenset[str]] = {}
        self._look_at = 0.0
        self.looks = 0

    # --- what the engine tells

    def take(self, event: EngineEvent) -> bool:
        """Note what is about to be written, and what was; the event still concerns whoever asked."""
        payload = event.payload
        if isinstance(payload, MaskRegion):
            self._note_before(event.request)
        elif isinstance(payload, NotFound) and event.request in self._log.being_found:
            self._add(AuditEntry("phrase", f"“{payload.phrase}”", "nothing found", self._model()))
        elif isinstance(payload, Done):
            self._note_done(event.request)
        elif isinstance(payload, Cancelled | Failure):
            self._note_undone(event.request, "cancelled" if isinstance(payload, Cancelled) else "failed")
        return False

    def _note_before(self, request: int) -> None:
        step = self._log.running.get(request)
        if step is not None and step not in self._before:
            self._before[step] = self._count(step)

    def _note_done(self, request: int) -> None:
        question = self._asker.question_of(request)
        if question:
            self._add(AuditEntry("question", f"“{question}”", "answered", self._model()))
        step = self._log.running.get(request)
        for done in self._log.being_found.get(request, []) if step is None else [step]:
            before, after = self._before.pop(done, 0), self._count(done)
            what = "prompt" if done.drawn else "phrase"
            asked = _in_words(done.prompts)
            self._add(AuditEntry(what, asked, _change(done, before, after), self._model()))
            self._shown[done] = (True, done.candidate)
            self._hands.expect(done.segmentation_node, done.segment_id)

    def _note_undone(self, request: int, how: str) -> None:
        question, step = self._asker.question_of(request), self._log.running.get(request)
        if question:
            self._add(AuditEntry("question", f"“{question}”", how, self._model()))
        if step is not None:
            self._before.pop(step, None)
            self._add(AuditEntry("prompt", _in_words(step.prompts), f"{how}, nothing changed", self._model()))
            self._hands.expect(step.segmentation_node, step.segment_id)

    # --- what a person does

    def poll(self) -> None:
        """Note what was done since the last time; quick while nothing was."""
        self._report_edits.look()
        if self._log.is_busy:
            # What is half written would look like somebody else's work.
            return
        self._look_at_steps()
        self._hands.take()
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _BREATH_S
            self._hands.look(self._segmentation())
            self.looks += not self._hands.is_busy

    def forget_scene(self) -> None:
        """The scene was closed."""
        self._before.clear()
        self._shown.clear()
        self._words.clear()
        self._hands.forget()
        self._report_edits.forget()

    def close(self) -> None:
        """End the thread; nothing is left behind."""
        self._hands.close()

    def _look_at_steps(self) -> None:
        """What was taken back, done again, or answered otherwise."""
        now = {step: (True, step.candidate) for step in self._log.done}
        now |= {step: (False, step.candidate) for step in self._log.undone}
        for step, (stands, candidate) in now.items():
            stood, was = self._shown.get(step, (stands, candidate))
            if stands != stood:
                self._note_step(step, "redo" if stands else "undo", _in_words(step.prompts))
            elif candidate != was:
                self._note_step(step, "other answer", f"{candidate + 1} of {step.candidates}")
        self._shown = now

    def _note_step(self, step: PromptStep, what: str, asked: str) -> None:
        self._add(AuditEntry(what, asked, f"{_name(step)}: {self._count(step)} voxels", self._model()))
        self._hands.expect(step.segmentation_node, step.segment_id)

    # --- small helpers

    def _count(self, step: PromptStep) -> int:
        try:
            return count_voxels(step.segmentation_node, step.segment_id)
        except SceneError:
            return 0

    def _add(self, entry: AuditEntry) -> None:
        volume = self._volume()
        if volume not in self._words:
            self._words = {volume: patient_words(self._scene, volume)}
        words = self._words[volume]
        asked, changed = without_words(entry.asked, words), without_words(entry.changed, words)
        self.trail.add(AuditEntry(entry.what, asked, changed, entry.model))


def _in_words(prompts: Sequence[Prompt]) -> str:
    """What was drawn or said, the segment that it started from included."""
    return ", ".join(map(_prompt_in_words, prompts))


def _prompt_in_words(prompt: Prompt) -> str:
    if isinstance(prompt, Phrase):
        return f"“{prompt.text}”" + (f" ({prompt.number})" if prompt.number > 1 else "")
    if isinstance(prompt, PriorMask):
        return "the segment as it stood"
    kind = type(prompt).__name__.lower()
    if isinstance(prompt, Box):
        return f"{kind} from voxel {_voxel(prompt.minimum)} to {_voxel(prompt.maximum)}"
    side = "on the object" if prompt.positive else "beside the object"
    where = prompt.position if isinstance(prompt, Point) else prompt.points[0]
    return f"{kind} {side} at voxel {_voxel(where)}"


def _voxel(position: Sequence[float]) -> str:
    return "(" + ", ".join(str(round(value)) for value in position) + ")"


def _name(step: PromptStep) -> str:
    try:
        return f"segment {segment_info(step.segmentation_node, step.segment_id).name}"
    except SceneError:
        return "a segment that is gone"


def _change(step: PromptStep, before: int, after: int) -> str:
    return f"{_name(step)}: {before} to {after} voxels"
