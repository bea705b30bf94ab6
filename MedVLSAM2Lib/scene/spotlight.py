"""Making segments stand out for a moment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

_DIMMED = 0.15


@dataclass(frozen=True)
class _Look:
    """How a segment is shown: whether at all, and its opacities in slices (fill, outline) and in 3D."""

    is_visible: bool
    fill: float
    outline: float
    surface: float


class Spotlight:
    """Shows some segments of a segmentation and dims its others, until they are to look as they did before.

    Args:
        segmentation_node: the segmentation, None for none.
    """

    def __init__(self, segmentation_node: Any) -> None:
        self._node = segmentation_node
        self._before: dict[str, _Look] = {}

    def show(self, segment_ids: Collection[str]) -> None:
        """Let these stand out; with none, all look as before."""
        if not segment_ids:
            self.end()
            return
        display = self._display()
        if display is None:
            return
        for segment_id in self._node.GetSegmentation().GetSegmentIDs():
            look = self._before.setdefault(segment_id, _look_of(display, segment_id))
            if segment_id in segment_ids:
                _apply(display, segment_id, _Look(True, 1.0, 1.0, 1.0))
            else:
                dimmed = (_DIMMED * value for value in (look.fill, look.outline, look.surface))
                _apply(display, segment_id, _Look(look.is_visible, *dimmed))

    def keep_visible(self, segment_ids: Collection[str]) -> None:
        """Let these stay visible when it ends."""
        for segment_id in self._before.keys() & set(segment_ids):
            self._before[segment_id] = replace(self._before[segment_id], is_visible=True)

    def end(self) -> None:
        """Let everything look as it did."""
        before, self._before = self._before, {}
        display = self._display()
        if display is None:
            return
        for segment_id, look in before.items():
            if self._node.GetSegmentation().GetSegment(segment_id) is not None:
                _apply(display, segment_id, look)

    def _display(self) -> Any:
        is_there = self._node is not None and self._node.GetScene() is not None
        return self._node.GetDisplayNode() if is_there else None


def _look_of(display: Any, segment_id: str) -> _Look:
    return _Look(
        bool(display.GetSegmentVisibility(segment_id)),
        display.GetSegmentOpacity2DFill(segment_id),
        display.GetSegmentOpacity2DOutline(segment_id),
        display.GetSegmentOpacity3D(segment_id),
    )


def _apply(display: Any, segment_id: str, look: _Look) -> None:
    display.SetSegmentVisibility(segment_id, look.is_visible)
    display.SetSegmentOpacity2DFill(segment_id, look.fill)
    display.SetSegmentOpacity2DOutline(segment_id, look.outline)
    display.SetSegmentOpacity3D(segment_id, look.surface)
