"""The catalogue in the panel, by mouse: what there is, a yes before a download, stop, use, import, remove."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import huggingface_hub.constants
import numpy as np
import pytest
from PySide6 import QtCore, QtTest
from safetensors.numpy import save

from harness import keyboard
from MedVLSAM2Lib.catalogue import Hub, ModelStore, read_catalogue
from tests.catalogue.fake_hub import FakeHub

if TYPE_CHECKING:
    from tests.panel.user import User

REPO_ID, NAME, TITLE = "facebook/sam2.1-hiera-tiny", "sam2.1-tiny", "SAM 2.1 tiny"
HERE, SIZE, LICENCE, MEMORY, ABILITIES = range(1, 6)


@pytest.fixture
def the_files() -> dict[str, bytes]:
    weights = save({"weight": np.random.default_rng(0).integers(0, 256, 1_000_000, np.uint8)})
    return {"config.json": b"{}", "model.safetensors": weights, "README.md": b"# SAM 2.1"}


@pytest.fixture
def a_hub(the_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 16_384)
    fake = FakeHub({REPO_ID: the_files})
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def a_store(a_hub: FakeHub, tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "data", Hub(tmp_path / "cache", a_hub.endpoint))


@pytest.fixture(autouse=True)
def the_store_of_the_module(a_store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("MedVLSAM2Lib.catalogue.ModelStore", lambda: a_store)


@pytest.fixture
def the_section(a_user: User) -> Section:
    return Section(a_user)


class Section:
    """The catalogue's part of the panel, unfolded, with SAM 2.1 tiny selected."""

    def __init__(self, user: User) -> None:
        self.user, self.ui = user, user.ui
        user.module.panel.show()
        self.ui.modelSection.setCollapsed(False)
        user.slicer.process_events()
        self.select(TITLE)

    @property
    def entry(self) -> Any:
        return read_catalogue().entry(NAME)

    def select(self, title: str) -> None:
        table = self.ui.catalogueTable
        (item,) = table.findItems(title, QtCore.Qt.MatchFlag.MatchExactly)
        place = table.visualItemRect(item).center()
        QtTest.QTest.mouseClick(table.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=place)

    def cell(self, column: int) -> str:
        table = self.ui.catalogueTable
        return str(table.item(table.currentRow(), column).text())

    def can(self, button: str) -> bool:
        widget = getattr(self.ui, f"{button}Button")
        return bool(widget.enabled) and not widget.isHidden()

    def wait(self) -> str:
        """Until nothing is done about models any more; what is said then."""
        self.user.wait(self.ui.modelProgressBar.isHidden)
        return self.user.says

    def download(self) -> str:
        self.user.press("downloadModel")
        self.user.press("acceptLicence")
        return self.wait()

    def type_folder(self, folder: Path) -> None:
        keyboard.type_text(self.ui.importPath.focusProxy(), str(folder))


def test_every_model_is_listed_with_licence_size_needs_and_whether_it_is_here(the_section: Section) -> None:
    table = the_section.ui.catalogueTable
    rows = [[table.item(row, column).text() for column in range(6)] for row in range(table.rowCount)]
    entries = read_catalogue().entries
    assert [row[0] for row in rows] == [entry.title for entry in entries]
    for row, entry in zip(rows, entries, strict=True):
        assert row[LICENCE] == entry.licence.tag
        assert row[ABILITIES] == ", ".join(entry.capabilities)
        assert all(re.fullmatch(r"[\d.]+ [kMG]B", need) for need in row[MEMORY].split(" / "))
        assert row[HERE] == ("bundled" if entry.is_bundled else "no")
    assert the_section.entry.licence.url in the_section.ui.modelDetailsLabel.text
    assert (the_section.can("useModel"), the_section.can("downloadModel")) == (False, True)


def test_nothing_is_asked_of_the_hub_before_the_yes(the_section: Section, a_hub: FakeHub) -> None:
    the_section.user.press("downloadModel")
    question = the_section.ui.licenceLabel.text
    assert (
        f"is {the_section.cell(SIZE)} from https://huggingface.co/{REPO_ID}, under the licence apache-2.0" in question
    )
    assert not the_section.can("downloadModel")
    the_section.user.press("declineLicence")
    assert the_section.ui.licenceLabel.isHidden()
    assert the_section.can("downloadModel")
    assert a_hub.asked == []


def test_after_the_yes_it_comes_and_it_goes_again(the_section: Section, a_store: ModelStore) -> None:
    assert the_section.download() == "SAM 2.1 tiny is here (1.0 MB)."
    assert the_section.cell(HERE) == "safetensors"
    assert the_section.can("useModel")
    assert a_store.verify(NAME) == ()
    the_section.user.press("removeModel")
    assert the_section.wait() == "SAM 2.1 tiny was removed; 1.0 MB are free again."
    assert the_section.cell(HERE) == "no"


def test_a_download_shows_how_far_it_is_and_stops_when_told_to(the_section: Section, a_hub: FakeHub) -> None:
    a_hub.pause_after = 400_000
    the_section.user.press("downloadModel")
    the_section.user.press("acceptLicence")
    the_section.user.wait(lambda: the_section.ui.modelProgressBar.value > 20)
    the_section.user.press("cancelModel")
    a_hub.pause_after = None
    assert the_section.wait() == "The download was stopped; what has arrived is kept for the next one."
    assert the_section.cell(HERE).startswith("partly")
    assert the_section.download() == "SAM 2.1 tiny is here (1.0 MB)."
    assert a_hub.ranges_asked("model.safetensors")[-1] != ""


