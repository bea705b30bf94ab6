"""One object that a phrase named, from the phrase to the segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.panel.prompt_step import PromptStep


@dataclass(eq=False)
class FoundStep(PromptStep):
    """A step that made its segment: taken back, the segment goes too, unless somebody has drawn in it since."""

    removed_segment: Any = None

    def take_back(self) -> None:
        """Give the scene back what it was before; SceneError when the segmentation cannot be written."""
        super().take_back()
        self._remove_if_empty()

    def do_again(self) -> None:
        """Make what was taken back again; SceneError when the segmentation cannot be written."""
        segmentation = self.segmentation_node.GetSegmentation()
        if self.removed_segment is not None and segmentation is not None:
            segmentation.AddSegment(self.removed_segment, self.segment_id)
            self.removed_segment = None
        super().do_again()

    def drop(self) -> None:
        """Leave nothing of a step that is not to be; SceneError when the segmentation cannot be written."""
        if self.writes:
            self.writer.undo()
        self._remove_if_empty()

    def _remove_if_empty(self) -> None:
        segmentation = self.segmentation_node.GetSegmentation()
        segment = segmentation.GetSegment(self.segment_id) if segmentation is not None else None
        if segment is not None and self.writer.read(self.segment_id).is_empty:
            segmentation.RemoveSegment(self.segment_id)
            self.removed_segment = segment
