"""Learning from the scene's segments, by mouse: what is learned from, a stop, going on, before and after, there and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6 import QtCore, QtTest

from harness import keyboard

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

ROOT = Path(__file__).resolve().parents[3]
NARROW = 380


@pytest.fixture(scope="module")
def a_tiny_config() -> Any:
    """Fine-tuning of a network of a few thousand weights, by clicks and words on one's own scans alone."""
    from MedVLSAM2Lib.training.config import Mix, Schedule
    from MedVLSAM2Lib.training.joint.config import JointConfig, LossWeights
    from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageMix
    from tests.training.joint.conftest import SIZE

    return JointConfig(
        stage="finetune",
        network=SIZE,
        schedule=Schedule(peak=2e-3, floor=1e-3, warmup_steps=1, steps=100_000, seconds=None),
        learns=("mask_model", "seg_projector"),
        weights=LossWeights(language=0, meaning=0),
        language_data=LanguageConfig((16, 24, 24), 2, people=1, mix=LanguageMix(0, 0, 1, 0)),
        mix=Mix(0, 0, 0, 0, 0, 0, 0, 1),
        scans=1,
        worded=1,
        clicks=1,
        bfloat16=False,
        log_seconds=0,
        checkpoint_seconds=0,
        validation_objects=1,
        validation_people=1,
    )


