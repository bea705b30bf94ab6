"""The prompts a segment was made with, kept with it: saved, loaded, copied and deleted with its segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from MedVLSAM2Lib.prompts import PriorMask, Prompt, in_force
from MedVLSAM2Lib.scene.node_access import require_segment
from MedVLSAM2Lib.scene.prompt_json import prompts_from_json, prompts_to_json

_PROMPTS, _VOLUME = "MedVLSAM2.Prompts.", "MedVLSAM2.Volume."


def prompts_of_segment(segmentation_node: Any, segment_id: str, volume_node: Any) -> tuple[Prompt, ...]:
    """What was drawn for a segment on this volume and still holds, oldest first.

    Raises:
        SceneError: the segment is gone, or what is kept cannot be read.
    """
    require_segment(segmentation_node, segment_id)
    is_of_volume = volume_node is not None and segmentation_node.GetNodeReference(_VOLUME + segment_id) is volume_node
    return prompts_kept(segmentation_node, segment_id) if is_of_volume else ()


def prompts_kept(segmentation_node: Any, segment_id: str) -> tuple[Prompt, ...]:
    """The same on whichever volume; SceneError when what is kept cannot be read."""
    text = segmentation_node.GetAttribute(_PROMPTS + segment_id)
    return prompts_from_json(text) if text else ()


def has_prompts(segmentation_node: Any, segment_id: str) -> bool:
    """Whether anything is kept that a model was asked with for this segment."""
    return bool(segmentation_node.GetAttribute(_PROMPTS + segment_id))


def keep_prompts_of_segment(
    segmentation_node: Any, segment_id: str, volume_node: Any, prompts: Sequence[Prompt]
) -> None:
    """Keep what was drawn for a segment on a volume instead of what was kept before.

    Masks given by hand are not kept, nor what they overruled: the segment itself holds them.

    Raises:
        SceneError: the segment is gone.
    """
    require_segment(segmentation_node, segment_id)
    drawn = tuple(prompt for prompt in in_force(prompts) if not isinstance(prompt, PriorMask))
    segmentation_node.SetAttribute(_PROMPTS + segment_id, prompts_to_json(drawn) if drawn else None)
    segmentation_node.SetNodeReferenceID(_VOLUME + segment_id, volume_node.GetID() if drawn else None)
