"""The phrases that segments of a scene were found by."""

from __future__ import annotations

from typing import Any

from MedVLSAM2Lib.prompts import Phrase
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import nodes_of_class
from MedVLSAM2Lib.scene.segment_prompts import prompts_kept

_SEGMENTATION = "vtkMRMLSegmentationNode"


def phrases_in_scene(scene: Any) -> tuple[str, ...]:
    """Each phrase once, in the order of the segmentations and their segments; what cannot be read is left out."""
    found: dict[str, None] = {}
    for node in nodes_of_class(scene, _SEGMENTATION):
        for segment_id in node.GetSegmentation().GetSegmentIDs():
            found.update(dict.fromkeys(_phrases(node, segment_id)))
    return tuple(found)


def _phrases(segmentation_node: Any, segment_id: str) -> list[str]:
    try:
        kept = prompts_kept(segmentation_node, segment_id)
    except SceneError:
        # Reported where somebody works on the segment; a list of suggestions is no place for it.
        return []
    return [prompt.text for prompt in kept if isinstance(prompt, Phrase)]
