"""A picture for each finding: the slice, its outline, and both diameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from MedVLSAM2Lib.report.evidence import SlicePlace
from MedVLSAM2Lib.report.exporters.png import encode_png
from MedVLSAM2Lib.report.outline import outline
from MedVLSAM2Lib.report.report import Report, ReportSegment
from MedVLSAM2Lib.volume import CT_WINDOWS, Modality, PackedMask, Volume, VoxelBox, Window

_SIDE_PX = 512
_MARGIN = 1.6
_LEAST_MM = 80.0
_FILL = 0.18
_LINE = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class KeyImage:
    """A picture of one segment.

    Attributes:
        segment_id: whose.
        name: the segment's.
        png: the file's bytes.
        width: in pixels.
        height: in pixels.
        caption: which slice, and the window it is shown with.
        sides: the letters for the picture's left and right edge, the patient's sides.
    """

    segment_id: str
    name: str
    png: bytes
    width: int
    height: int
    caption: str
    sides: tuple[str, str] = ("R", "L")


def key_images(
    report: Report,
    volume: Volume,
    masks: Mapping[str, PackedMask],
    windows: Mapping[str, str] | None = None,
) -> tuple[KeyImage, ...]:
    """A key image for each segment that a standing sentence of ``report`` points at, in the order they are read.

    Args:
        report: the draft.
        volume: the scan that was measured.
        masks: by segment id, on its grid.
        windows: the name of the CT window (``CT_WINDOWS``) by segment id; soft tissue for the rest.
    """
    lines = (line for block in outline(report).blocks for group in block.groups for line in group.lines)
    named = dict.fromkeys(one for line in lines for one in line.statement.segment_ids)
    return tuple(_images(report, volume, masks, windows or {}, named))


def _images(
    report: Report,
    volume: Volume,
    masks: Mapping[str, PackedMask],
    windows: Mapping[str, str],
    named: Iterable[str],
) -> Iterable[KeyImage]:
    # The same picture, and the work of ordering its axes is done once.
    canonical, turn = volume.canonical(), volume.reorientation
    for segment_id in named:
        segment = report.segments.get(segment_id)
        place = None if segment is None else segment.measurements.place
        if segment is None or place is None or segment_id not in masks:
            continue
        mask = turn.mask_to_canonical(masks[segment_id])
        yield _canonical_image(canonical, mask, segment, place, windows.get(segment_id, "soft tissue"))


def key_image(volume: Volume, mask: PackedMask, segment: ReportSegment, window_name: str = "soft tissue") -> KeyImage:
    """The slice of the longest axial diameter, seen from the feet, with the mask's outline and both diameters.

    The slice is the array's own that lies closest to axial: on an oblique grid the lines are drawn where they project to.

    Raises:
        ValueError: nothing was measured of the segment.
    """
    place = segment.measurements.place
    if place is None:
        raise ValueError(f"{segment.name} is empty; there is nothing to show.")
    canonical, own = volume.canonical(), volume.reorientation.mask_to_canonical(mask)
    return _canonical_image(canonical, own, segment, place, window_name)


def _canonical_image(
    canonical: Volume, own: PackedMask, segment: ReportSegment, place: SlicePlace, window_name: str
) -> KeyImage:
    k = min(max(round(canonical.ras_to_ijk(place.ras)[2]), 0), canonical.shape[0] - 1)
    plane = VoxelBox((k, 0, 0), (k + 1, *canonical.shape[1:]))
    view = _View.around(canonical, own.unpack(plane)[0], place)
    window, described = _window(canonical, window_name)
    grey = window.apply(view.sampled(canonical.array[k].astype(np.float32)))
    inside = view.sampled(own.unpack(plane)[0].astype(np.float32)) >= 0.5
    rgb = _overlay(np.repeat(grey[..., None], 3, axis=-1), inside, segment.colour)
    if segment.measurements.diameters is not None:
        for ends in (segment.measurements.diameters.long_axis, segment.measurements.diameters.short_axis):
            rgb = _with_line(rgb, *(view.pixel(canonical.ras_to_ijk(end)) for end in ends))
    pixels = (rgb * 255).round().astype(np.uint8)
    height, width = inside.shape
    return KeyImage(
        segment.segment_id, segment.name, encode_png(pixels), width, height, f"{_slice(place)}; {described}"
    )


@dataclass(frozen=True)
class _View:
    """The square of a canonical slice that is shown: its low corner (i, j) in voxels, and voxels a pixel along I and J."""

    low: tuple[float, float]
    step: tuple[float, float]
    shape: tuple[int, int]

    @classmethod
    def around(cls, canonical: Volume, inside: np.ndarray, place: SlicePlace) -> _View:
        """A square that holds the mask with room around it, in the slice's own plane."""
        _, spacing_j, spacing_i = canonical.spacing_mm
        rows, columns = canonical.shape[1:]
        i, j, _ = canonical.ras_to_ijk(place.ras)
        js, iss = np.nonzero(inside)
        if len(js):
            i, j = float(iss.min() + iss.max()) / 2, float(js.min() + js.max()) / 2
            reach = max(float(np.ptp(iss)) * spacing_i, float(np.ptp(js)) * spacing_j)
        else:
            reach = 0.0
        side = max(_MARGIN * reach, _LEAST_MM)
        side = min(side, max(columns * spacing_i, rows * spacing_j))
        step_i, step_j = side / _SIDE_PX / spacing_i, side / _SIDE_PX / spacing_j
        return cls((_low(i, step_i, columns), _low(j, step_j, rows)), (step_i, step_j), (_SIDE_PX, _SIDE_PX))

    def sampled(self, plane: np.ndarray) -> np.ndarray:
        """``plane`` (rows, columns) at the view's pixels, linearly; beyond its edges its lowest value."""
        rows, columns = self.shape
        j = self.low[1] + (np.arange(rows) + 0.5) * self.step[1]
        i = self.low[0] + (np.arange(columns) + 0.5) * self.step[0]
        shown = _linear(_linear(plane, j, 0), i, 1)
        beyond = np.add.outer((j < -0.5) | (j > plane.shape[0] - 0.5), (i < -0.5) | (i > plane.shape[1] - 0.5))
        return np.where(beyond, plane.min(), shown)

    def pixel(self, ijk: tuple[float, float, float]) -> tuple[float, float]:
        """Row and column of a canonical voxel position."""
        return (ijk[1] - self.low[1]) / self.step[1] - 0.5, (ijk[0] - self.low[0]) / self.step[0] - 0.5


