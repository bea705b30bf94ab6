"""A report leaves the panel as a page, text, JSON and DICOM, or says in one sentence why it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.panel.reader import Reader, drawn
from tests.small_disk import SmallDisk

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

LIVER = (slice(10, 30), slice(10, 30), slice(10, 30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where exports go: not there yet."""
    return tmp_path / "exports"


@pytest.fixture
def a_reader(a_slicer: OffscreenSlicer, a_module: Any, a_ct: Any) -> Reader:
    """Somebody with a drafted report in the open section."""
    drawn(a_module, a_ct, {"liver": LIVER})
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    reader.draft()
    return reader


@pytest.mark.parametrize(
    ("kind", "ending", "words"),
    [("Web page", "html", "data:image/png"), ("Plain text", "txt", "FINDINGS"), ("JSON", "json", '"statements"')],
)
def test_it_is_written_whole_and_never_over_another(
    a_reader: Reader, folder: Path, kind: str, ending: str, words: str
) -> None:
    for name in (f"CT report.{ending}", f"CT 2 report.{ending}"):
        a_reader.export(kind, folder)
        assert name in a_reader.says
        text = (folder / name).read_text(encoding="utf-8")
        assert words in text
        assert "DRAFT" in text
        assert "96.0" in text
    assert len(list(folder.iterdir())) == 2


def test_the_text_goes_to_the_clipboard(a_reader: Reader) -> None:
    assert "Liver: 96.0 ml" in a_reader.copied_text()
    assert a_reader.says == "The report is on the clipboard as plain text."


def test_without_a_dicom_series_dicom_is_one_sentence_and_no_file(a_reader: Reader, folder: Path) -> None:
    a_reader.export("DICOM", folder)
    assert "did not come from a DICOM series" in a_reader.says
    assert a_reader.says.count(". ") == 0
    assert not folder.exists()
    a_reader.export("Plain text", folder)
    assert len(list(folder.iterdir())) == 1


def test_without_a_folder_it_asks_for_one(a_reader: Reader) -> None:
    a_reader.ui.exportFolder.setCurrentPath("")
    a_reader.press("export")
    assert a_reader.says == "Choose the folder to write the report to."


def test_a_folder_that_cannot_be_written_is_one_sentence(a_reader: Reader, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    a_reader.export("JSON", in_the_way)
    assert "cannot be written" in a_reader.says
    assert in_the_way.read_text("utf-8") == ""


@pytest.mark.parametrize("kind", ["Web page", "Plain text", "JSON"])
def test_a_full_or_read_only_disk_is_one_sentence_and_no_half_report(
    a_reader: Reader, a_small_disk: SmallDisk, kind: str
) -> None:
    a_small_disk.fill()
    for reason in ("No space left on device", "Read-only file system"):
        a_reader.export(kind, a_small_disk.folder)
        assert f"cannot be written ({reason}); check the folder and the space on the disk." in a_reader.says
        assert a_reader.says.count(". ") == 0
        assert [path.name for path in a_small_disk.folder.iterdir()] == ["filler"]
        a_small_disk.make_read_only()
    assert a_reader.has("Liver")


class Database:
    """Slicer's DICOM database, as far as it is asked: the file of an instance."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def fileForInstance(self, uid: str) -> str:
        return self._files.get(uid, "")


@pytest.fixture
def a_scan_from_dicom(a_slicer: OffscreenSlicer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A volume node as Slicer's DICOM module leaves it, its series in the database."""
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("highdicom")
    import slicer

    from MedVLSAM2Lib.volume import Modality, Volume
    from tests.report.exporters.series import write_series

    voxels = np.full((20, 24, 28), -1000, np.int16)
    voxels[2:18, 3:21, 3:25] = 40
    matrix = np.diag([-2.0, -2.0, 3.0, 1.0])
    paths = write_series(tmp_path / "series", Volume(voxels, matrix, Modality.CT, "HU", "CT"))
    files = {str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID): str(path) for path in paths}
    monkeypatch.setattr(slicer, "dicomDatabase", Database(files), raising=False)
    node = slicer.util.addVolumeFromArray(voxels, matrix, "Scan 1/2")
    node.CreateDefaultDisplayNodes()
    node.SetAttribute("DICOM.instanceUIDs", " ".join(files))
    return node


