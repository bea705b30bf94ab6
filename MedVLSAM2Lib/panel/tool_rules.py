"""Which tools can be used now, and why the others cannot."""

from __future__ import annotations

from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.prompt_tool import PromptTool


def why_no_tool(volume: ChosenVolume, model: ChosenModel) -> str:
    """Why no tool at all can be used, in one sentence; empty when one may be."""
    if model.problem:
        return model.problem
    if volume.node is None:
        return "Load a scan and choose it under Volume."
    return volume.problem


def why_not(tool: PromptTool, volume: ChosenVolume, model: ChosenModel) -> str:
    """Why ``tool`` cannot be used, in one sentence; empty when it can."""
    reason = why_no_tool(volume, model)
    if not reason and tool.capability not in model.capabilities:
        return f"The model {model.card.name} was not trained for the {tool.name} tool; use another tool or model."
    return reason


def why_no_phrases(volume: ChosenVolume, model: ChosenModel) -> str:
    """Why no phrase can be looked for, in one sentence; empty when one can."""
    reason = why_no_tool(volume, model)
    if not reason and "phrase" not in model.capabilities:
        return f"The model {model.card.name} does not know words; click instead, or choose a model that does."
    return reason


def why_no_questions(volume: ChosenVolume, model: ChosenModel) -> str:
    """Why no question can be asked, in one sentence; empty when one can."""
    reason = why_no_tool(volume, model)
    if not reason and "question" not in model.capabilities:
        return f"The model {model.card.name} was not trained to answer questions; choose a model that was."
    return reason