def _low(middle: float, step: float, count: int) -> float:
    """The first voxel edge of a view of ``_SIDE_PX`` pixels around ``middle``, kept inside the slice where it fits."""
    side = step * _SIDE_PX
    low = middle - side / 2
    if side >= count:
        return (count - 1) / 2 - side / 2
    return min(max(low, -0.5), count - 0.5 - side)


def _linear(plane: np.ndarray, at: np.ndarray, axis: int) -> np.ndarray:
    last = plane.shape[axis] - 1
    low = np.clip(np.floor(at), 0, last).astype(int)
    high = np.minimum(low + 1, last)
    share = np.clip(at - low, 0, 1).astype(np.float32)
    share = share[:, None] if axis == 0 else share[None]
    return plane.take(low, axis) * (1 - share) + plane.take(high, axis) * share


def _window(volume: Volume, name: str) -> tuple[Window, str]:
    window = CT_WINDOWS[name] if volume.modality is Modality.CT else volume.window
    label = f"{name} window, " if volume.modality is Modality.CT else "window "
    return window, f"{label}centre {window.centre:g}, width {window.width:g} {volume.units}".rstrip()


def _slice(place: SlicePlace) -> str:
    s = place.ras[2]
    return f"Slice {place.index + 1} of {place.count} (S {'+' if s >= 0 else '−'}{abs(s):.1f} mm)"


def _overlay(rgb: np.ndarray, inside: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    """A thin wash of the segment's colour, and its outline two pixels wide."""
    tint = np.array(colour)
    washed = np.where(inside[..., None], (1 - _FILL) * rgb + _FILL * tint, rgb)
    edge = inside & ~_shrunk(inside, 2)
    return np.where(edge[..., None], tint, washed)


def _shrunk(inside: np.ndarray, pixels: int) -> np.ndarray:
    for _ in range(pixels):
        padded = np.pad(inside, 1)
        inside = inside & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside


def _with_line(rgb: np.ndarray, start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    """A dashed line between two pixel positions (row, column), smooth at its edges."""
    rows, columns = np.indices(rgb.shape[:2])
    position = np.stack([rows, columns], axis=-1) - np.array(start)
    along = np.array(end) - start
    length = float(np.linalg.norm(along))
    if length == 0:
        return rgb
    t = position @ (along / length)
    beside = np.abs(position @ np.array([-along[1], along[0]]) / length)
    cover = np.clip(1.6 - beside, 0, 1) * ((t >= 0) & (t <= length) & (t % 12 < 8))
    return rgb * (1 - cover[..., None]) + np.array(_LINE) * cover[..., None]
