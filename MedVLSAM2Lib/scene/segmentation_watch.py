"""Tells that segments may have come, gone, or been changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer


class SegmentationWatch:
    """Observes one segmentation at a time.

    Args:
        changed: called at each event, many times during a stroke of the brush: take a breath before looking.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._node: Any = None
        self._tags: list[int] = []

    def follow(self, segmentation_node: Any) -> None:
        """Observe this segmentation instead of the one before; None for none."""
        if segmentation_node is self._node:
            return
        for tag in self._tags:
            self._node.RemoveObserver(tag)
        self._node, self._tags = segmentation_node, []
        if segmentation_node is not None:
            self._tags = [segmentation_node.AddObserver(event, lambda *_: self._changed()) for event in _events()]


def _events() -> tuple[int, ...]:
    events = slicer.vtkSegmentation
    return (
        events.SegmentAdded,
        events.SegmentRemoved,
        events.SegmentModified,
        events.SourceRepresentationModified,
    )
