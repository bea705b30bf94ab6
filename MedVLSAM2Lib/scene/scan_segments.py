"""Which segments were drawn on which scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.evidence_segments import is_evidence
from MedVLSAM2Lib.scene.node_access import nodes_of_class
from MedVLSAM2Lib.scene.segments import SegmentInfo, list_segments


@dataclass(frozen=True)
class ScanSegment:
    """A segment with the scan it was drawn on."""

    volume_node: Any
    segmentation_node: Any
    info: SegmentInfo

    @property
    def key(self) -> tuple[str, str]:
        """Tells it from all others of its scene."""
        return str(self.segmentation_node.GetID()), self.info.segment_id


def segments_of_scans(scene: Any) -> tuple[ScanSegment, ...]:
    """The scene's segments whose scan is there, without what answers point at."""
    return tuple(_segments(scene))


def _segments(scene: Any) -> Iterator[ScanSegment]:
    for node in nodes_of_class(scene, "vtkMRMLSegmentationNode"):
        volume_node = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
        if volume_node is None or is_evidence(node):
            continue
        try:
            infos = list_segments(node)
        except SceneError:
            # Made of surfaces: there are no voxels to learn from.
            continue
        for info in infos:
            yield ScanSegment(volume_node, node, info)
