"""What the header of a segmentation file says of its segments."""

from __future__ import annotations

import re
from dataclasses import dataclass

import SimpleITK as sitk

_FIELD = re.compile(r"Segment(\d+)_(ID|Name|LabelValue|Layer|Color|Tags)")
_TERMINOLOGY = re.compile(r"TerminologyEntry:([^|]*)\|")
NO_COLOUR = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class SegmentHeader:
    """A segment as Slicer writes it into a ``.seg.nrrd``.

    Attributes:
        segment_id: its id in the segmentation; its name where it has none.
        name: what people call it; its id where it has none.
        label: the number its voxels have.
        layer: which component of the voxels that is.
        terminology: Slicer's entry, as it is serialized; empty where there is none.
        colour: red, green, blue, 0..1.
    """

    segment_id: str
    name: str
    label: int = 1
    layer: int = 0
    terminology: str = ""
    colour: tuple[float, float, float] = NO_COLOUR


def read_segment_headers(header: sitk.Image | sitk.ImageFileReader) -> tuple[SegmentHeader, ...]:
    """The segments that an image, or a reader that has read its header, tells of; ValueError where a number is none."""
    fields: dict[int, dict[str, str]] = {}
    for key in header.GetMetaDataKeys():
        if match := _FIELD.fullmatch(key):
            fields.setdefault(int(match[1]), {})[match[2]] = header.GetMetaData(key)
    return tuple(_segment(said) for _, said in sorted(fields.items()) if said.get("ID") or said.get("Name"))


def _segment(said: dict[str, str]) -> SegmentHeader:
    terminology = _TERMINOLOGY.search(f"{said.get('Tags', '')}|")
    segment_id, name = said.get("ID", ""), said.get("Name", "")
    return SegmentHeader(
        segment_id or name,
        name or segment_id,
        int(said.get("LabelValue", 1)),
        int(said.get("Layer", 0)),
        terminology[1] if terminology else "",
        _colour(said.get("Color", "")),
    )


def _colour(text: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(part) for part in text.split())
    except ValueError:
        return NO_COLOUR
    return red, green, blue
