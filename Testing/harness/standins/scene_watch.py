"""Following a scene from a widget: one callback whenever its nodes come, go or change their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import vtk

_SCENE_EVENTS = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent", "EndBatchProcessEvent")


class SceneWatch:
    """The observations a widget holds on a scene and on the nodes it shows."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._scene_tags: list[tuple[Any, int]] = []
        self._node_tags: list[tuple[Any, int]] = []

    def follow_scene(self, scene: Any) -> None:
        """Observe ``scene`` instead of the one before; ``None`` ends it."""
        self._remove(self._scene_tags)
        self.follow_nodes([])
        if scene is not None:
            self._scene_tags = [self._observe(scene, getattr(scene, event)) for event in _SCENE_EVENTS]

    def follow_nodes(self, nodes: list[Any], *more_events: int) -> None:
        """Observe ``nodes`` instead of those before."""
        self._remove(self._node_tags)
        events = (vtk.vtkCommand.ModifiedEvent, *more_events)
        self._node_tags = [self._observe(node, event) for node in nodes for event in events]

    def _observe(self, observed: Any, event: int) -> tuple[Any, int]:
        return observed, observed.AddObserver(event, lambda *_: self._on_change())

    @staticmethod
    def _remove(tags: list[tuple[Any, int]]) -> None:
        for observed, tag in tags:
            observed.RemoveObserver(tag)
        tags.clear()
