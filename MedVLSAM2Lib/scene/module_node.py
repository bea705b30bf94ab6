"""The module's state, kept in the scene."""

from __future__ import annotations

from typing import Any

import slicer

_MODULE_NAME = "MedVLSAM2"
_VOLUME, _SEGMENTATION, _SEGMENT_ID = "Volume", "Segmentation", "SegmentID"


class ModuleNode:
    """What the user has chosen, in a vtkMRMLScriptedModuleNode: saved, loaded and closed with the scene.

    Every write invokes the node's ModifiedEvent at most once; writing what is there already invokes none.
    """

    def __init__(self, node: Any) -> None:
        self._node = node

    @classmethod
    def in_scene(cls, scene: Any) -> ModuleNode | None:
        """The scene's one module node; None when there is none yet."""
        node = scene.GetSingletonNode(_MODULE_NAME, "vtkMRMLScriptedModuleNode")
        return None if node is None else cls(node)

    @classmethod
    def of_scene(cls, scene: Any) -> ModuleNode:
        """The scene's one module node, made when there is none yet."""
        there = cls.in_scene(scene)
        if there is not None:
            return there
        # A singleton before it is added: a scene loaded later then brings its state into this node, not a second one.
        node = slicer.vtkMRMLScriptedModuleNode()
        node.SetSingletonTag(_MODULE_NAME)
        node.SetName(_MODULE_NAME)
        node.SetModuleName(_MODULE_NAME)
        return cls(scene.AddNode(node))

    @property
    def node(self) -> Any:
        """The vtkMRMLScriptedModuleNode, to observe."""
        return self._node

    @property
    def volume(self) -> Any:
        """The chosen volume node, or None."""
        return self._node.GetNodeReference(_VOLUME)

    @volume.setter
    def volume(self, node: Any) -> None:
        self._refer(_VOLUME, node)

    @property
    def segmentation(self) -> Any:
        """The chosen segmentation node, or None."""
        return self._node.GetNodeReference(_SEGMENTATION)

    @segmentation.setter
    def segmentation(self, node: Any) -> None:
        self._refer(_SEGMENTATION, node)

    @property
    def segment_id(self) -> str:
        """The segment that prompts go to; empty for a new one."""
        return self._node.GetParameter(_SEGMENT_ID) or ""

    @segment_id.setter
    def segment_id(self, segment_id: str) -> None:
        self._node.SetParameter(_SEGMENT_ID, segment_id)

    def _refer(self, role: str, node: Any) -> None:
        node_id = None if node is None else node.GetID()
        if self._node.GetNodeReferenceID(role) != node_id:
            self._node.SetNodeReferenceID(role, node_id)
