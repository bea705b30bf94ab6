"""The report's segments as a DICOM Segmentation (SEG) of the series the volume came from, and SEG read onto a volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from MedVLSAM2Lib.report.codes import Code, SegmentCode
from MedVLSAM2Lib.report.exporters.dicom_planes import inside, planes_of, voxels_of
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.exporters.dicom_support import (
    DRAFT_DESCRIPTION,
    UNSIGNED_PERSON,
    DicomExportError,
    common,
    concept,
    new_uid,
    short,
    told_in_one_sentence,
)
from MedVLSAM2Lib.report.report import ModelIdentity, Report, ReportSegment
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom import Dataset

ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
_SERIES_NUMBER = 5901
_MOST_SEGMENTS = 65_535


def make_segmentation(
    report: Report, volume: Volume, masks: Mapping[str, PackedMask], series: SourceSeries
) -> Segmentation:
    """A SEG with the segments of ``report`` that are not deleted and not empty, each on the frames of ``series``.

    Args:
        report: names, codes, colours and the model.
        volume: the scan the masks lie on; its voxels must be the series' pixels, in whatever order and direction.
        masks: by segment id.
        series: where the volume came from.

    Raises:
        DicomExportError: there is nothing to write, or the volume is not of that series.
    """
    from highdicom.seg import Segmentation

    segments = exported_segments(report, masks)
    if not segments:
        raise DicomExportError("There is no segment to export; segment something first.")
    frames, used = _frames(volume, [masks[segment.segment_id] for segment in segments], series)
    with told_in_one_sentence():
        segmentation = Segmentation(
            source_images=list(series.datasets if series.is_multi_frame else series.datasets[used]),
            pixel_array=frames if series.is_multi_frame else frames[used],
            segmentation_type="BINARY",
            segment_descriptions=[_description(n, segment, report.model) for n, segment in enumerate(segments, 1)],
            series_instance_uid=new_uid(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=new_uid(),
            instance_number=1,
            content_description=DRAFT_DESCRIPTION,
            content_creator_name=UNSIGNED_PERSON,
            content_label="DRAFT",
            **common(report.model),
        )
    _name_segment_in_each_frame(segmentation)
    return segmentation


def _name_segment_in_each_frame(segmentation: Segmentation) -> None:
    """Write in each frame of which segment it is: highdicom says it once where there is one, and then does not find it."""
    name, shared = "SegmentIdentificationSequence", segmentation.SharedFunctionalGroupsSequence[0]
    if name not in shared:
        return
    for group in segmentation.PerFrameFunctionalGroupsSequence:
        group[name] = deepcopy(shared[name])
    del shared[name]


def exported_segments(report: Report, masks: Mapping[str, PackedMask]) -> list[ReportSegment]:
    """The segments that a SEG of ``report`` holds, in the order of their numbers."""
    there = [one for one in report.segments.values() if not one.deleted and one.segment_id in masks]
    segments = [segment for segment in there if not masks[segment.segment_id].is_empty]
    if len(segments) > _MOST_SEGMENTS:
        raise DicomExportError(f"A DICOM segmentation holds at most {_MOST_SEGMENTS} segments; export fewer.")
    return segments


def algorithm_of(model: ModelIdentity) -> AlgorithmIdentificationSequence:
    """The model as DICOM names an algorithm: name, version, and the checkpoint's hash as its parameter."""
    from highdicom import AlgorithmIdentificationSequence

    return AlgorithmIdentificationSequence(
        short(model.name),
        concept(ARTIFICIAL_INTELLIGENCE),
        short(model.version),
        parameters={"checkpoint_sha256": model.checkpoint_sha256},
    )


def _description(number: int, segment: ReportSegment, model: ModelIdentity | None) -> SegmentDescription:
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription

    code = segment.code
    red, green, blue = (round(255 * part) for part in segment.colour)
    description = SegmentDescription(
        number,
        short(segment.name) or f"Segment {number}",
        concept(code.category),
        concept(code.type),
        "MANUAL" if model is None else "SEMIAUTOMATIC",
        None if model is None else algorithm_of(model),
        tracking_uid=new_uid(),
        tracking_id=short(segment.segment_id),
        anatomic_regions=None if code.region is None else [concept(code.region)],
        display_color=CIELabColor.from_rgb(red, green, blue),
    )
    if code.modifier is not None:
        description.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
            concept(code.modifier)
        ]
    if code.region is not None and code.region_modifier is not None:
        description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [concept(code.region_modifier)]
    return description


def _frames(volume: Volume, masks: Sequence[PackedMask], series: SourceSeries) -> tuple[np.ndarray, slice]:
    """Masks on the series' frames, and the run of frames from the first to the last that holds any.

    (frames, rows, columns) with the segments' numbers where no two overlap, which is small; else one plane a segment in a
    last axis.
    """
    labels = _labels(volume, masks)
    layers = [labels] if labels is not None else [mask.unpack(VoxelBox.of_shape(volume.shape)) for mask in masks]
    placed = [_on_frames(volume, layer, series) for layer in layers]
    filled = np.flatnonzero(np.any([frames.any(axis=(1, 2)) for frames in placed], axis=0))
    used = slice(int(filled[0]), int(filled[-1]) + 1)
    if labels is not None:
        return placed[0], used
    return np.stack([frames.view(np.uint8) for frames in placed], axis=-1), used


