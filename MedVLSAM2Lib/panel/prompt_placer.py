"""Lets the user draw prompts in the views: one markups node for each prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

from MedVLSAM2Lib.panel.drag_watch import DragWatch, Stroke
from MedVLSAM2Lib.panel.prompt_tool import BOX, PromptTool
from MedVLSAM2Lib.panel.strokes import BoxStroke, LineStroke
from MedVLSAM2Lib.scene.prompt_markups import flatten_if_on_one_slice, new_prompt_markups, settle
from MedVLSAM2Lib.volume.reorientation import Position

OnDrawn = Callable[[PromptTool, bool, Any], None]


class PromptPlacer:
    """Holds at most one tool; when a prompt is complete, hands its markups node over and offers the next.

    A prompt is drawn in one go with the button held down, or control point by control point, as markups are in Slicer.

    Args:
        scene: the MRML scene.
        application_logic: for the selection and interaction nodes.
        layout_manager: for the slice views; None where there is no main window.
        on_drawn: called with the tool, whether it was positive, and the markups node, which is then the receiver's.
        on_put_down: called when something else took the tool out of the user's hand.
    """

    def __init__(
        self,
        scene: Any,
        application_logic: Any,
        layout_manager: Any,
        on_drawn: OnDrawn,
        on_put_down: Callable[[], object],
    ) -> None:
        self._scene = scene
        self._application_logic = application_logic
        self._on_drawn = on_drawn
        self._on_put_down = on_put_down
        self._tool: PromptTool | None = None
        self._positive = True
        self._node: Any = None
        self._first_corner: Position | None = None
        self._observation: int | None = None
        self._drags = DragWatch(layout_manager, self._begin_stroke)
        interaction = self._interaction()
        self._mode_observation = interaction.AddObserver(interaction.InteractionModeChangedEvent, self._on_mode)

    @property
    def tool(self) -> PromptTool | None:
        """The tool in hand."""
        return self._tool

    def take(self, tool: PromptTool, positive: bool) -> None:
        """Take a tool in hand, putting down another; what was begun with that is dropped."""
        self.put_down()
        self._tool, self._positive = tool, positive
        self._offer_next()
        self._drags.set_on(tool.is_drawn)

    def finish(self) -> None:
        """Complete a stroke or an outline that has no fixed number of points."""
        if self._tool is not None and self._tool.points is None and self._node is not None:
            self._complete()

    def put_down(self) -> None:
        """Put the tool down and drop what was begun."""
        self._tool = None
        self._drags.set_on(False)
        node = self._released_node()
        if node is not None:
            self._scene.RemoveNode(node)
        self._interaction().SetCurrentInteractionMode(self._interaction().ViewTransform)

    def close(self) -> None:
        """Put the tool down for good."""
        self.put_down()
        self._interaction().RemoveObserver(self._mode_observation)

    def _begin_stroke(self, slice_node: Any, position: Position) -> Stroke | None:
        tool = self._tool
        if tool is None:
            return None
        node = self._new_markups(tool)
        stroke = BoxStroke if tool is BOX else LineStroke
        return stroke(node, slice_node, position, lambda: self._hand_over(tool, node))

    def _offer_next(self) -> None:
        if self._tool is None or self._node is not None:
            return
        self._node, self._first_corner = self._new_markups(self._tool), None
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
        elif tool is BOX:
            r, a, s = node.GetNthControlPointPositionWorld(0)
            self._first_corner = (r, a, s)

    def _on_mode(self, _caller: Any, _event: Any) -> None:
        interaction = self._interaction()
        if self._tool is not None and interaction.GetCurrentInteractionMode() != interaction.Place:
            self._on_put_down()

    def _complete(self) -> None:
        tool, first_corner, node = self._tool, self._first_corner, self._released_node()
        if tool is None or node is None:
            return
        if first_corner is not None:
            flatten_if_on_one_slice(node, first_corner)
        self._hand_over(tool, node)
        self._offer_next()

    def _hand_over(self, tool: PromptTool, node: Any) -> None:
        settle(node)
        self._on_drawn(tool, self._positive, node)

    def _released_node(self) -> Any:
        node, self._node, self._first_corner = self._node, None, None
        if node is not None and self._observation is not None:
            node.RemoveObserver(self._observation)
        self._observation = None
        return node if node is not None and node.GetScene() is not None else None

    def _new_markups(self, tool: PromptTool) -> Any:
        colour = tool.colour_for(self._positive)
        return new_prompt_markups(self._scene, tool.markups_class, f"MedVLSAM2 {tool.name}", colour)

    def _interaction(self) -> Any:
        return self._application_logic.GetInteractionNode()
