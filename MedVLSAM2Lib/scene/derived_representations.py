"""What Slicer derives from a segment's voxels: its closed surface above all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import slicer

from MedVLSAM2Lib.scene.node_access import BINARY_LABELMAP


def derived_names(segment: Any) -> tuple[str, ...]:
    """The representations a vtkSegment has beside its voxels."""
    names: list[str] = []
    segment.GetContainedRepresentationNames(names)
    return tuple(name for name in names if name != BINARY_LABELMAP)


def update_derived(segmentation: Any, segment_ids: Iterable[str], names: Iterable[str] | None = None) -> None:
    """Make representations (``names``, or what each segment has) anew from voxels; other segments' are not touched.

    vtkSegmentation can do this only for all segments at once, so its own conversion rules are run here one by one.
    """
    segments = [segment for segment in map(segmentation.GetSegment, segment_ids) if segment is not None]
    for name in {name for segment in segments for name in derived_names(segment)} if names is None else set(names):
        paths = slicer.vtkSegmentationConversionPaths()
        segmentation.GetPossibleConversions(name, paths)
        path = slicer.vtkSegmentationConverter.GetCheapestPath(paths)
        if path is not None:
            _convert(segmentation, path, segments)


def _convert(segmentation: Any, path: Any, segments: list[Any]) -> None:
    for number in range(path.GetNumberOfRules()):
        rule = path.GetRule(number)
        rule.PreConvert(segmentation)
        for segment in segments:
            rule.Convert(segment)
        rule.PostConvert(segmentation)
