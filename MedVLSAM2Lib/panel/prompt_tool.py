"""The tools a person prompts with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.prompts import Box, Lasso, Point, Prompt, Scribble
from MedVLSAM2Lib.scene.prompt_markups import Colour
from MedVLSAM2Lib.scene.prompt_reader import box_from_roi, lasso_from_curve, point_from_markups, scribble_from_curve
from MedVLSAM2Lib.scene.volume_frame import VolumeFrame

POSITIVE_COLOUR = (0.20, 0.80, 0.35)
NEGATIVE_COLOUR = (0.95, 0.25, 0.25)
BOX_COLOUR = (1.00, 0.75, 0.10)


@dataclass(frozen=True)
class PromptTool:
    """One way of prompting, and the markups it is drawn with.

    Attributes:
        name: stable name; the panel's button is ``<name>Button``.
        capability: what a model must have been trained for to answer it.
        markups_class: the MRML node it draws.
        points: after how many control points it is complete; None when the user ends it.
        is_drawn: whether it can also be drawn in one go, with the button held down.
        colour: of its markups while positive.
        hint: what the status line says while it is in hand.
    """

    name: str
    capability: str
    markups_class: str
    points: int | None
    is_drawn: bool
    colour: Colour
    hint: str

    def colour_for(self, positive: bool) -> Colour:
        """The colour of a prompt that marks the object, or what is not the object; a box is neither."""
        return self.colour if positive or self.name == "box" else NEGATIVE_COLOUR


POINT = PromptTool("point", "click", "vtkMRMLMarkupsFiducialNode", 1, False, POSITIVE_COLOUR, "Click in a slice.")
BOX = PromptTool(
    "box",
    "box",
    "vtkMRMLMarkupsROINode",
    2,
    True,
    BOX_COLOUR,
    "Drag a rectangle around the object on one slice, or click two opposite corners, on one slice or on two.",
)
SCRIBBLE = PromptTool(
    "scribble",
    "scribble",
    "vtkMRMLMarkupsCurveNode",
    None,
    True,
    POSITIVE_COLOUR,
    "Drag a stroke through the object, or click along it and press Enter.",
)
LASSO = PromptTool(
    "lasso",
    "lasso",
    "vtkMRMLMarkupsClosedCurveNode",
    None,
    True,
    POSITIVE_COLOUR,
    "Drag an outline around the object on one slice, or click around it and press Enter.",
)
TOOLS = (POINT, BOX, SCRIBBLE, LASSO)


def tool_of(prompt: Prompt) -> PromptTool | None:
    """The tool a prompt is made with; None for a mask that was given."""
    kinds = {Point: POINT, Box: BOX, Scribble: SCRIBBLE, Lasso: LASSO}
    return next((tool for kind, tool in kinds.items() if isinstance(prompt, kind)), None)


def read_prompt(tool: PromptTool, positive: bool, markups: Any, frame: VolumeFrame) -> Prompt:
    """The prompt that was drawn with ``tool``; PromptError or SceneError when it is none."""
    if tool is POINT:
        return point_from_markups(markups, 0, frame, positive)
    if tool is BOX:
        return box_from_roi(markups, frame)
    if tool is SCRIBBLE:
        return scribble_from_curve(markups, frame, positive)
    return lasso_from_curve(markups, frame, positive)
