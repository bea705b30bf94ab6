"""qMRMLNodeComboBox: the nodes of the scene that are of the wanted kinds, one of them current."""

from __future__ import annotations

from typing import Any, ClassVar

import shiboken6
from PySide6 import QtCore, QtWidgets

from .scene_watch import SceneWatch


def _plain_property(name: str, kind: Any) -> Any:
    """A property that the stand-in only remembers, and reads when it lists the nodes."""

    def get(self: Any) -> Any:
        return self._settings[name]

    def set_(self: Any, value: Any) -> None:
        self._settings[name] = list(value) if kind == "QStringList" else value
        self.refresh()

    return QtCore.Property(kind, get, set_)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Node selector with the habits of Slicer's: without ``noneEnabled`` it takes the first node there is."""

    nodeChosen = QtCore.Signal(object)
    nodeIDChosen = QtCore.Signal(str)
    nodeIsThere = QtCore.Signal(bool)
    nodeMade = QtCore.Signal(object)
    nodeMadeByUser = QtCore.Signal(object)
    slicer_signals: ClassVar[dict[str, str]] = {
        "currentNodeChanged(vtkMRMLNode*)": "nodeChosen",
        "currentNodeChanged(bool)": "nodeIsThere",
        "currentNodeIDChanged(QString)": "nodeIDChosen",
        "nodeAdded(vtkMRMLNode*)": "nodeMade",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeMadeByUser",
    }

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: dict[str, Any] = {
            "nodeTypes": [],
            "noneEnabled": False,
            "noneDisplay": "None",
            "baseName": "",
            "showHidden": False,
            "showChildNodeTypes": True,
            "addEnabled": True,
            "removeEnabled": True,
            "editEnabled": False,
            "renameEnabled": False,
            "selectNodeUponCreation": True,
        }
        self._attributes: list[tuple[str, str, str | None]] = []
        self._scene: Any = None
        self._current_id = ""
        self._watch = SceneWatch(self._on_scene_changed)
        self._box = QtWidgets.QComboBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._box)
        self._box.currentIndexChanged.connect(self._on_index_changed)

    nodeTypes = _plain_property("nodeTypes", "QStringList")
    noneEnabled = _plain_property("noneEnabled", bool)
    noneDisplay = _plain_property("noneDisplay", str)
    baseName = _plain_property("baseName", str)
    showHidden = _plain_property("showHidden", bool)
    showChildNodeTypes = _plain_property("showChildNodeTypes", bool)
    addEnabled = _plain_property("addEnabled", bool)
    removeEnabled = _plain_property("removeEnabled", bool)
    editEnabled = _plain_property("editEnabled", bool)
    renameEnabled = _plain_property("renameEnabled", bool)
    selectNodeUponCreation = _plain_property("selectNodeUponCreation", bool)

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self._watch.follow_scene(scene)
        self.refresh()

    def mrmlScene(self) -> Any:
        return self._scene

    def currentNode(self) -> Any:
        return self._scene.GetNodeByID(self._current_id) if self._scene and self._current_id else None

    def setCurrentNodeID(self, node_id: str | None) -> None:
        index = self._box.findData(node_id or "")
        if index >= 0 or not node_id:
            self._box.setCurrentIndex(index)

    def setCurrentNode(self, node: Any) -> None:
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    currentNodeID = QtCore.Property(str, lambda self: self._current_id, setCurrentNodeID)

    def nodeCount(self) -> int:
        return len(self._nodes())

    def addAttribute(self, node_type: str, name: str, value: str | None = None) -> None:
        """Offer nodes of ``node_type`` only if they have the attribute (with this value, if one is given)."""
        self._attributes.append((node_type, name, value))
        self.refresh()

    def addNode(self, node_type: str | None = None) -> Any:
        """What "Create new ..." does."""
        chosen_type = node_type or self._settings["nodeTypes"][0]
        base_name = self._settings["baseName"] or self._scene.GetTagByClassName(chosen_type)
        node = self._scene.AddNewNodeByClass(chosen_type, self._scene.GenerateUniqueName(base_name))
        self.nodeMade.emit(node)
        if self._settings["selectNodeUponCreation"]:
            self.setCurrentNode(node)
        self.nodeMadeByUser.emit(node)
        return node

    def refresh(self) -> None:
        """List the nodes anew, keep the current one if it is still there, and say so if it is not."""
        nodes = self._nodes()
        self._watch.follow_nodes(nodes)
        was_blocked = self._box.blockSignals(True)
        self._box.clear()
        if self._settings["noneEnabled"]:
            self._box.addItem(self._settings["noneDisplay"], "")
        for node in nodes:
            self._box.addItem(node.GetName(), node.GetID())
        index = self._box.findData(self._current_id)
        self._box.setCurrentIndex(max(index, 0))
        self._box.blockSignals(was_blocked)
        self._on_index_changed(self._box.property("currentIndex"))

    def _on_scene_changed(self) -> None:
        if not shiboken6.isValid(self):
            self._watch.follow_scene(None)
        elif not self._scene.IsBatchProcessing():
            self.refresh()

    def _on_index_changed(self, index: int) -> None:
        node_id = (self._box.itemData(index) or "") if index >= 0 else ""
        if node_id == self._current_id:
            return
        self._current_id = node_id
        node = self.currentNode()
        self.nodeChosen.emit(node)
        self.nodeIsThere.emit(node is not None)
        self.nodeIDChosen.emit(node_id)

    def _nodes(self) -> list[Any]:
        if self._scene is None:
            return []
        every_node = [self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes())]
        return [node for node in every_node if self._is_offered(node)]

    def _is_offered(self, node: Any) -> bool:
        is_of_kind = node.IsA if self._settings["showChildNodeTypes"] else node.GetClassName().__eq__
        is_wanted = any(is_of_kind(node_type) for node_type in self._settings["nodeTypes"])
        is_shown = self._settings["showHidden"] or not node.GetHideFromEditors()
        return is_wanted and is_shown and all(self._has(node, *wanted) for wanted in self._attributes)

    @staticmethod
    def _has(node: Any, node_type: str, name: str, value: str | None) -> bool:
        found = node.GetAttribute(name)
        return not node.IsA(node_type) or (found is not None and value in (None, found))
