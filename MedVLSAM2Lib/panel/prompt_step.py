"""One prompt the user made, from the mouse to the segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.scene.segment_writer import SegmentWriter


@dataclass
class PromptStep:
    """What must be known to write a prompt's result, and to take it back.

    Attributes:
        volume_id: the volume in the engine.
        object_id: the object in the engine.
        segment_id: the segment it is written to.
        writer: writes that segment.
        markups: the node the prompt was drawn with.
        writes: how many undoable steps the writer holds for it: the prompt's own, and one for each candidate stepped to.
        candidate: which answer is shown, of how many.
    """

    volume_id: str
    object_id: str
    segment_id: str
    writer: SegmentWriter
    markups: Any
    writes: int = 0
    candidate: int = 0
    candidates: int = 1

    def show_markups(self, visible: bool) -> None:
        """Show or hide the prompt in the views, if it is still there."""
        display = self.markups.GetDisplayNode() if self.markups.GetScene() is not None else None
        if display is not None:
            display.SetVisibility(visible)

    def remove_markups(self) -> None:
        """Take the prompt out of the scene."""
        scene = self.markups.GetScene()
        if scene is not None:
            scene.RemoveNode(self.markups)
