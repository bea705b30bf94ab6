"""The module in Slicer, with a real worker and a model that needs no training."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer
    from tests.panel.user import User

ROOT = Path(__file__).resolve().parents[3]
CAPABILITIES = ("click", "box", "scribble", "lasso", "prior")
TONES = {"liver": 110, "left kidney": 180, "renal cysts": 0, "the larger renal cyst": 0}


def opened(a_slicer: OffscreenSlicer, volume: Any) -> Any:
    """The module, entered, with a volume chosen and shown in the red view, once its worker has loaded the model."""
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    a_slicer.open_view("Red")
    a_slicer.show_volume(volume)
    module.widget.ui.volumeSelector.setCurrentNode(volume)
    module.widget.enter()
    a_slicer.process_events(until=lambda: module.widget.panel.model.info is not None, timeout_s=60)
    # What is said of the scan comes when it is open; nothing more is said after that.
    a_slicer.process_events(until=lambda: "is open" in module.widget.ui.statusLabel.text, timeout_s=60)
    return module


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


@pytest.fixture(autouse=True)
def a_temporary_folder_of_its_own(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Where Slicer's temporary files go: what other tests and runs leave behind is offered to nobody."""
    folder = tmp_path / "temporary"
    if "the_only_slicer" in request.fixturenames:
        request.getfixturevalue("the_only_slicer")
        import slicer

        monkeypatch.setattr(slicer.app, "temporaryPath", str(folder))
    return folder


@pytest.fixture
def a_worker_that_knows_words(
    monkeypatch: pytest.MonkeyPatch, make_checkpoint: Callable[..., Path], the_worker: Path
) -> Path:
    """The folder of a model that knows the tones of the scan by name; the engine's ``tone_worker.py`` says what it does."""
    from MedVLSAM2Lib.engine.launcher import LocalLauncher

    folder = make_checkpoint("words", (*CAPABILITIES, "phrase", "question"))
    behaviour = {"capabilities": (*CAPABILITIES, "phrase", "question"), "tones": TONES, "threshold": 0.1}
    (folder / "behaviour.json").write_text(json.dumps(behaviour))
    launcher = LocalLauncher(arguments=(str(ROOT / "Testing" / "tests" / "engine" / "tone_worker.py"),))
    monkeypatch.setattr("MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint", lambda: folder)
    monkeypatch.setattr("MedVLSAM2Lib.engine.LocalLauncher", lambda: launcher)
    return folder


@pytest.fixture(scope="session")
def a_toy_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkpoint that learnt two phrases here and answers questions with what it never learnt."""
    from MedVLSAM2Lib.model.language.config import LanguageConfig
    from tests.session.toy_phrases import one_thread, toy_model, train

    model = toy_model(LanguageConfig(most_new_tokens=12), ("click", "phrase", "question"))
    with one_thread():
        train(model, steps=250)
    folder = tmp_path_factory.mktemp("toy")
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def an_abdomen(a_slicer: OffscreenSlicer) -> Any:
    """A volume node, 60x50x40 voxels of 2x2x3 mm, left to right in the patient: a liver, and two cysts in a kidney."""
    import slicer

    voxels = np.full((40, 50, 60), -1000, dtype=np.int16)
    voxels[5:35, 5:45, 5:55] = 40
    voxels[10:30, 10:40, 8:25] = TONES["liver"]
    voxels[10:30, 15:35, 35:50] = TONES["left kidney"]
    voxels[12:18, 18:26, 38:46] = TONES["renal cysts"]
    voxels[22:27, 22:29, 40:46] = TONES["renal cysts"]
    ijk_to_ras = np.diag([-2.0, -2.0, 3.0, 1.0])
    ijk_to_ras[:3, 3] = (60.0, 50.0, -60.0)
    volume = slicer.util.addVolumeFromArray(voxels, ijkToRAS=ijk_to_ras, name="Abdomen")
    volume.CreateDefaultDisplayNodes()
    return volume


@pytest.fixture
def a_speaker(a_slicer: OffscreenSlicer, an_abdomen: Any, a_worker_that_knows_words: Path) -> User:
    """Somebody in front of the module with a model that knows words, and the abdomen chosen."""
    from tests.panel.user import User

    return User(a_slicer, opened(a_slicer, an_abdomen), a_worker_that_knows_words)


@pytest.fixture
def a_module(a_slicer: OffscreenSlicer, a_ct: Any, the_worker: Path) -> Iterator[Any]:
    """The module, entered, with the CT chosen and shown in the red view."""
    return opened(a_slicer, a_ct)


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
