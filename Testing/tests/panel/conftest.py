"""The module in Slicer, with a real worker and a model that needs no training."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer
    from tests.panel.user import User

ROOT = Path(__file__).resolve().parents[3]
CAPABILITIES = ("click", "box", "scribble", "lasso", "prior")


@pytest.fixture
def make_checkpoint(tmp_path: Path) -> Callable[..., Path]:
    """Makes folders of the stand-in model: what is as bright as the clicked voxel belongs to the object."""

    def make(name: str, capabilities: Sequence[str] = CAPABILITIES) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "behaviour.json").write_text(json.dumps({"capabilities": capabilities}))
        (folder / "config.json").write_text(json.dumps({"name": name, "capabilities": capabilities}))
        return folder

    return make


@pytest.fixture
def the_worker(monkeypatch: pytest.MonkeyPatch, make_checkpoint: Callable[..., Path]) -> Iterator[Path]:
    """The folder of the model that the module's worker loads; the settings are as if it had never been used."""
    from MedVLSAM2Lib.engine import LocalLauncher

    folder = make_checkpoint("stand-in")
    script = ROOT / "Testing" / "tests" / "engine" / "standin_worker.py"
    monkeypatch.setattr("MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint", lambda: folder)
    launcher = LocalLauncher(arguments=(str(script),))
    monkeypatch.setattr("MedVLSAM2Lib.engine.LocalLauncher", lambda: launcher)
    yield folder
    import qt

    qt.QSettings().clear()


@pytest.fixture(autouse=True)
def models_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The panel looks neither into this user's list of models nor into their cache."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def a_module(a_slicer: OffscreenSlicer, a_ct: Any, the_worker: Path) -> Iterator[Any]:
    """The module, entered, with the CT chosen and shown in the red view."""
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    module.widget.ui.volumeSelector.setCurrentNode(a_ct)
    module.widget.enter()
    a_slicer.process_events(until=lambda: module.widget.panel.model.info is not None, timeout_s=60)
    # What is said of the scan comes when it is open; nothing more is said after that.
    a_slicer.process_events(until=lambda: "is open" in module.widget.ui.statusLabel.text, timeout_s=60)
    return module


@pytest.fixture
def a_user(a_slicer: OffscreenSlicer, a_module: Any, the_worker: Path) -> User:
    """Somebody in front of the open module."""
    # Not at the top: this file is loaded before the harness has prepared Qt's environment.
    from tests.panel.user import User

    return User(a_slicer, a_module, the_worker)


@pytest.fixture
def a_user_of_the_real_engine(a_slicer: OffscreenSlicer, a_ct: Any) -> Iterator[User]:
    """Somebody in front of the module with the engine and the model that come with the extension."""
    import qt

    from tests.panel.user import User

    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    a_slicer.open_view("Red")
    a_slicer.show_volume(a_ct)
    module.widget.ui.volumeSelector.setCurrentNode(a_ct)
    module.widget.enter()
    yield User(a_slicer, module, Path())
    qt.QSettings().clear()
