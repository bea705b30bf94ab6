"""Lets the user draw prompts in the views: one markups node for each prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

from MedVLSAM2Lib.panel.prompt_tool import BOX, NEGATIVE_COLOUR, PromptTool

OnDrawn = Callable[[PromptTool, bool, Any], None]


class PromptPlacer:
    """Holds at most one tool; when a prompt is complete, hands its markups node over and offers the next.

    Args:
        scene: the MRML scene.
        application_logic: for the selection and interaction nodes.
        on_drawn: called with the tool, whether it was positive, and the markups node, which is then the receiver's.
    """

    def __init__(self, scene: Any, application_logic: Any, on_drawn: OnDrawn) -> None:
        self._scene = scene
        self._application_logic = application_logic
        self._on_drawn = on_drawn
        self._tool: PromptTool | None = None
        self._positive = True
        self._node: Any = None
        self._observation: int | None = None

    @property
    def tool(self) -> PromptTool | None:
        """The tool in hand."""
        return self._tool

    def take(self, tool: PromptTool, positive: bool) -> None:
        """Take a tool in hand, putting down another; what was begun with that is dropped."""
        self.put_down()
        self._tool, self._positive = tool, positive
        self._offer_next()

    def finish(self) -> None:
        """Complete a stroke or an outline that has no fixed number of points."""
        if self._tool is not None and self._tool.points is None and self._node is not None:
            self._complete()

    def put_down(self) -> None:
        """Put the tool down and drop what was begun."""
        self._tool = None
        node = self._released_node()
        if node is not None:
            self._scene.RemoveNode(node)
        self._interaction().SetCurrentInteractionMode(self._interaction().ViewTransform)

    def _offer_next(self) -> None:
        if self._tool is None or self._node is not None:
            return
        self._node = _new_markups(self._scene, self._tool, self._positive)
        event = slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent
        self._observation = self._node.AddObserver(event, self._on_point_defined)
        selection = self._application_logic.GetSelectionNode()
        selection.SetReferenceActivePlaceNodeClassName(self._tool.markups_class)
        selection.SetActivePlaceNodeID(self._node.GetID())
        self._interaction().SetPlaceModePersistence(1)
        self._interaction().SetCurrentInteractionMode(self._interaction().Place)

    def _on_point_defined(self, _caller: Any, _event: Any) -> None:
        tool, node = self._tool, self._node
        if tool is None or node is None or tool.points is None:
            return
        if node.GetNumberOfDefinedControlPoints() >= tool.points or (tool is BOX and max(node.GetSize()) > 0):
            # Not now: the displayable manager that placed the point is still busy with the node.
            qt.QTimer.singleShot(0, self._complete)

    def _complete(self) -> None:
        tool, node = self._tool, self._released_node()
        if tool is None or node is None:
            return
        node.SetLocked(True)
        self._on_drawn(tool, self._positive, node)
        self._offer_next()

    def _released_node(self) -> Any:
        node, self._node = self._node, None
        if node is not None and self._observation is not None:
            node.RemoveObserver(self._observation)
        self._observation = None
        return node if node is not None and node.GetScene() is not None else None

    def _interaction(self) -> Any:
        return self._application_logic.GetInteractionNode()


def _new_markups(scene: Any, tool: PromptTool, positive: bool) -> Any:
    node = scene.AddNewNodeByClass(tool.markups_class, f"MedVLSAM2 {tool.name}")
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    colour = tool.colour if positive else NEGATIVE_COLOUR
    display.SetSelectedColor(*colour)
    display.SetColor(*colour)
    display.SetActiveColor(*colour)
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(False)
    if tool is BOX:
        display.SetFillVisibility(False)
        display.SetHandlesInteractive(False)
    return node
