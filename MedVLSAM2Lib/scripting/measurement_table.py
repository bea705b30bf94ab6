"""Measurements of many scans as one table: a row for each object, and one for each name that named nothing."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from MedVLSAM2Lib.files.atomic_write import write_atomically
from MedVLSAM2Lib.report import Quantity
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment

_QUANTITIES: Mapping[str, Quantity] = {
    "volume_ml": Quantity.VOLUME,
    "longest_axial_diameter_mm": Quantity.LONG_AXIS,
    "perpendicular_mm": Quantity.SHORT_AXIS,
    "mean_hu": Quantity.MEAN_HU,
    "sd_hu": Quantity.SD_HU,
}
COLUMNS = ("scan", "structure", "number", "found", *_QUANTITIES, "confidence", "mask")
"""What was not measured is empty: HU of anything but a CT, everything of what was not found."""

Row = Mapping[str, str]


def rows_of(scan: str, structure: str, segments: Iterable[tuple[ScanSegment, str]]) -> list[Row]:
    """The rows of what one name named in one scan, each segment with the name of its mask's file."""
    rows: list[Row] = [
        {
            "scan": scan,
            "structure": structure,
            "number": str(number),
            "found": "yes",
            **{column: _written(segment.measurements.value(quantity)) for column, quantity in _QUANTITIES.items()},
            "confidence": _written(segment.confidence),
            "mask": file,
        }
        for number, (segment, file) in enumerate(segments, start=1)
    ]
    return rows or [{"scan": scan, "structure": structure, "found": "no"}]


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV, whole or not at all; FileWriteError where the disk refuses."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8"))


def read_table(path: Path) -> list[Row]:
    """The rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _written(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"
