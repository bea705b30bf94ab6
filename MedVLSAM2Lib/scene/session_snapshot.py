"""What was done on a scan, as plain data that can be written beside the scene and put back into another."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import get_vtk_array_type

from MedVLSAM2Lib.plain_json import parse_json
from MedVLSAM2Lib.scene.audit_trail import AuditTrail
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.image_voxels import extent_of, image_array
from MedVLSAM2Lib.scene.node_access import BINARY_LABELMAP, nodes_of_class
from MedVLSAM2Lib.scene.segment_layer import SegmentLayer
from MedVLSAM2Lib.scene.segments import create_segmentation
from MedVLSAM2Lib.scene.volume_reader import VolumeSource
from MedVLSAM2Lib.volume import VoxelBox

_OURS = "MedVLSAM2."
_VOLUME_KEY, _VOLUME_NAME = "volume", "{volume}"
_FORMAT = 1
_LARGEST_PART = 4 * 2**30
_SEGMENTATION, _TEXT = "vtkMRMLSegmentationNode", "vtkMRMLTextNode"


@dataclass(frozen=True, eq=False)
class SessionSnapshot:
    """Segmentations of one scan with their prompts, its conversation, its reports and the audit trail.

    Attributes:
        content: all but the voxels, as JSON holds it; a layer is known by its number.
        layers: the labels (K, J, I) of each layer of the segmentations.
    """

    content: Mapping[str, Any]
    layers: tuple[np.ndarray, ...]

    def to_bytes(self) -> bytes:
        """As a file; may be called on any thread."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            file.writestr("session.json", json.dumps(self.content, ensure_ascii=False))
            for number, labels in enumerate(self.layers):
                part = io.BytesIO()
                np.save(part, labels, allow_pickle=False)
                file.writestr(f"{number}.npy", part.getvalue())
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> SessionSnapshot:
        """What ``to_bytes`` made; SceneError when it is something else."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as file:
                if any(part.file_size > _LARGEST_PART for part in file.infolist()):
                    raise ValueError("a part is too large")
                content = parse_json(file.read("session.json"))
                if content["format"] != _FORMAT:
                    raise ValueError("it was written by another version")
                layers = tuple(_read_layer(file, number) for number in range(len(content["layers"])))
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise SceneError(f"The kept session cannot be read ({error}); discard it.") from error
        return cls(content, layers)

    def put_back(self, volume_node: Any) -> Any:
        """Make its nodes again on the scan it was taken of; the segmentation that was chosen, None without one.

        Raises:
            SceneError: it is not whole; what was made of it is taken out again.
        """
        scene, made = volume_node.GetScene(), {_VOLUME_KEY: volume_node}
        try:
            for key, kept in self.content["nodes"].items():
                if key != _VOLUME_KEY:
                    made[key] = self._make(scene, volume_node, kept)
            for key, kept in self.content["nodes"].items():
                _refer(made[key], kept["references"], made)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            for key, node in made.items():
                if key != _VOLUME_KEY:
                    scene.RemoveNode(node)
            raise SceneError("The kept session is not whole; discard it.") from error
        return made.get(self.content["chosen"])

    def _make(self, scene: Any, volume_node: Any, kept: Mapping[str, Any]) -> Any:
        name = str(kept["name"]).replace(_VOLUME_NAME, volume_node.GetName())
        if kept["class"] == _SEGMENTATION:
            node = create_segmentation(volume_node, name)
            self._make_segments(node, kept["segments"])
        else:
            node = scene.AddNewNodeByClass(_TEXT, scene.GenerateUniqueName(name))
            node.SetText(str(kept["text"]))
            node.SetForceCreateStorageNode(int(kept["force_file"]))
        for attribute, value in kept["attributes"].items():
            if attribute.startswith(_OURS):
                node.SetAttribute(attribute, str(value))
        return node

    def _make_segments(self, node: Any, segments: list[Mapping[str, Any]]) -> None:
        segmentation, images = node.GetSegmentation(), {}
        for kept in segments:
            number = int(kept["layer"])
            if number not in images:
                images[number] = _image(self.content["layers"][number], self.layers[number])
            segment = slicer.vtkSegment()
            segment.SetName(str(kept["name"]))
            segment.SetColor(*map(float, kept["colour"]))
            segment.SetLabelValue(int(kept["label"]))
            segment.AddRepresentation(BINARY_LABELMAP, images[number])
            for tag, value in kept["tags"].items():
                segment.SetTag(tag, str(value))
            segmentation.AddSegment(segment, str(kept["id"]))
            node.GetDisplayNode().SetSegmentVisibility(str(kept["id"]), bool(kept["visible"]))


def take_snapshot(volume_node: Any, chosen: Any, segment_id: str) -> SessionSnapshot | None:
    """What was done on a scan as it is now, None for nothing; quick: voxels are copied, and not yet packed.

    Args:
        volume_node: the scan.
        chosen: the chosen segmentation, or None.
        segment_id: the chosen segment.
    """
    keys = {node: f"n{number}" for number, node in enumerate(session_nodes(volume_node, chosen))}
    if not keys:
        return None
    keys[volume_node] = _VOLUME_KEY
    numbers: dict[SegmentLayer, int] = {}
    nodes = {key: _described(node, keys, volume_node, numbers) for node, key in keys.items()}
    layers = [{"box": [*layer.box.low], "matrix": layer.ijk_to_local.tolist()} for layer in numbers]
    content = {
        "format": _FORMAT,
        "chosen": keys.get(chosen, ""),
        "segment_id": segment_id,
        "layers": layers,
        "nodes": nodes,
    }
    return SessionSnapshot(content, tuple(np.array(layer.labels(layer.box)) for layer in numbers))


def session_nodes(volume_node: Any, chosen: Any) -> tuple[Any, ...]:
    """Segmentations that this module made or changed on a scan, and the texts about them."""
    scene = volume_node.GetScene()
    nodes = [node for node in nodes_of_class(scene, _SEGMENTATION) if _is_of(node, volume_node, chosen)]
    texts = [node for owner in (volume_node, *nodes) for node in _our_references(owner).values() if node.IsA(_TEXT)]
    trail = AuditTrail(scene).node
    return tuple(dict.fromkeys((*nodes, *texts, *(() if trail is None else (trail,)))))


def session_stamp(volume_node: Any, chosen: Any) -> tuple[int, ...]:
    """Changes whenever something may have changed that a snapshot holds."""
    times: list[int] = []
    for node in session_nodes(volume_node, chosen):
        times.append(int(node.GetMTime()))
        if node.IsA(_SEGMENTATION):
            times += [time for segment in _segments(node).values() for time in _times(segment)]
    return tuple(times)


def scan_fingerprint(source: VolumeSource) -> str:
    """A number that only this scan has, by its voxels and geometry: nothing of the patient can be told from it."""
    digest = hashlib.sha256(repr((source.array.shape, source.array.dtype.str)).encode())
    digest.update(np.round(source.ijk_to_ras, 4).tobytes())
    for plane in source.array:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()[:32]


def _described(
    node: Any, keys: Mapping[Any, str], volume_node: Any, numbers: dict[SegmentLayer, int]
) -> dict[str, Any]:
    references = {role: keys[other] for role, other in _our_references(node).items() if other in keys}
    if node is volume_node:
        return {"references": references}
    attributes = {name: node.GetAttribute(name) for name in node.GetAttributeNames() or () if name.startswith(_OURS)}
    # A scan's name may be the patient's.
    name = node.GetName().replace(volume_node.GetName(), _VOLUME_NAME)
    kept = {"class": node.GetClassName(), "name": name, "attributes": attributes, "references": references}
    if node.IsA(_TEXT):
        return {**kept, "text": node.GetText() or "", "force_file": node.GetForceCreateStorageNode()}
    display = node.GetDisplayNode()
    segments = [
        {
            "id": segment_id,
            "name": segment.GetName(),
            "colour": [*segment.GetColor()],
            "label": segment.GetLabelValue(),
            "layer": numbers.setdefault(SegmentLayer.of(segment), len(numbers)),
            "tags": dict(_tags(segment)),
            "visible": display is None or bool(display.GetSegmentVisibility(segment_id)),
        }
        for segment_id, segment in _segments(node).items()
    ]
    return {**kept, "segments": segments}


def _is_of(node: Any, volume_node: Any, chosen: Any) -> bool:
    if node.GetSegmentation().GetSourceRepresentationName() != BINARY_LABELMAP or not node.GetSaveWithScene():
        return False
    on_volume = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is volume_node
    names = node.GetAttributeNames() or ()
    ours = node is chosen or any(name.startswith(_OURS) for name in names) or bool(_our_references(node))
    return ours and (on_volume or volume_node in _our_references(node).values())


def _our_references(node: Any) -> dict[str, Any]:
    roles: list[str] = []
    node.GetNodeReferenceRoles(roles)
    found = {role: node.GetNodeReference(role) for role in roles if role.startswith(_OURS)}
    return {role: other for role, other in found.items() if other is not None}


def _refer(node: Any, references: Mapping[str, str], made: Mapping[str, Any]) -> None:
    for role, key in references.items():
        if role.startswith(_OURS):
            node.SetNodeReferenceID(role, made[key].GetID())


def _segments(node: Any) -> dict[str, Any]:
    segmentation = node.GetSegmentation()
    return {segment_id: segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()}


def _times(segment: Any) -> tuple[int, int]:
    return int(segment.GetMTime()), SegmentLayer.of(segment).modified_time


def _tags(segment: Any) -> Iterator[tuple[str, str]]:
    names = (
        slicer.vtkSegment.GetTerminologyEntryTagName(),
        slicer.vtkSlicerSegmentationsModuleLogic.GetStatusTagName(),
    )
    for name in names:
        value = vtk.reference("")
        if segment.GetTag(name, value):
            yield name, str(value)


def _read_layer(file: zipfile.ZipFile, number: int) -> np.ndarray:
    labels = np.load(io.BytesIO(file.read(f"{number}.npy")), allow_pickle=False)
    if labels.ndim != 3 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError("a layer holds no labels")
    return np.asarray(labels)


def _image(kept: Mapping[str, Any], labels: np.ndarray) -> Any:
    image = slicer.vtkOrientedImageData()
    k, j, i = map(int, kept["box"])
    matrix = np.array(kept["matrix"], float).reshape(4, 4)
    if labels.size:
        image.SetExtent(extent_of(VoxelBox.of_shape(labels.shape).shifted((k, j, i))))
        image.AllocateScalars(get_vtk_array_type(labels.dtype), 1)
        image_array(image)[:] = labels
    SegmentLayer(image).place(matrix)
    return image
