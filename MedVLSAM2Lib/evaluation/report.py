"""What a suite found: tables to read, and everything behind them as data."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.evaluation.page.page import evaluation_page
from MedVLSAM2Lib.evaluation.page.picture import Picture

_PACKAGES = ("numpy", "scipy", "scikit-image", "SimpleITK", "torch", "slicer-core", "vtk")


@dataclass(frozen=True)
class Report:
    """A suite's outcome.

    Attributes:
        suite: its name.
        markdown: the tables.
        data: everything behind them, ready for JSON.
        passed: False when a requirement the suite holds was missed.
        plots: SVG by what it shows.
        pictures: of the worst cases.
    """

    suite: str
    markdown: str
    data: Mapping[str, Any]
    passed: bool = True
    plots: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write ``<suite>.json``, ``<suite>.md`` and ``<suite>.html`` into ``folder``, made if missing: their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        data_file, table_file = folder / f"{self.suite}.json", folder / f"{self.suite}.md"
        content = {"suite": self.suite, "passed": self.passed, "environment": environment(), **self.data}
        data_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        table_file.write_text(self.markdown, encoding="utf-8")
        page_file = folder / f"{self.suite}.html"
        page_file.write_text(evaluation_page(self), encoding="utf-8")
        return data_file, table_file, page_file


def environment() -> dict[str, Any]:
    """What the figures were measured on."""
    versions = {package: _version(package) for package in _PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()} | versions


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up, so that it is plain text to read too."""
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in padded)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
