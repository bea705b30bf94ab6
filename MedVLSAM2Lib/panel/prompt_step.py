"""One prompt the user made, from the mouse to the segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from MedVLSAM2Lib.panel.drawn_prompts import DrawnPrompt
from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.results import MaskRegion
from MedVLSAM2Lib.scene.edit_history import EditStep
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import require_voxels_of, volume_box
from MedVLSAM2Lib.scene.segment_prompts import keep_prompts_of_segment, prompts_of_segment
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import put_segment_back
from MedVLSAM2Lib.scene.voxel_change import VoxelChange


def target_of(segmentation_node: Any, segment_id: str) -> str:
    """One name for a segment of the scene; what the engine calls it too, unless it was found by its name."""
    return f"{segmentation_node.GetID()}/{segment_id}"


class Made(Enum):
    """What was made in the scene for a prompt's result to be written to."""

    NOTHING = "nothing"
    SEGMENT = "segment"
    SEGMENTATION = "segmentation and segment"


@dataclass(eq=False)
class PromptStep:
    """What must be known to write a prompt's result, and to take it back.

    A segment that was made for it goes when it is taken back, unless somebody has drawn in it since.

    Attributes:
        volume_id: the volume in the engine.
        volume_node: the volume in the scene.
        segmentation_node: the segmentation it is written to.
        segment_id: the segment it is written to.
        writer: writes that segment.
        prompts: what the engine was asked.
        drawn: what the user drew for it; nothing where it was typed.
        made: what was made for it.
        object_id: what the engine calls the segment; empty where it calls it by its ``target``.
        run: several steps with the same number above 0 are taken back and done again together.
        writes: what the writer changed for it: for the prompt's own answer, and for each candidate stepped to.
        candidate: which answer is shown, of how many.
        in_engine: whether the engine can still take it back.
        kept_before: what was kept with the segment before it.
        removed_segment: the segment that went when it was taken back.
    """

    volume_id: str
    volume_node: Any
    segmentation_node: Any
    segment_id: str
    writer: SegmentWriter
    prompts: tuple[Prompt, ...]
    drawn: tuple[DrawnPrompt, ...] = ()
    made: Made = Made.NOTHING
    object_id: str = ""
    run: int = 0
    writes: list[EditStep] = field(default_factory=list)
    candidate: int = 0
    candidates: int = 1
    in_engine: bool = True
    kept_before: tuple[Prompt, ...] = ()
    removed_segment: Any = None

    def __post_init__(self) -> None:
        # Once and for all: a deleted node has no ID any more.
        self.target = target_of(self.segmentation_node, self.segment_id)
        self.object_id = self.object_id or self.target
        self._box = volume_box(self.volume_node)

    @property
    def is_in_scene(self) -> bool:
        """Whether neither the volume nor the segmentation was deleted."""
        return self.volume_node.GetScene() is not None and self.segmentation_node.GetScene() is not None

    @property
    def has_segment(self) -> bool:
        """Whether its segment, too, is there."""
        segmentation = self.segmentation_node.GetSegmentation() if self.is_in_scene else None
        return segmentation is not None and segmentation.GetSegment(self.segment_id) is not None

    def write(self, region: MaskRegion, *, as_new_step: bool) -> None:
        """Write a region of its answer; SceneError when that cannot be done."""
        require_voxels_of(self.volume_node, self._box)
        if as_new_step:
            self.writes.append(self.writer.begin_step())
        self.writer.write(self.segment_id, region.mask)
        self.candidate, self.candidates = region.candidate, region.candidates

    @property
    def change(self) -> VoxelChange | None:
        """What it changed of its segment; None for nothing."""
        return self.writer.change_in(self.segment_id, self.writes)

    def keep_prompts(self) -> None:
        """Keep its prompts with the segment, after those that are kept already; SceneError when it is gone."""
        self.kept_before = prompts_of_segment(self.segmentation_node, self.segment_id, self.volume_node)
        self._keep(self.kept_before + self.prompts)

    def take_back(self) -> None:
        """Give the scene back what it was before; SceneError when the segment cannot be written."""
        self.unwrite()
        self._keep(self.kept_before)
        self._remove_segment_if_made()

    def unwrite(self) -> None:
        """Take back what was written of it; SceneError when it cannot be."""
        for written in reversed(self.writes):
            self.writer.undo(written)

    def do_again(self) -> None:
        """Write what was taken back; SceneError when it cannot be written."""
        self._put_segment_back()
        for written in self.writes:
            self.writer.redo(written)
        self._keep(self.kept_before + self.prompts)

    def drop(self) -> None:
        """Leave nothing of a step that is not to be; SceneError when the segment cannot be written."""
        self.unwrite()
        self.writer.forget(self.writes)
        self._remove_segment_if_made()
        node = self.segmentation_node
        if self.is_in_scene and self.made is Made.SEGMENTATION and node.GetSegmentation().GetNumberOfSegments() == 0:
            node.GetScene().RemoveNode(node)

    def show_drawn(self, visible: bool) -> None:
        """Show or hide in the views what was drawn for it."""
        for drawn in self.drawn:
            drawn.show(visible)

    def remove_drawn(self) -> None:
        """Take what was drawn for it out of the scene."""
        for drawn in self.drawn:
            drawn.remove()

    def forget(self) -> None:
        """It can be neither taken back nor done again any more."""
        self.writer.forget(self.writes)
        self.remove_drawn()

    def _remove_segment_if_made(self) -> None:
        segmentation = self.segmentation_node.GetSegmentation()
        segment = segmentation.GetSegment(self.segment_id) if segmentation is not None else None
        if self.made is not Made.NOTHING and segment is not None and self.writer.read(self.segment_id).is_empty:
            segmentation.RemoveSegment(self.segment_id)
            self.removed_segment = segment

    def _put_segment_back(self) -> None:
        segmentation = self.segmentation_node.GetSegmentation()
        if self.removed_segment is None or segmentation is None:
            return
        if segmentation.GetSegment(self.segment_id) is not None:
            raise SceneError("Another segment took the place of the one that was taken back; prompt again.")
        put_segment_back(segmentation, self.removed_segment, self.segment_id)
        self.removed_segment = None

    def _keep(self, prompts: tuple[Prompt, ...]) -> None:
        segmentation = self.segmentation_node.GetSegmentation()
        if segmentation is not None and segmentation.GetSegment(self.segment_id) is not None:
            keep_prompts_of_segment(self.segmentation_node, self.segment_id, self.volume_node, prompts)
