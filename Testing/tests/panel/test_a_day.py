"""A day's work on one scan, from loading it to going on with it the next day; every link holds to the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from MedVLSAM2Lib.report import DRAFT_MARK, report_from_json
from MedVLSAM2Lib.volume import Modality, Volume
from tests.panel.conftest import TONES, opened
from tests.panel.reader import Reader
from tests.panel.test_report_export import Database
from tests.panel.user import User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

IJK_TO_RAS = np.array([[-2.0, 0.0, 0.0, 60.0], [0.0, -2.0, 0.0, 50.0], [0.0, 0.0, 3.0, -60.0], [0.0, 0.0, 0.0, 1.0]])
VOXEL_ML = 2 * 2 * 3 / 1000
LARGE, SMALL, SATELLITE = np.s_[12:18, 18:26, 38:46], np.s_[22:27, 22:29, 40:46], np.s_[23:26, 31:34, 40:43]
LARGE_VOXELS, SMALL_VOXELS, SATELLITE_VOXELS = 6 * 8 * 8, 5 * 7 * 6, 3 * 3 * 3
QUESTION = "Is there anything in the kidney?"
ANSWER = ["The left kidney", TONES["left kidney"], " holds renal cysts", TONES["renal cysts"], " of <volume:2>."]


def middle(block: tuple[slice, slice, slice]) -> tuple[float, float, float]:
    """R, A, S of a voxel in the middle of a block."""
    k, j, i = (float((part.start + part.stop) // 2) for part in block)
    r, a, s, _ = IJK_TO_RAS @ (i, j, k, 1.0)
    return float(r), float(a), float(s)


@pytest.fixture
def a_study(tmp_path: Path) -> list[Path]:
    return write_study(tmp_path / "study")


def write_study(folder: Path) -> list[Path]:
    """A CT as DICOM files: a liver, and in a kidney a large cyst, a small one and a satellite of it."""
    pytest.importorskip("highdicom")
    from tests.report.exporters.series import write_series

    voxels = np.full((40, 50, 60), -1000, np.int16)
    voxels[5:35, 5:45, 5:55] = 40
    voxels[10:30, 10:40, 8:25] = TONES["liver"]
    voxels[10:30, 15:35, 35:50] = TONES["left kidney"]
    for cyst in (LARGE, SMALL, SATELLITE):
        voxels[cyst] = TONES["renal cysts"]
    return write_series(folder, Volume(voxels, IJK_TO_RAS, Modality.CT, "HU", "CT"))


@pytest.fixture
def a_scan(a_slicer: OffscreenSlicer, a_study: list[Path], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The study, loaded as Slicer's DICOM module does it."""
    import pydicom
    import slicer

    files = {str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID): str(path) for path in a_study}
    monkeypatch.setattr(slicer, "dicomDatabase", Database(files), raising=False)
    node = a_slicer.load_volume(a_study[0].parent, "Abdomen")
    node.SetAttribute("DICOM.instanceUIDs", " ".join(files))
    return node


def test_a_day_from_a_scan_to_its_report_and_on_the_next_day(
    a_slicer: OffscreenSlicer, a_scan: Any, a_worker_that_knows_words: Path, tmp_path: Path
) -> None:
    user = User(a_slicer, opened(a_slicer, a_scan), a_worker_that_knows_words)
    user.worker_will_also(answers={QUESTION: ANSWER})
    segment_lesions_and_liver(user, a_scan)
    ask_and_follow(user)
    reader = Reader(a_slicer, user.module)
    draft_and_correct(user, reader, a_scan)
    export(reader, tmp_path / "exports")

    lines, conversation = reader.lines, user.conversation
    masks = {name: user.mask(a_scan, segment_id) for name, segment_id in user.segments().items()}
    a_slicer.save_scene(tmp_path / "day.mrb")
    a_slicer.close_modules()
    a_slicer.load_scene(tmp_path / "day.mrb")
    volume = a_slicer.scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    user = User(a_slicer, the_module_anew(a_slicer, volume), a_worker_that_knows_words)
    reader = Reader(a_slicer, user.module)
    reader.open_section()
    reader.settle()

    assert reader.lines == lines
    assert user.conversation == conversation
    for name, segment_id in user.segments().items():
        assert np.array_equal(user.mask(volume, segment_id), masks[name])
    go_on(user, reader)


