"""Slicer's own Segment Editor inside the panel, to paint and click by turns."""

from __future__ import annotations

from typing import Any

import slicer

from MedVLSAM2Lib.scene.editing_rules import settings_of_segment_editor


class EditorSection:
    """Shows Slicer's Segment Editor on the chosen segment and scan; hidden where Slicer lacks its widget.

    It is made when the section is first unfolded, with the settings of Slicer's Segment Editor module, so that masking is
    the same in both. Its keys are left to that module: here the panel's own work.

    Args:
        section: the ctkCollapsibleButton.
        scene: the MRML scene.
    """

    def __init__(self, section: Any, scene: Any) -> None:
        self._section, self._scene = section, scene
        self._make = getattr(slicer, "qMRMLSegmentEditorWidget", None)
        self._editor: Any = None
        self._shown: tuple[Any, str, Any] = (None, "", None)
        section.setVisible(self._make is not None)
        section.connect("contentsCollapsed(bool)", self._on_folded)

    def refresh(self, segmentation_node: Any, segment_id: str, volume_node: Any) -> None:
        """Show this segment and scan."""
        self._shown = (segmentation_node, segment_id, volume_node)
        if self._editor is not None and not self._section.collapsed:
            self._show()

    def put_down(self) -> None:
        """Nothing is painted any more: another tool, or another module, is taken up."""
        if self._editor is not None:
            self._editor.setActiveEffectByName("")

    def _on_folded(self, is_folded: bool) -> None:
        if is_folded:
            self.put_down()
            return
        if self._editor is None and self._make is not None:
            self._editor = self._make()
            self._editor.setSegmentationNodeSelectorVisible(False)
            self._editor.setSourceVolumeNodeSelectorVisible(False)
            self._editor.setMRMLScene(self._scene)
            self._section.layout().addWidget(self._editor)
        if self._editor is not None:
            self._show()

    def _show(self) -> None:
        segmentation_node, segment_id, volume_node = self._shown
        settings = settings_of_segment_editor(self._scene)
        if self._editor.mrmlSegmentEditorNode() is not settings:
            # A closed scene has taken the earlier one along.
            self._editor.setMRMLSegmentEditorNode(settings)
        if self._editor.segmentationNode() is not segmentation_node:
            self._editor.setSegmentationNode(segmentation_node)
        if self._editor.sourceVolumeNode() is not volume_node:
            self._editor.setSourceVolumeNode(volume_node)
        if segment_id and str(self._editor.currentSegmentID()) != segment_id:
            self._editor.setCurrentSegmentID(segment_id)
