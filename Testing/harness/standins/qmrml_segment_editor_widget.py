"""qMRMLSegmentEditorWidget: what it is shown, without the effects, which are the application's."""

from __future__ import annotations

from typing import Any

from PySide6 import QtWidgets

from .qmrml_widget import qMRMLWidget


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Keeps what it was given in the Segment Editor node, as the original does; setters without that node do nothing."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: Any = None
        QtWidgets.QVBoxLayout(self).addWidget(QtWidgets.QLabel("Slicer's Segment Editor"))

    def setSegmentationNodeSelectorVisible(self, visible: bool) -> None:
        """The original has a selector of its own."""

    def setSourceVolumeNodeSelectorVisible(self, visible: bool) -> None:
        """The original has a selector of its own."""

    def mrmlSegmentEditorNode(self) -> Any:
        return self._settings if self._settings is not None and self._settings.GetScene() is not None else None

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        self._settings = node

    def segmentationNode(self) -> Any:
        node = self.mrmlSegmentEditorNode()
        return None if node is None else node.GetSegmentationNode()

    def setSegmentationNode(self, node: Any) -> None:
        if self.mrmlSegmentEditorNode() is not None:
            self._settings.SetAndObserveSegmentationNode(node)

    def sourceVolumeNode(self) -> Any:
        node = self.mrmlSegmentEditorNode()
        return None if node is None else node.GetSourceVolumeNode()

    def setSourceVolumeNode(self, node: Any) -> None:
        if self.mrmlSegmentEditorNode() is not None:
            self._settings.SetAndObserveSourceVolumeNode(node)

    def currentSegmentID(self) -> str:
        node = self.mrmlSegmentEditorNode()
        return "" if node is None else str(node.GetSelectedSegmentID() or "")

    def setCurrentSegmentID(self, segment_id: str) -> None:
        if self.mrmlSegmentEditorNode() is not None:
            self._settings.SetSelectedSegmentID(segment_id)

    def setActiveEffectByName(self, name: str) -> None:
        if self.mrmlSegmentEditorNode() is not None:
            self._settings.SetActiveEffectName(name)