@pytest.fixture
def a_reader_of_dicom(a_slicer: OffscreenSlicer, a_module: Any, a_scan_from_dicom: Any) -> Reader:
    """Somebody with a report on that scan."""
    a_module.widget.ui.volumeSelector.setCurrentNode(a_scan_from_dicom)
    drawn(a_module, a_scan_from_dicom, {"liver": (slice(5, 10), slice(6, 12), slice(6, 16))})
    reader = Reader(a_slicer, a_module)
    reader.open_section()
    reader.draft()
    return reader


def test_the_technique_is_read_off_the_header(a_reader_of_dicom: Reader) -> None:
    assert a_reader_of_dicom.sentence("CT, 3 mm slices, 120 kV.")
    assert a_reader_of_dicom.mark_of("CT, 3 mm slices") == "header"


def test_seg_and_sr_are_written_beside_each_other_and_hold_the_same_mask_and_numbers(
    a_reader_of_dicom: Reader, a_scan_from_dicom: Any, folder: Path
) -> None:
    import pydicom

    from MedVLSAM2Lib.report.exporters.dicom_segmentation import read_segmentation
    from MedVLSAM2Lib.scene.volume_reader import read_volume

    a_reader_of_dicom.export("DICOM", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["Scan 1_2 report.dcm", "Scan 1_2 segmentation.dcm"]
    (liver,) = read_segmentation(folder / "Scan 1_2 segmentation.dcm", read_volume(a_scan_from_dicom))
    expected = np.zeros((20, 24, 28), bool)
    expected[5:10, 6:12, 6:16] = True
    assert np.array_equal(liver.mask.unpack(_box(expected)), expected)
    report = pydicom.dcmread(folder / "Scan 1_2 report.dcm")
    assert report.VerificationFlag == "UNVERIFIED"
    values = [float(item.NumericValue) for item in _numbers(report)]
    assert any(value == pytest.approx(5 * 6 * 10 * 12 / 1000) for value in values)


def test_a_seg_without_room_for_its_sr_is_not_left(
    a_reader_of_dicom: Reader, folder: Path, a_small_disk: SmallDisk
) -> None:
    a_reader_of_dicom.export("DICOM", folder)
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    room = sizes["Scan 1_2 segmentation.dcm"] + sizes["Scan 1_2 report.dcm"] // 2
    a_small_disk.make_larger(f"{-(-room // 4096) * 4}k")
    a_reader_of_dicom.export("DICOM", a_small_disk.folder)
    assert "Scan 1_2 report.dcm cannot be written (No space left on device)" in a_reader_of_dicom.says
    assert list(a_small_disk.folder.iterdir()) == []


def test_what_writes_dicom_is_not_imported_before_it_is_needed(a_reader: Reader) -> None:
    import subprocess
    import sys

    program = (
        "import sys; sys.path.insert(0, 'Testing'); from harness import SlicerNames; SlicerNames().install();"
        "import MedVLSAM2Lib.panel.panel;"
        "sys.exit(' '.join(n for n in ('pydicom', 'highdicom', 'SimpleITK') if n in sys.modules) or None)"
    )
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_json_is_the_report_itself(a_reader: Reader, folder: Path) -> None:
    from MedVLSAM2Lib.report import report_from_json

    a_reader.export("JSON", folder)
    (path,) = folder.iterdir()
    assert report_from_json(path.read_text(encoding="utf-8")) == a_reader.section.reporter.report
    assert json.loads(path.read_text(encoding="utf-8"))["status"].startswith("DRAFT")


def _box(mask: np.ndarray) -> Any:
    from MedVLSAM2Lib.volume import VoxelBox

    return VoxelBox.of_shape(mask.shape)


def _numbers(item: Any) -> list[Any]:
    """All MeasuredValues under an SR item."""
    found = list(item.get("MeasuredValueSequence", []))
    for child in item.get("ContentSequence", []):
        found += _numbers(child)
    return found
