"""Fixtures for the tests of the harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer
    from harness.scripted_module import ScriptedModule


@pytest.fixture
def the_sample_module_file() -> Path:
    return Path(__file__).parent / "sample_module" / "SampleModule.py"


@pytest.fixture
def a_sample_module(a_slicer: OffscreenSlicer, the_sample_module_file: Path) -> ScriptedModule:
    return a_slicer.load_module(the_sample_module_file)
