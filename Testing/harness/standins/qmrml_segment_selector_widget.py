"""qMRMLSegmentSelectorWidget: a segmentation node and one of its segments."""

from __future__ import annotations

from typing import Any, ClassVar

import shiboken6
import slicer
from PySide6 import QtCore, QtWidgets

from .qmrml_node_combo_box import qMRMLNodeComboBox
from .scene_watch import SceneWatch

_SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
)


class qMRMLSegmentSelectorWidget(QtWidgets.QWidget):
    """Single selection only: the multi-selection of the original is not there."""

    nodeChosen = QtCore.Signal(object)
    currentSegmentChanged = QtCore.Signal(str)
    slicer_signals: ClassVar[dict[str, str]] = {"currentNodeChanged(vtkMRMLNode*)": "nodeChosen"}

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_none_enabled = False
        self._current_segment = ""
        self._watch = SceneWatch(self._on_segmentation_changed)
        self._nodes = qMRMLNodeComboBox()
        self._nodes.setProperty("nodeTypes", ["vtkMRMLSegmentationNode"])
        self._segments = QtWidgets.QComboBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._nodes, 1)
        row.addWidget(self._segments, 1)
        self._nodes.nodeChosen.connect(self._on_node_chosen)
        self._segments.currentIndexChanged.connect(self._on_index_changed)

    def setMRMLScene(self, scene: Any) -> None:
        self._nodes.setMRMLScene(scene)

    def mrmlScene(self) -> Any:
        return self._nodes.mrmlScene()

    def currentNode(self) -> Any:
        return self._nodes.currentNode()

    def currentNodeID(self) -> str:
        node = self.currentNode()
        return node.GetID() if node is not None else ""

    def setCurrentNode(self, node: Any) -> None:
        self._nodes.setCurrentNode(node)

    def setCurrentNodeID(self, node_id: str) -> None:
        self._nodes.setCurrentNodeID(node_id)

    def currentSegmentID(self) -> str:
        return self._current_segment

    def setCurrentSegmentID(self, segment_id: str | None) -> None:
        self._segments.setCurrentIndex(self._segments.findData(segment_id or ""))

    def _set_none_enabled(self, enabled: bool) -> None:
        self._is_none_enabled = enabled
        self._refresh()

    noneEnabled = QtCore.Property(bool, lambda self: self._is_none_enabled, _set_none_enabled)
    segmentationNodeSelectorVisible = QtCore.Property(
        bool, lambda self: not self._nodes.isHidden(), lambda self, visible: self._nodes.setVisible(visible)
    )

    def _on_node_chosen(self, node: Any) -> None:
        self._watch.follow_nodes([node] if node is not None else [], *_SEGMENT_EVENTS)
        self.nodeChosen.emit(node)
        self._refresh()

    def _on_segmentation_changed(self) -> None:
        if shiboken6.isValid(self):
            self._refresh()
        else:
            self._watch.follow_nodes([])

    def _refresh(self) -> None:
        was_blocked = self._segments.blockSignals(True)
        self._segments.clear()
        if self._is_none_enabled:
            self._segments.addItem("None", "")
        for segment_id, name in self._listed_segments():
            self._segments.addItem(name, segment_id)
        index = self._segments.findData(self._current_segment)
        self._segments.setCurrentIndex(max(index, 0))
        self._segments.blockSignals(was_blocked)
        self._on_index_changed(self._segments.property("currentIndex"))

    def _listed_segments(self) -> list[tuple[str, str]]:
        node = self.currentNode()
        if node is None:
            return []
        segmentation = node.GetSegmentation()
        return [
            (identifier, segmentation.GetSegment(identifier).GetName()) for identifier in segmentation.GetSegmentIDs()
        ]

    def _on_index_changed(self, index: int) -> None:
        segment_id = (self._segments.itemData(index) or "") if index >= 0 else ""
        if segment_id != self._current_segment:
            self._current_segment = segment_id
            self.currentSegmentChanged.emit(segment_id)
