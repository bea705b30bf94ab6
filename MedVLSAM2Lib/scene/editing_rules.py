"""What the Segment Editor's settings let a write change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import slicer

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import visible_segment_ids

_SINGLETON_TAG, _EDITOR_CLASS = "SegmentEditor", "vtkMRMLSegmentEditorNode"


@dataclass(frozen=True)
class EditingRules:
    """Which voxels may be changed, and which neighbours give way.

    Attributes:
        overwritten: segments that lose the voxels the written one gains; all others may overlap with it.
        inside: only voxels of one of these segments may be changed; None for no such limit.
        outside: no voxel of these segments may be changed.
        intensity_range: only voxels of ``intensity_node`` from low to high may be changed; None for no such limit.
        intensity_node: the volume node whose intensities count; None, or one without voxels, for the one the mask was
            made on.
    """

    overwritten: frozenset[str] = frozenset()
    inside: frozenset[str] | None = None
    outside: frozenset[str] = frozenset()
    intensity_range: tuple[float, float] | None = None
    intensity_node: Any = None

    @classmethod
    def read(cls, editor_node: Any, segmentation_node: Any, segment_id: str) -> EditingRules:
        """The rules of a vtkMRMLSegmentEditorNode for writing one segment.

        Without an editor node everything may be changed and no neighbour is.

        Raises:
            SceneError: edits are allowed inside one segment only, and that is not chosen or gone.
        """
        if editor_node is None:
            return cls()
        everyone = frozenset(segmentation_node.GetSegmentation().GetSegmentIDs())
        visible = visible_segment_ids(segmentation_node)
        inside, outside = _masking(editor_node, everyone, visible)
        low, high = editor_node.GetSourceVolumeIntensityMaskRange()
        return cls(
            overwritten=_overwritten(editor_node, everyone, visible) - {segment_id},
            inside=inside,
            outside=outside - {segment_id},
            intensity_range=(low, high) if editor_node.GetSourceVolumeIntensityMask() else None,
            intensity_node=editor_node.GetSourceVolumeNode(),
        )


def segment_editor_node(scene: Any) -> Any:
    """The node with the settings of Slicer's Segment Editor, or another editor's where that was never opened, or None."""
    return scene.GetSingletonNode(_SINGLETON_TAG, _EDITOR_CLASS) or scene.GetFirstNodeByClass(_EDITOR_CLASS)


def settings_of_segment_editor(scene: Any) -> Any:
    """The node with the settings of Slicer's Segment Editor, made as that module makes it where it is not there."""
    node = scene.GetSingletonNode(_SINGLETON_TAG, _EDITOR_CLASS)
    if node is None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag(_SINGLETON_TAG)
        node = scene.AddNode(node)
    return node


def _overwritten(editor_node: Any, everyone: frozenset[str], visible: frozenset[str]) -> frozenset[str]:
    mode, modes = editor_node.GetOverwriteMode(), slicer.vtkMRMLSegmentEditorNode
    if mode == modes.OverwriteNone:
        return frozenset()
    return visible if mode == modes.OverwriteVisibleSegments else everyone


def _masking(
    editor_node: Any, everyone: frozenset[str], visible: frozenset[str]
) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The segments to stay inside of (None for no limit), and those to stay outside of."""
    mode, modes = editor_node.GetMaskMode(), slicer.vtkMRMLSegmentationNode
    if mode == modes.EditAllowedInsideSingleSegment:
        chosen = editor_node.GetMaskSegmentID()
        if chosen not in everyone:
            raise SceneError(
                "The Segment Editor allows edits inside one segment only, but none is chosen; "
                "choose it under Masking, or set the editable area to everywhere."
            )
        return frozenset({chosen}), frozenset()
    return {
        modes.EditAllowedInsideAllSegments: (everyone, frozenset()),
        modes.EditAllowedInsideVisibleSegments: (visible, frozenset()),
        modes.EditAllowedOutsideAllSegments: (None, everyone),
        modes.EditAllowedOutsideVisibleSegments: (None, visible),
    }.get(mode, (None, frozenset[str]()))
