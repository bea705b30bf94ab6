"""The tools a person prompts with."""

from __future__ import annotations

from dataclasses import dataclass

POSITIVE_COLOUR = (0.20, 0.80, 0.35)
NEGATIVE_COLOUR = (0.95, 0.25, 0.25)
BOX_COLOUR = (1.00, 0.75, 0.10)


@dataclass(frozen=True)
class PromptTool:
    """One way of prompting, and the markups it is drawn with.

    Attributes:
        name: stable name; the panel's button is ``<name>Button``.
        markups_class: the MRML node it draws.
        points: after how many control points it is complete; None when the user ends it.
        colour: of its markups while positive.
        hint: what the status line says while it is in hand.
    """

    name: str
    markups_class: str
    points: int | None
    colour: tuple[float, float, float]
    hint: str


POINT = PromptTool("point", "vtkMRMLMarkupsFiducialNode", 1, POSITIVE_COLOUR, "Click in a slice.")
BOX = PromptTool("box", "vtkMRMLMarkupsROINode", 2, BOX_COLOUR, "Click two opposite corners around the object.")
SCRIBBLE = PromptTool(
    "scribble", "vtkMRMLMarkupsCurveNode", None, POSITIVE_COLOUR, "Click along a stroke, then press Enter."
)
LASSO = PromptTool(
    "lasso",
    "vtkMRMLMarkupsClosedCurveNode",
    None,
    POSITIVE_COLOUR,
    "Click around the object on one slice, then press Enter.",
)
TOOLS = (POINT, BOX, SCRIBBLE, LASSO)