@pytest.fixture(scope="module")
def a_tiny_checkpoint(a_tiny_config: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkpoint of random weights."""
    import torch

    from MedVLSAM2Lib.training.joint.export import save_checkpoint_of
    from MedVLSAM2Lib.training.joint.network import JointNetwork
    from MedVLSAM2Lib.training.language.tokenizer import train_tokenizer
    from MedVLSAM2Lib.training.learning.training_state import Progress

    torch.manual_seed(0)
    words = train_tokenizer(["Where is the liver? The liver [SEG] is here.", "Segment the left kidney."] * 4, 300)
    folder = tmp_path_factory.mktemp("made") / "tiny"
    save_checkpoint_of(JointNetwork.made(a_tiny_config.network, words), words, folder, a_tiny_config, Progress(), {})
    return folder


class Section:
    """The section, unfolded, in front of somebody with a mouse."""

    def __init__(self, a_slicer: OffscreenSlicer, module: Any, config: Any, folder: Path) -> None:
        self.slicer, self.module, self.ui = a_slicer, module, module.widget.teachUi
        self._config, self._file = config, folder / "finetune.json"
        module.panel.show()
        self.ui.teachSection.setCollapsed(False)
        self.train_for(config.schedule.steps)
        a_slicer.process_events()

    @property
    def teacher(self) -> Any:
        return self.module.widget.teachSection._teacher

    def train_for(self, steps: int) -> None:
        from MedVLSAM2Lib.panel.training_command import TrainingCommand

        config = replace(self._config, schedule=replace(self._config.schedule, steps=steps))
        self._file.write_text(json.dumps(config.to_dict()))
        self.teacher._training = lambda: TrainingCommand(config=self._file)

    def press(self, button: str) -> None:
        keyboard.click_widget(getattr(self.ui, f"{button}Button"))

    def can(self, button: str) -> bool:
        widget = getattr(self.ui, f"{button}Button")
        return bool(widget.enabled) and not widget.isHidden()

    def untick(self, row: int) -> None:
        table = self.ui.lessonsTable
        place = table.visualItemRect(table.item(row, 0))
        QtTest.QTest.mouseClick(
            table.viewport(),
            QtCore.Qt.MouseButton.LeftButton,
            pos=QtCore.QPoint(place.left() + 10, place.center().y()),
        )

    def select(self, row: int) -> None:
        table = self.ui.lessonsTable
        QtTest.QTest.mouseClick(
            table.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=table.visualItemRect(table.item(row, 1)).center()
        )

    def rows(self, table: str = "lessons") -> list[list[str]]:
        shown = getattr(self.ui, f"{table}Table")
        columns = range(shown.columnCount)
        return [[shown.item(row, column).text() for column in columns] for row in range(shown.rowCount)]

    def wait(self) -> str:
        self.slicer.process_events(until=lambda: not self.teacher.is_busy, timeout_s=240)
        return self.says

    @property
    def says(self) -> str:
        return str(self.module.widget.ui.statusLabel.text).replace("\N{ZERO WIDTH SPACE}", "")


@pytest.fixture
def the_section(
    a_slicer: OffscreenSlicer,
    a_tiny_checkpoint: Path,
    a_tiny_config: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Section]:
    """The module with the real engine and the tiny checkpoint, and no scan yet."""
    import qt

    monkeypatch.setattr("MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint", lambda: a_tiny_checkpoint)
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    module.widget.enter()
    yield Section(a_slicer, module, a_tiny_config, tmp_path)
    qt.QSettings().clear()


def a_scan(name: str, shift: int, segments: tuple[str, ...] = ("liver", "Left Kidney")) -> Any:
    """A CT volume node of 36x32x24 voxels with bright boxes in it, and each of them drawn."""
    import slicer

    from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation

    voxels = np.full((24, 32, 36), -1000, np.int16)
    voxels[2:22, 2:30, 2:34] = 40
    boxes = (np.s_[6:16, 8:18, 6 + shift : 16 + shift], np.s_[8:18, 12:20, 22:30])
    for box, tone in zip(boxes, (130, 220), strict=True):
        voxels[box] = tone
    volume = slicer.util.addVolumeFromArray(voxels, ijkToRAS=np.diag([-3.0, -3.0, 4.0, 1.0]), name=name)
    node = create_segmentation(volume)
    for segment, box in zip(segments, boxes, strict=False):
        mask = np.zeros(voxels.shape, np.uint8)
        mask[box] = 1
        segment_id = create_segment(node, segment)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment_id, volume)
    return volume


def test_what_is_learned_from_is_shown_and_can_be_left_out_kept_and_removed(the_section: Section) -> None:
    assert the_section.ui.teachLabel.text.startswith(
        "Learning needs named segments on at least 2 CT scans; there is none"
    )
    a_scan("Brown, A.", 0, ("liver", "Segment_2"))
    the_section.slicer.process_events(until=lambda: len(the_section.rows()) == 2, timeout_s=10)
    assert the_section.rows() == [
        ["liver", "liver", "Brown, A."],
        ["Segment_2", "by clicks only", "Brown, A."],
    ]
    assert "there is 1 so far" in the_section.ui.teachLabel.text
    assert not the_section.can("learn")
    the_section.untick(1)
    the_section.press("keep")
    assert the_section.wait() == "1 scan is kept to learn from."
    assert [row[0] for row in the_section.rows()][2:] == ["liver"]
    folder = the_section.teacher._folder
    assert not any("Brown" in path.name for path in folder.iterdir())
    assert all(b"Brown" not in path.read_bytes() for path in folder.iterdir())
    # Kept or not, it is the same scan.
    assert not the_section.can("learn")
    a_scan("Green, B.", 3)
    the_section.slicer.process_events(until=lambda: the_section.can("learn"), timeout_s=10)
    assert the_section.ui.teachLabel.text == "3 segments here, 2 scans in all."
    the_section.select(4)
    the_section.press("forget")
    assert the_section.wait() == "The kept scan was removed."
    assert not list(folder.glob("*.nrrd"))


def test_it_learns_beside_slicer_stops_goes_on_and_can_be_used_and_left_again(
    the_section: Section, a_tiny_checkpoint: Path
) -> None:
    before = {path: path.read_bytes() for path in a_tiny_checkpoint.rglob("*") if path.is_file()}
    volumes = [a_scan(f"scan {number}", number) for number in range(3)]
    the_section.module.widget.ui.volumeSelector.setCurrentNode(volumes[0])
    the_section.slicer.process_events(until=lambda: the_section.can("learn"), timeout_s=10)

    the_section.press("learn")
    assert not the_section.can("learn")
    the_section.slicer.process_events(until=lambda: "Learning: 0%" in the_section.ui.learningLabel.text, timeout_s=240)
    assert "to go" in the_section.ui.learningLabel.text
    the_section.press("stopLearning")
    assert the_section.wait() == "Learning was stopped; Go on takes it up where it was last saved."
    assert "A run was stopped after" in the_section.ui.teachLabel.text
    run = the_section.teacher.runs.unfinished()
    steps = len((run.folder / "curve.csv").read_text("utf-8").splitlines()) - 1

    the_section.train_for(steps + 2)
    the_section.press("goOn")
    said = the_section.wait()
    assert said.startswith("The new model is ")
    assert said == the_section.ui.comparedLabel.text
    curve = [int(row.split(",")[0]) for row in (run.folder / "curve.csv").read_text("utf-8").splitlines()[1:]]
    assert curve[-1] == steps + 2
    header = [the_section.ui.comparedTable.horizontalHeaderItem(n).text() for n in range(4)]
    assert header == ["DSC", "1 click", "3 clicks", "by name"]
    assert [row[0] for row in the_section.rows("compared")] == ["liver", "left kidney"]
    assert {path: path.read_bytes() for path in a_tiny_checkpoint.rglob("*") if path.is_file()} == before

    model = the_section.module.widget.panel.model
    assert model.is_bundled
    the_section.press("useLearned")
    the_section.slicer.process_events(until=lambda: model.info is not None, timeout_s=120)
    assert model.folder == run.checkpoint
    assert not the_section.can("useLearned")
    the_section.press("earlierModel")
    assert model.is_bundled


def test_a_model_that_is_not_learned_from_is_refused_before_anything_is_kept(
    the_section: Section, tmp_path: Path
) -> None:
    for number in range(2):
        a_scan(f"scan {number}", number)
    the_section.slicer.process_events(until=lambda: the_section.can("learn"), timeout_s=10)
    slices = tmp_path / "sam2"
    slices.mkdir()
    (slices / "config.json").write_text(json.dumps({"architecture": "slices", "name": "SAM 2"}))
    the_section.module.widget.panel.model.use(slices)
    the_section.slicer.process_events(until=lambda: not the_section.can("learn"), timeout_s=10)
    assert the_section.ui.teachLabel.text.replace("\N{ZERO WIDTH SPACE}", "").startswith(
        "The mask model in sam2 is of the kind 'slices'; learning goes on from one of the kind patches"
    )
    assert the_section.can("keep")
    assert not the_section.teacher._folder.exists()


def test_the_section_fits_into_a_narrow_panel(the_section: Section) -> None:
    a_scan("Segmentation_of_the_abdomen_of_patient_0042_after_contrast_reviewed_by_two_readers", 0)
    the_section.module.panel.resize(NARROW, 3000)
    the_section.slicer.process_events(until=lambda: len(the_section.rows()) == 2, timeout_s=10)
    assert the_section.ui.teachSection.minimumSizeHint().width() <= NARROW
