"""The module in Slicer, with a real worker and a model that needs no training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def the_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the stand-in model that the module's worker loads: what is as bright as the clicked voxel."""
    from MedVLSAM2Lib.engine import LocalLauncher

    folder = tmp_path / "stand-in"
    folder.mkdir()
    (folder / "behaviour.json").write_text("{}")
    script = ROOT / "Testing" / "tests" / "engine" / "standin_worker.py"
    monkeypatch.setattr("MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint", lambda: folder)
    launcher = LocalLauncher(arguments=(str(script),))
    monkeypatch.setattr("MedVLSAM2Lib.engine.LocalLauncher", lambda: launcher)
    return folder


@pytest.fixture
def a_module(a_slicer: OffscreenSlicer, a_ct: Any, the_worker: Path) -> Iterator[Any]:
    """The module, entered, with the CT chosen and shown in the red view."""
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    module.widget.ui.volumeSelector.setCurrentNode(a_ct)
    module.widget.enter()
    a_slicer.process_events(until=lambda: bool(module.widget.section.segmenter.model_name), timeout_s=60)
    return module