def test_another_licence_at_the_hub_is_another_question(the_section: Section, a_hub: FakeHub) -> None:
    a_hub.licence = "cc-by-nc-4.0"
    assert the_section.download().endswith("gives another licence: cc-by-nc-4.0.")
    assert "under the licence cc-by-nc-4.0" in the_section.ui.licenceLabel.text
    assert the_section.cell(HERE) == "no"
    the_section.user.press("acceptLicence")
    assert the_section.wait() == "SAM 2.1 tiny is here (1.0 MB)."


def test_a_hub_that_is_out_of_reach_is_one_sentence(the_section: Section, a_hub: FakeHub) -> None:
    a_hub.status = 503
    said = the_section.download()
    assert said.count(". ") == 0
    assert said.endswith(".")
    assert the_section.can("downloadModel")


def test_a_folder_is_imported_where_it_is(
    the_section: Section, tmp_path: Path, the_files: dict[str, bytes], a_hub: FakeHub
) -> None:
    assert not the_section.can("importModel")
    snapshot = tmp_path / f"models--{REPO_ID.replace('/', '--')}" / "snapshots" / "0123456789abcdef"
    snapshot.mkdir(parents=True)
    for name, content in the_files.items():
        (snapshot / name).write_bytes(content)
    the_section.type_folder(snapshot)
    the_section.user.press("importModel")
    assert not the_section.can("cancelModel")
    assert the_section.wait() == f"SAM 2.1 tiny was taken from {snapshot.name}; its licence is apache-2.0."
    assert the_section.cell(HERE) == "safetensors"
    assert a_hub.asked == []


def test_a_folder_without_a_model_is_one_sentence(the_section: Section, tmp_path: Path) -> None:
    the_section.type_folder(tmp_path / "nowhere")
    the_section.user.press("importModel")
    assert the_section.wait() == "There is no folder nowhere; check the path."


def test_weights_that_are_here_are_made_a_checkpoint_and_used(
    the_section: Section, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def convert(store: ModelStore, name: str, _: Callable[[], bool]) -> None:
        made.append(name)
        folder = store.checkpoint_folder(name)
        folder.mkdir(parents=True)
        (folder / "behaviour.json").write_text(json.dumps({"capabilities": ["click"]}))
        (folder / "config.json").write_text(json.dumps({"name": TITLE, "capabilities": ["click"]}))

    monkeypatch.setattr(the_section.user.panel._catalogue._shelf, "_convert", convert)
    the_section.download()
    for _ in range(2):
        the_section.user.press("useModel")
        assert the_section.wait() == "SAM 2.1 tiny is used from now on."
    the_section.user.wait(lambda: the_section.user.panel.model.info is not None)
    assert the_section.ui.modelLabel.text.startswith(TITLE)
    assert made == [NAME]
    the_section.user.press("removeModel")
    assert the_section.user.says == "SAM 2.1 tiny is in use; choose another model before it is removed."
    the_section.select("MedVL-SAM2 tiny")
    the_section.user.press("useModel")
    the_section.wait()
    assert the_section.user.panel.model.is_bundled
    the_section.select(TITLE)
    the_section.user.press("removeModel")
    the_section.wait()
    assert not the_section.can("useModel")


def test_weights_that_are_no_such_model_are_one_sentence_of_the_command(the_section: Section) -> None:
    pytest.importorskip("transformers")
    the_section.download()
    before = the_section.ui.modelLabel.text
    the_section.user.press("useModel")
    assert the_section.can("cancelModel")
    assert re.search(r"tensor|does not fit|weights", the_section.wait())
    assert the_section.user.says.count(". ") == 0
    assert the_section.ui.modelLabel.text == before


def test_the_memory_is_told_before_a_scan_is_open_and_with_it(a_user_of_the_real_engine: User, a_ct: Any) -> None:
    label = a_user_of_the_real_engine.ui.memoryLabel
    with_scan = re.fullmatch(r"It needs about (\d+) MB of memory with this scan; [\d.]+ [MG]B are free\.", label.text)
    assert with_scan is not None
    a_user_of_the_real_engine.ui.volumeSelector.setCurrentNode(None)
    before = re.fullmatch(r"It needs about (\d+) MB of memory before a scan is open; .* are free\.", label.text)
    assert before is not None
    assert int(before[1]) <= int(with_scan[1])


def test_with_a_separate_environment_its_own_python_downloads(
    the_section: Section, a_hub: FakeHub, a_store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from MedVLSAM2Lib.panel.engine_place import Place

    place = the_section.user.module.widget.setupSection._place
    place.kind, place.python = Place.ENVIRONMENT, Path(sys.executable)
    monkeypatch.setattr(place, "_before", {**os.environ, "HF_ENDPOINT": a_hub.endpoint})
    monkeypatch.setattr(a_store, "download", None)  # Slicer's own Python has not what it takes
    a_hub.licence = "cc-by-nc-4.0"
    assert the_section.download().endswith("gives another licence: cc-by-nc-4.0.")
    the_section.user.press("declineLicence")
    a_hub.licence = "apache-2.0"
    assert the_section.download() == "SAM 2.1 tiny is here (1.0 MB)."
    assert a_store.verify(NAME) == ()
    the_section.user.press("removeModel")
    the_section.wait()
    a_hub.status = 503
    assert "503" in the_section.download()
    a_hub.status, a_hub.pause_after, asked = 200, 400_000, len(a_hub.asked)
    the_section.user.press("downloadModel")
    the_section.user.press("acceptLicence")
    the_section.user.wait(lambda: any("model.safetensors" in request.path for request in a_hub.asked[asked:]))
    the_section.user.press("cancelModel")
    # The hub goes on only then: a download that is over cannot be stopped.
    assert the_section.wait() == "The download was stopped; what has arrived is kept for the next one."
    a_hub.pause_after = None
