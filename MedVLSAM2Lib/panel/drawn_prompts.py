"""Prompts as they were drawn, and those that wait to be sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.prompts import Prompt


@dataclass(frozen=True, eq=False)
class DrawnPrompt:
    """One prompt and the mark that it left in the views.

    Attributes:
        prompt: in the volume's voxels.
        markups: the node it was drawn with; several prompts may share one.
        volume_node: the volume it was drawn on.
        starts_new: whether it starts a segment of its own.
    """

    prompt: Prompt
    markups: Any
    volume_node: Any
    starts_new: bool = False

    def show(self, visible: bool) -> None:
        """Show or hide it in the views, if it is still there."""
        display = self.markups.GetDisplayNode() if self.markups.GetScene() is not None else None
        if display is not None:
            display.SetVisibility(visible)

    def remove(self) -> None:
        """Take it out of the scene."""
        scene = self.markups.GetScene()
        if scene is not None:
            scene.RemoveNode(self.markups)


class WaitingPrompts:
    """Prompts that are sent together when the user says so, in the order they were drawn.

    Attributes:
        is_collecting: whether what is drawn waits here; what failed waits here in any case.
    """

    def __init__(self) -> None:
        self.is_collecting = False
        self._drawn: list[DrawnPrompt] = []

    def __len__(self) -> int:
        return len(self._drawn)

    def add(self, drawn: Iterable[DrawnPrompt]) -> None:
        """Let prompts wait, after those that do already."""
        self._drawn += drawn

    def segments(self) -> list[tuple[DrawnPrompt, ...]]:
        """What waits, by the segment it is for: a prompt that starts a new one begins a group."""
        groups: list[list[DrawnPrompt]] = []
        for drawn in self._drawn:
            if drawn.starts_new or not groups:
                groups.append([])
            groups[-1].append(drawn)
        return [tuple(group) for group in groups]

    def take(self, group: Iterable[DrawnPrompt]) -> None:
        """These wait no longer: they were sent."""
        self._drawn = [drawn for drawn in self._drawn if drawn not in tuple(group)]

    def remove_last(self) -> bool:
        """Forget the last one and take it out of the scene; False when none waits."""
        if self._drawn:
            self._drawn.pop().remove()
            return True
        return False

    def remove_all(self, *, unless_on: Any = None) -> None:
        """Forget them and take them out of the scene, but for those on a volume."""
        going = [drawn for drawn in self._drawn if unless_on is None or drawn.volume_node is not unless_on]
        self.take(going)
        for drawn in going:
            drawn.remove()

    def forget_gone(self) -> None:
        """Somebody deleted marks in the scene: those prompts are not sent."""
        self._drawn = [drawn for drawn in self._drawn if drawn.markups.GetScene() is not None]
