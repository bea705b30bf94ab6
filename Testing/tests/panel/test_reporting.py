"""The report section, used with mouse and keys: sentences that stay true to their segments, and a person's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.panel.reader import Reader

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

LIVER = (slice(10, 30), slice(10, 30), slice(10, 30))
MASS = (slice(20, 26), slice(32, 38), slice(40, 46))
VOXEL_ML = 2 * 2 * 3 / 1000


@pytest.fixture
def segments(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> dict[str, str]:
    """A liver and a mass, drawn by hand and chosen in the panel: their ids by name."""
    from tests.panel.reader import drawn

    return drawn(a_module, a_ct, {"liver": LIVER, "mass": MASS})


@pytest.fixture
def a_reader(a_slicer: OffscreenSlicer, a_module: Any, segments: dict[str, str]) -> Reader:
    """Somebody who reads the report, with the section open."""
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    return reader


def test_a_draft_says_what_was_measured(a_reader: Reader, segments: dict[str, str]) -> None:
    a_reader.draft()
    liver = a_reader.sentence("Liver:")
    assert f"{20 * 20 * 20 * VOXEL_ML:.1f} ml" in liver
    assert a_reader.mark_of("Liver:") == "measured"
    assert a_reader.sentence("Mass, ").startswith("Mass, left: ")
    assert "DRAFT" in a_reader.draft_line
    assert "No model took part." in a_reader.draft_line
    assert "Not assessed: " in "\n".join(a_reader.lines)