def _labels(volume: Volume, masks: Sequence[PackedMask]) -> np.ndarray | None:
    """One array (K, J, I) with the masks' numbers from 1; None where two share a voxel."""
    labels = np.zeros(volume.shape, np.uint8 if len(masks) < 256 else np.uint16)
    for number, mask in enumerate(masks, 1):
        own, part = mask.unpack(), labels[mask.box.slices]
        if part[own].any():
            return None
        part[own] = number
    return labels


def _on_frames(volume: Volume, layer: np.ndarray, series: SourceSeries) -> np.ndarray:
    first = series.planes[0]
    frames = np.zeros((len(series.planes), first.rows, first.columns), layer.dtype)
    for frame, plane in zip(frames, series.planes, strict=True):
        index = voxels_of(plane, volume)
        there = inside(index, volume)
        k, j, i = (np.broadcast_to(numbers, there.shape)[there] for numbers in index)
        frame[there] = layer[k, j, i]
    if np.count_nonzero(frames) != np.count_nonzero(layer):
        message = f"Some slices of {volume.name} are not in the DICOM series, or twice; give all files of its series."
        raise DicomExportError(message)
    return frames


@dataclass(frozen=True)
class ReadSegment:
    """A segment read from a SEG.

    Attributes:
        number: in the file.
        label: its name.
        code: what it is.
        mask: on the volume's grid.
    """

    number: int
    label: str
    code: SegmentCode
    mask: PackedMask


def read_segmentation(path: Path, volume: Volume) -> tuple[ReadSegment, ...]:
    """The segments of a DICOM SEG on the grid of ``volume``, whose voxels its pixels must be.

    Raises:
        DicomExportError: it cannot be read, is no segmentation of voxels in or out, or lies on another grid.
    """
    dataset = _read_seg(path)
    try:
        return _on_volume(dataset, volume, path.name)
    except DicomExportError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DicomExportError(f"{path.name} is damaged or no whole DICOM segmentation; export it again.") from error


def _on_volume(dataset: Dataset, volume: Volume, name: str) -> tuple[ReadSegment, ...]:
    # A label map may describe its background as segment 0.
    items = [item for item in dataset.SegmentSequence if int(item.SegmentNumber)]
    masks = {int(item.SegmentNumber): np.zeros(volume.shape, bool) for item in items}
    pixels = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    groups = zip(planes_of(dataset), dataset.PerFrameFunctionalGroupsSequence, pixels, strict=True)
    for plane, group, frame in groups:
        index = voxels_of(plane, volume)
        there = inside(index, volume)
        if frame[~there].any():
            raise DicomExportError(f"{name} reaches beyond {volume.name}; choose the volume it was drawn on.")
        k, j, i = (np.broadcast_to(numbers, there.shape)[there] for numbers in index)
        for number, drawn in _segments_of(dataset, group, frame):
            if number in masks:
                masks[number][k, j, i] |= drawn[there]
    return tuple(_read_segment(item, masks[int(item.SegmentNumber)]) for item in items)


def _read_seg(path: Path) -> Dataset:
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        dataset = dcmread(path)
    except (OSError, InvalidDicomError) as error:
        raise DicomExportError(f"{path.name} cannot be read as DICOM; choose a DICOM segmentation.") from error
    if dataset.get("SegmentationType") not in ("BINARY", "LABELMAP"):
        raise DicomExportError(f"{path.name} is no DICOM segmentation of whole voxels; choose a binary one.")
    return dataset


def _segments_of(dataset: Dataset, group: Dataset, frame: np.ndarray) -> list[tuple[int, np.ndarray]]:
    if dataset.SegmentationType == "LABELMAP":
        return [(int(number), frame == number) for number in np.unique(frame) if number]
    shared = dataset.SharedFunctionalGroupsSequence[0]
    holder = group if "SegmentIdentificationSequence" in group else shared
    return [(int(holder.SegmentIdentificationSequence[0].ReferencedSegmentNumber), frame > 0)]


def _read_segment(item: Dataset, mask: np.ndarray) -> ReadSegment:
    kind = item.SegmentedPropertyTypeCodeSequence[0]
    region = item.AnatomicRegionSequence[0] if item.get("AnatomicRegionSequence") else None
    code = SegmentCode(
        _code(item.SegmentedPropertyCategoryCodeSequence[0]),
        _code(kind),
        _first(kind, "SegmentedPropertyTypeModifierCodeSequence"),
        None if region is None else _code(region),
        None if region is None else _first(region, "AnatomicRegionModifierSequence"),
    )
    return ReadSegment(int(item.SegmentNumber), str(item.get("SegmentLabel", "")), code, PackedMask.pack(mask))


def _first(item: Dataset, name: str) -> Code | None:
    return _code(item[name][0]) if item.get(name) else None


def _code(item: Dataset) -> Code:
    return Code(str(item.CodeValue), str(item.CodingSchemeDesignator), str(item.CodeMeaning))
