"""What an answer points at, as segments that stay out of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from MedVLSAM2Lib.results import AnswerSentence, FoundObject, MaskRegion, TextLink
from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.conversation_node import ConversationNode
from MedVLSAM2Lib.scene.node_access import require_segmentation, require_voxels_of, volume_box
from MedVLSAM2Lib.scene.segment_writer import SegmentWriter
from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation, list_segments
from MedVLSAM2Lib.scene.terminology import TerminologyEntry
from MedVLSAM2Lib.volume import PackedMask

# From this DSC on, an object that an earlier answer spoke of by the same name is the same object.
_SAME_OBJECT = 0.9
_IS_EVIDENCE = "MedVLSAM2.IsEvidence"

NameObject = Callable[[FoundObject], tuple[str, TerminologyEntry]]
"""What the segment of an object is called and coded as."""


def is_evidence(segmentation_node: Any) -> bool:
    """Whether a segmentation holds what answers point at, rather than the user's own work."""
    return segmentation_node is not None and segmentation_node.GetAttribute(_IS_EVIDENCE) is not None


class EvidenceSegments:
    """Makes the segments of one answer, in the segmentation of the conversation's evidence; they are hidden at first.

    What the engine tells of an object waits until the sentence comes that names it.

    Args:
        conversation: its evidence is made with the first object.
        volume_node: the volume that the answer is about.
        surfaces: make closed surfaces anew beside the caller's thread.
        name_object: names objects.

    Raises:
        SceneError: from every method, when the segmentation or the volume is gone.
    """

    def __init__(
        self, conversation: ConversationNode, volume_node: Any, surfaces: BackgroundSurfaces, name_object: NameObject
    ) -> None:
        self._conversation = conversation
        self._volume_node = volume_node
        self._box = volume_box(volume_node)
        self._surfaces = surfaces
        self._name_object = name_object
        self._told: dict[str, list[PackedMask]] = {}
        self._segments: dict[str, str] = {}
        self._made: list[str] = []

    def take(self, region: MaskRegion) -> None:
        """Keep a part of an object until a sentence speaks of it."""
        self._told.setdefault(region.object_id, []).append(region.mask)

    def linked(self, sentence: AnswerSentence) -> AnswerSentence:
        """Make the objects segments that ``sentence`` speaks of; the sentence with links to those."""
        for link in sentence.links:
            if not link.is_measured:
                self._make(link, sentence.text[link.start : link.end])
        return replace(sentence, links=tuple(self._to_segments(link) for link in sentence.links))

    def drop(self) -> None:
        """Leave nothing of an answer that is not to be."""
        node = self._conversation.evidence
        if node is not None:
            for segment_id in self._made:
                node.GetSegmentation().RemoveSegment(segment_id)
            if self._made and node.GetSegmentation().GetNumberOfSegments() == 0:
                node.GetScene().RemoveNode(node)
        self._made.clear()

    def _make(self, link: TextLink, words: str) -> None:
        for number, object_id in enumerate(link.object_ids, start=1):
            if object_id not in self._segments and object_id in self._told:
                found = FoundObject(object_id, words, number, len(link.object_ids))
                self._segments[object_id] = self._segment(found, self._told[object_id])

    def _segment(self, found: FoundObject, pieces: list[PackedMask]) -> str:
        require_voxels_of(self._volume_node, self._box)
        node = self._segmentation()
        name, entry = self._name_object(found)
        alike = [info.segment_id for info in list_segments(node) if info.name.startswith(name)]
        segment_id = create_segment(node, name, terminology=entry)
        writer = SegmentWriter(node, self._volume_node, None, self._surfaces)
        for piece in pieces:
            writer.write(segment_id, piece)
        mask = writer.read(segment_id)
        same = next((other for other in alike if _overlap(writer.read(other), mask) >= _SAME_OBJECT), None)
        if same is not None:
            node.GetSegmentation().RemoveSegment(segment_id)
            return same
        node.GetDisplayNode().SetSegmentVisibility(segment_id, False)
        self._made.append(segment_id)
        return segment_id

    def _segmentation(self) -> Any:
        node = self._conversation.evidence
        if node is None:
            node = create_segmentation(self._volume_node, "Evidence")
            node.SetAttribute(_IS_EVIDENCE, "yes")
            self._conversation.evidence = node
        require_segmentation(node)
        return node

    def _to_segments(self, link: TextLink) -> TextLink:
        segments = tuple(self._segments[object_id] for object_id in link.object_ids if object_id in self._segments)
        return replace(link, object_ids=segments)


def _overlap(one: PackedMask, other: PackedMask) -> float:
    """DSC of two masks."""
    common = one.box.intersection(other.box)
    shared = 0 if common.is_empty else int((one.unpack(common) & other.unpack(common)).sum())
    return 2 * shared / max(one.voxel_count + other.voxel_count, 1)
