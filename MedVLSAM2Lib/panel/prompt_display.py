"""Which prompts are seen in the views: those of the chosen segment."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from MedVLSAM2Lib.panel.prompt_step import PromptStep, target_of
from MedVLSAM2Lib.panel.prompt_tool import tool_of
from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.prompt_markups import draw_prompt, new_prompt_markups
from MedVLSAM2Lib.scene.segment_prompts import prompts_of_segment
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame

logger = logging.getLogger(__name__)


class PromptDisplay:
    """Shows the prompts of one segment and hides all others; prompts that came with a loaded scene are drawn anew."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._drawn_anew: dict[str, list[Any]] = {}

    def show(self, segmentation_node: Any, segment_id: str, volume_node: Any, steps: Iterable[PromptStep]) -> None:
        """Show the prompts of this segment; an empty ``segment_id`` hides all. ``steps`` are those of the sitting."""
        steps = list(steps)
        shown = target_of(segmentation_node, segment_id) if segment_id else ""
        for step in steps:
            step.show_drawn(step.target == shown)
        if shown and shown not in self._drawn_anew and not any(step.target == shown for step in steps):
            self._draw(shown, _kept(segmentation_node, segment_id, volume_node), volume_node)
        for target, nodes in self._drawn_anew.items():
            for node in nodes:
                if node.GetScene() is not None:
                    node.GetDisplayNode().SetVisibility(target == shown)

    def forget(self) -> None:
        """The scene was closed."""
        self._drawn_anew.clear()

    def _draw(self, target: str, prompts: tuple[Prompt, ...], volume_node: Any) -> None:
        if not prompts:
            return
        frame = VolumeFrame(volume_node)
        self._drawn_anew[target] = []
        for prompt in prompts:
            tool = tool_of(prompt)
            if tool is not None:
                colour = tool.colour_for(getattr(prompt, "positive", True))
                node = new_prompt_markups(self._scene, tool.markups_class, f"MedVLSAM2 {tool.name}", colour)
                draw_prompt(node, prompt, frame)
                self._drawn_anew[target].append(node)


def _kept(segmentation_node: Any, segment_id: str, volume_node: Any) -> tuple[Prompt, ...]:
    try:
        return prompts_of_segment(segmentation_node, segment_id, volume_node)
    except SceneError as error:
        logger.warning("%s", error)
        return ()
