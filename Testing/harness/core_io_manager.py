"""``slicer.app.coreIOManager()``: what ``slicer.util.loadVolume``, ``saveNode`` and their kin ask it for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
import vtk

from .volume_files import load_volume

_NODE_CLASSES = {
    "SegmentationFile": "vtkMRMLSegmentationNode",
    "MarkupsFile": "vtkMRMLMarkupsNode",
    "ModelFile": "vtkMRMLModelNode",
    "TransformFile": "vtkMRMLLinearTransformNode",
    "TableFile": "vtkMRMLTableNode",
    "TextFile": "vtkMRMLTextNode",
}
_FILE_TYPES = {
    ".seg.nrrd": "SegmentationFile",
    ".mrk.json": "MarkupsFile",
    ".mrb": "SceneFile",
    ".mrml": "SceneFile",
    ".vtk": "ModelFile",
    ".vtp": "ModelFile",
    ".stl": "ModelFile",
    ".ply": "ModelFile",
    ".obj": "ModelFile",
    ".h5": "TransformFile",
    ".tfm": "TransformFile",
    ".tsv": "TableFile",
    ".csv": "TableFile",
    ".txt": "TextFile",
}


class CoreIOManager:
    """Reads and writes through the nodes' own storage nodes."""

    def __init__(self, scene_files: Any) -> None:
        self._scene_files = scene_files

    def fileType(self, filename: str | Path) -> str:
        name = str(filename).lower()
        return next((kind for ending, kind in _FILE_TYPES.items() if name.endswith(ending)), "VolumeFile")

    def fileWriterFileType(self, node: Any) -> str:
        return next((kind for kind, class_name in _NODE_CLASSES.items() if node.IsA(class_name)), "VolumeFile")

    def loadNodes(self, file_type: str, properties: dict[str, Any], loaded: Any, messages: Any) -> bool:
        """Read ``properties["fileName"]`` and add what came of it to the collection ``loaded``."""
        path = Path(properties["fileName"])
        if not path.exists():
            messages.AddMessage(vtk.vtkCommand.ErrorEvent, f"{path} does not exist")
            return False
        if file_type == "SceneFile":
            return bool(self._scene_files.load_scene(path))
        node = _read_node(file_type, path, properties.get("name"))
        if node is not None:
            loaded.AddItem(node)
        return node is not None

    def saveNodes(self, file_type: str, properties: dict[str, Any], messages: Any) -> bool:
        """Write the scene, or the node with ``properties["nodeID"]``, to ``properties["fileName"]``."""
        path = Path(properties["fileName"])
        if file_type == "SceneFile":
            return bool(self._scene_files.save_scene(path))
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode(str(path))
        storage = node.GetStorageNode()
        storage.SetFileName(str(path))
        return bool(storage.WriteData(node))


def _read_node(file_type: str, path: Path, name: str | None) -> Any:
    if file_type == "VolumeFile":
        return load_volume(path, name)
    name = name or path.name.split(".")[0]
    if file_type == "MarkupsFile":
        # Points, curves and boxes share an ending: Slicer's logic finds the class inside the file.
        return slicer.mrmlScene.GetNodeByID(slicer.modules.markups.logic().LoadMarkups(str(path), name) or "")
    return _read_through_storage(_NODE_CLASSES[file_type], path, name)


def _read_through_storage(class_name: str, path: Path, name: str) -> Any:
    node = slicer.mrmlScene.AddNewNodeByClass(class_name, name)
    node.AddDefaultStorageNode(str(path))
    storage = node.GetStorageNode()
    storage.SetFileName(str(path))
    if not storage.ReadData(node):
        slicer.mrmlScene.RemoveNode(node)
        return None
    if node.IsA("vtkMRMLDisplayableNode"):
        node.CreateDefaultDisplayNodes()
    return node
