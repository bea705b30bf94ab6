"""Phrases to the engine, and a segment for each object that they name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from MedVLSAM2Lib.engine import Cancelled, Done, EngineClient, EngineEvent
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.phrase_naming import PhraseNaming
from MedVLSAM2Lib.panel.prompt_step import Made, PromptStep
from MedVLSAM2Lib.panel.segment_writers import SegmentWriters
from MedVLSAM2Lib.panel.segmenter import Segmenter
from MedVLSAM2Lib.panel.step_log import StepLog
from MedVLSAM2Lib.prompts import Phrase
from MedVLSAM2Lib.results import Failure, FoundObject, MaskRegion, NotFound, Progress
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.evidence_segments import is_evidence
from MedVLSAM2Lib.scene.node_access import require_in_scene, require_voxels_of, volume_box
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation, segment_info
from MedVLSAM2Lib.volume import VoxelBox

logger = logging.getLogger(__name__)

_LONGEST_PHRASE = 200


@dataclass(eq=False)
class _Search:
    """Phrases that are being looked for.

    Attributes:
        number: which search of the sitting.
        volume_id: the volume in the engine.
        volume_node: the volume in the scene.
        box: the volume's voxels then.
        phrases: what was asked.
        chosen: the segmentation that was chosen then, if new segments may go there.
        segmentation_node: where its segments go; None until something was found.
        by_object: the step of each object, by what the engine calls it.
        missing: what was told of phrases that name nothing.
    """

    number: int
    volume_id: str
    volume_node: Any
    box: VoxelBox
    phrases: tuple[str, ...]
    chosen: Any = None
    segmentation_node: Any = None
    by_object: dict[str, PromptStep] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Finder:
    """Turns phrases into segments; all of one search are one undoable step.

    Args:
        client: the engine.
        volume: the chosen scan.
        segmenter: knows the chosen segmentation, and takes the first found segment for its next prompts.
        log: the steps that undo takes back.
        writers: write the segments.
        naming: what segments are called.
        report: gets one sentence for the status line.

    Attributes:
        made: the steps of the last search, in the order they were found; None until it is finished, and when it came to
            nothing because it was cancelled or failed.
    """

    def __init__(
        self,
        client: EngineClient,
        volume: ChosenVolume,
        segmenter: Segmenter,
        log: StepLog,
        writers: SegmentWriters,
        naming: PhraseNaming,
        report: Callable[[str], None],
    ) -> None:
        self._client = client
        self._volume = volume
        self._segmenter = segmenter
        self._log = log
        self._writers = writers
        self._naming = naming
        self._report = report
        self._numbers = count(1)
        self._searches: dict[int, _Search] = {}
        self._missing: dict[str, dict[str, None]] = {}
        self.made: tuple[PromptStep, ...] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether anything is being looked for or segmented."""
        return self._segmenter.is_busy

    def not_found(self, volume_node: Any) -> tuple[str, ...]:
        """The structures, but no findings, that were looked for last without finding them in a volume."""
        missing = self._missing.get("" if volume_node is None else volume_node.GetID(), {})
        return tuple(filter(self._naming.is_part_of_the_body, missing))

    def find(self, phrases: Sequence[str]) -> bool:
        """Look for everything that ``phrases`` name; whether that was begun, the reason why not is reported."""
        asked = tuple(dict.fromkeys(" ".join(phrase.split()) for phrase in phrases if phrase.strip()))
        refusal = _refusal(asked)
        if refusal:
            self._report(refusal)
            return False
        try:
            volume_id = self._volume.require_open()
        except SceneError as error:
            self._refuse(error)
            return False
        self.made = None
        number = next(self._numbers)
        request = self._client.find(volume_id, asked, f"found {number}/")
        self._searches[request] = _Search(
            number, volume_id, self._volume.node, volume_box(self._volume.node), asked, self._chosen()
        )
        self._log.begin_finding(request)
        self._report(f"Looking for {asked[0]}…" if len(asked) == 1 else f"Looking for {len(asked)} structures…")
        self._segmenter.begin_progress()
        return True

    def take(self, event: EngineEvent) -> bool:
        """Whether the event was about a search."""
        search = self._searches.get(event.request)
        if search is None:
            return False
        payload = event.payload
        if isinstance(payload, FoundObject):
            self._in_scene(lambda: self._make_segment(event.request, search, payload))
        elif isinstance(payload, MaskRegion):
            self._in_scene(lambda: _write(search, payload))
        elif isinstance(payload, NotFound):
            search.missing[payload.phrase] = payload.reason
        elif isinstance(payload, Progress):
            if not self._segmenter.is_cancelling:
                self._report(f"Looking for {payload.message}…" if payload.message else "")
            self._segmenter.show_progress(payload)
        elif isinstance(payload, Done):
            self._finish(event.request, search)
        elif isinstance(payload, Cancelled | Failure):
            self._abandon(event.request, search, payload)
        return True

    def forget_scene(self) -> None:
        """The scene was closed."""
        self._searches.clear()
        self._missing.clear()
        self.made = None

    def _make_segment(self, request: int, search: _Search, found: FoundObject) -> None:
        # After a crash of the worker everything is told again.
        if found.object_id in search.by_object:
            return
        require_voxels_of(search.volume_node, search.box)
        if search.segmentation_node is None:
            search.segmentation_node = self._segmentation_for(search)
        node = search.segmentation_node
        writer = self._writers.of(node, search.volume_node)
        segment_id = create_segment(node, self._naming.name(found), terminology=self._naming.entry(found.phrase))
        step = PromptStep(
            search.volume_id,
            search.volume_node,
            node,
            segment_id,
            writer,
            (Phrase(found.phrase, found.number),),
            made=Made.SEGMENT if search.chosen is not None else Made.SEGMENTATION,
            object_id=found.object_id,
            run=search.number,
        )
        search.by_object[found.object_id] = step
        self._log.being_found[request].append(step)

    def _segmentation_for(self, search: _Search) -> Any:
        """The segmentation that was chosen when it was asked, or a new one; never one that was chosen since."""
        if search.chosen is not None:
            require_in_scene(search.chosen, "segmentation")
            return search.chosen
        if search.volume_node is self._volume.node and self._chosen() is None:
            return self._segmenter.segmentation_for_new()
        return create_segmentation(search.volume_node)

    def _chosen(self) -> Any:
        """The chosen segmentation, if new segments may go there."""
        node = self._segmenter.segmentation_node
        return None if node is None or node.GetScene() is None or is_evidence(node) else node

    def _finish(self, request: int, search: _Search) -> None:
        self._forget(request)
        self._remember_missing(search)
        steps = self.made = tuple(search.by_object.values())
        for step in steps:
            self._log.done.append(step)
            self._in_scene(step.keep_prompts)
        if steps and self._segmenter.segmentation_node is search.segmentation_node:
            self._segmenter.choose_target(search.segmentation_node, steps[0].segment_id)
        if steps or search.missing:
            self._in_scene(lambda: self._report(_summary(search, steps)))

    def _remember_missing(self, search: _Search) -> None:
        missing = self._missing.setdefault(search.volume_node.GetID() or "", {})
        for phrase in search.phrases:
            missing.pop(phrase, None)
        missing.update(dict.fromkeys(search.missing))

    def _abandon(self, request: int, search: _Search, payload: Cancelled | Failure) -> None:
        self._forget(request)
        for step in reversed(search.by_object.values()):
            self._in_scene(step.drop)
        self._segmenter.let_go_of_gone_target()
        if isinstance(payload, Failure):
            logger.warning("%s %s", payload.message, payload.detail)
            self._report(self._segmenter.sentence_about(payload))
        else:
            self._report("Cancelled; everything is as it was.")

    def _forget(self, request: int) -> None:
        self._searches.pop(request)
        self._log.being_found.pop(request, None)

    def _in_scene(self, action: Callable[[], object]) -> None:
        try:
            action()
        except SceneError as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        logger.warning("%s", error)
        self._report(str(error))


def _refusal(phrases: tuple[str, ...]) -> str:
    if not phrases:
        return "There is no phrase; type what is to be segmented."
    if max(map(len, phrases)) > _LONGEST_PHRASE:
        return f"The phrase is too long; say in at most {_LONGEST_PHRASE} characters what is to be segmented."
    return ""


def _write(search: _Search, region: MaskRegion) -> None:
    step = search.by_object.get(region.object_id)
    if step is not None:
        step.write(region, as_new_step=not step.writes)


def _summary(search: _Search, steps: Sequence[PromptStep]) -> str:
    missing = list(search.missing)
    if len(search.phrases) == 1 and missing:
        return search.missing[missing[0]]
    names = [segment_info(step.segmentation_node, step.segment_id).name for step in steps]
    found = f"{_listed(names)} {'is' if len(names) == 1 else 'are'} segmented." if len(names) < 4 else ""
    found = found or f"{len(names)} segments were made."
    return f"{found if names else ''} {f'Not found: {_listed(missing)}.' if missing else ''}".strip()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
