"""Segments of the scene to learn from, and their way into the collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from MedVLSAM2Lib.scene.scan_segments import ScanSegment
from MedVLSAM2Lib.scene.segment_source import SegmentSource, look_at_segment
from MedVLSAM2Lib.scene.session_snapshot import scan_fingerprint
from MedVLSAM2Lib.scene.volume_reader import VolumeSource, look_at_volume
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Modality, PackedMask

if TYPE_CHECKING:
    from MedVLSAM2Lib.files.scan_collection import ScanCollection

_NAME_LETTERS = 12


@dataclass(frozen=True, eq=False)
class _ScanMaterial:
    volume: VolumeSource
    segments: tuple[tuple[str, tuple[float, float, float], SegmentSource | PackedMask], ...]


@dataclass(frozen=True, eq=False)
class TeachingMaterial:
    """Scans with segments, free of the scene: gathered on the GUI's thread, to be written on any."""

    scans: tuple[_ScanMaterial, ...]

    @classmethod
    def gather(cls, segments: Iterable[ScanSegment], vocabulary: Vocabulary) -> TeachingMaterial:
        """From the scene; SceneError when something of it is gone."""
        by_scan: dict[Any, list[ScanSegment]] = {}
        for segment in segments:
            by_scan.setdefault(segment.volume_node, []).append(segment)
        return cls(tuple(_scan(node, own, vocabulary) for node, own in by_scan.items()))

    def write(self, collection: ScanCollection) -> tuple[str, ...]:
        """Keep all scans in a collection, each under a name made of its voxels: their names, empty for one without a voxel to learn.

        A scan that is there already is replaced, with all its segments; segments without a voxel are left out.

        Raises:
            FileWriteError, SegmentationFileError, VolumeError: one sentence for the user.
        """
        # Imported here with SimpleITK, which the panel opens without.
        from MedVLSAM2Lib.files.segmentation_file import SegmentLook

        written = []
        for scan in self.scans:
            read = [(SegmentLook(n, c), s if isinstance(s, PackedMask) else s.read()) for n, c, s in scan.segments]
            drawn = [(look, mask) for look, mask in read if not mask.box.is_empty]
            written.append(scan_fingerprint(scan.volume)[:_NAME_LETTERS] if drawn else "")
            if drawn:
                collection.add(written[-1], scan.volume.read(), drawn)
        return tuple(written)


def learned_as(name: str, vocabulary: Vocabulary) -> str:
    """The structure that a segment's name stands for, in the words that are learned; empty when it is none or several."""
    meant = vocabulary.of_label(name) or vocabulary.meant_by(name.strip())
    return meant[0].name if len(meant) == 1 else ""


def is_ct(volume_node: Any) -> bool:
    """Whether a scan is a CT, as far as can be told; SceneError when it cannot be read."""
    return look_at_volume(volume_node).modality is Modality.CT


def _scan(volume_node: Any, segments: list[ScanSegment], vocabulary: Vocabulary) -> _ScanMaterial:
    read = []
    for segment in segments:
        source = look_at_segment(segment.segmentation_node, volume_node, segment.info.segment_id)
        kept = source if source.is_free_of_the_scene else source.read()
        name = learned_as(segment.info.name, vocabulary) or segment.info.name
        read.append((name, segment.info.colour, kept))
    return _ScanMaterial(look_at_volume(volume_node), tuple(read))