def segment_lesions_and_liver(user: User, volume: Any) -> None:
    user.key("1")
    user.key("M")
    user.prompt(middle(LARGE))
    user.prompt(middle(SMALL))
    user.key("M")
    user.find("liver")
    assert list(user.segments()) == ["Lesion", "Lesion 2", "liver"]
    sizes = [user.mask(volume, segment_id).sum() for segment_id in user.segments().values()]
    assert sizes == [LARGE_VOXELS, SMALL_VOXELS, 20 * 30 * 17]


def ask_and_follow(user: User) -> None:
    user.ui.askSection.collapsed = False
    user.ask(QUESTION)
    assert "The left kidney holds renal cysts of " in user.conversation
    follow_to_the_cysts(user)


def follow_to_the_cysts(user: User) -> None:
    red = user.slicer.open_view("Red").get_view_node()
    red.SetSliceOffset(40.0)
    user.follow("renal cysts")
    assert middle(LARGE)[2] - 9 <= red.GetSliceOffset() <= middle(LARGE)[2] + 9


def draft_and_correct(user: User, reader: Reader, volume: Any) -> None:
    reader.open_section()
    reader.type_into("indicationEdit", "Flank pain.")
    reader.draft()
    assert f"{SMALL_VOXELS * VOXEL_ML:.1f} ml" in reader.sentence("Lesion 2, left: ")
    choose(user, "Lesion 2")
    user.key("1")
    user.prompt(middle(SATELLITE))
    reader.settle()
    assert user.mask(volume).sum() == SMALL_VOXELS + SATELLITE_VOXELS
    assert f"{(SMALL_VOXELS + SATELLITE_VOXELS) * VOXEL_ML:.1f} ml" in reader.sentence("Lesion 2, left: ")
    reader.rewrite("Liver:", "The liver is as expected.")
    assert reader.mark_of("The liver is as expected.") == "edited"
    reader.click_sentence("Impression")
    reader.type_into("sentenceEdit", "Two cysts.")


def choose(user: User, name: str) -> None:
    user.ui.segmentSelector.setCurrentSegmentID(user.segments()[name])
    user.slicer.process_events()


def export(reader: Reader, folder: Path) -> None:
    import pydicom

    for kind in ("Web page", "JSON", "DICOM"):
        reader.export(kind, folder)
    page = (folder / "Abdomen report.html").read_text(encoding="utf-8")
    for words in (DRAFT_MARK, "Flank pain.", "The liver is as expected.", "Two cysts.", "data:image/png"):
        assert words in page
    assert (
        report_from_json((folder / "Abdomen report.json").read_text(encoding="utf-8")) == reader.section.reporter.report
    )
    seg, report = (pydicom.dcmread(folder / f"Abdomen {name}.dcm") for name in ("segmentation", "report"))
    referenced = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert seg.SOPInstanceUID in {i.ReferencedSOPInstanceUID for s in referenced for i in s.ReferencedSOPSequence}


def the_module_anew(a_slicer: OffscreenSlicer, volume: Any) -> Any:
    """The module as another start of Slicer opens it on a scene that was loaded before."""
    from tests.panel.conftest import ROOT

    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    a_slicer.show_volume(volume)
    module.widget.enter()
    a_slicer.process_events(until=lambda: "is open" in str(module.widget.ui.statusLabel.text), timeout_s=60)
    return module


def go_on(user: User, reader: Reader) -> None:
    """Links lead where they led, a correction reaches the report, what was typed stays."""
    user.ui.askSection.collapsed = False
    user.show_panel()
    follow_to_the_cysts(user)
    reader.click_sentence("Lesion, left: ")
    assert reader.slice_offset("Red") == pytest.approx(middle(LARGE)[2], abs=9)
    choose(user, "Lesion")
    user.key("1")
    user.prompt(middle(SATELLITE))
    reader.settle()
    assert f"{(LARGE_VOXELS + SATELLITE_VOXELS) * VOXEL_ML:.1f} ml" in reader.sentence("Lesion, left: ")
    user.key("Z")
    reader.settle()
    assert f"{LARGE_VOXELS * VOXEL_ML:.1f} ml" in reader.sentence("Lesion, left: ")
    assert reader.mark_of("The liver is as expected.") == "edited"
    assert reader.has("Two cysts.")
