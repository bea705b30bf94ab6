"""``medvlsam2 report``: a draft of what is in a segmentation or found by name, in every form, or one sentence why not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pydicom
import pytest

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.report import DRAFT_MARK, Source, report_from_json
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.volume import PackedMask, Volume
from tests.report.exporters.series import write_series
from tests.report.shapes import a_mask, a_volume, an_ellipsoid
from tests.session.toy_phrases import BRIGHT, toy_volume

LIVER_ML = 4 / 3 * np.pi * 20 * 15 * 15 / 1000


@pytest.fixture(scope="module")
def a_segmentation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bright ball of ``a_scan_with_balls``, called a liver."""
    volume, masks = toy_volume(np.random.default_rng(99))
    path = tmp_path_factory.mktemp("segmentation") / "liver.seg.nrrd"
    ScanSegment("1", "liver", PackedMask.pack(masks[BRIGHT]), volume).save(path)
    return path


@pytest.fixture
def a_series(tmp_path: Path) -> tuple[Path, Path]:
    """A DICOM folder, and a segmentation of the ellipsoid in it."""
    volume: Volume = a_volume((1.5, 1.5, 3.0), (48, 40, 16), np.diag([-1.0, -1.0, 1.0]))
    write_series(tmp_path / "series", volume)
    mask = a_mask(volume, an_ellipsoid((20, 15, 15)))
    ScanSegment("1", "liver", mask, volume).save(tmp_path / "liver.seg.nrrd")
    return tmp_path / "series", tmp_path / "liver.seg.nrrd"


@pytest.mark.parametrize("ending", ["html", "txt", "json"])
def test_a_segmentation_is_measured_and_said_without_loading_a_model(
    a_scan_with_balls: Path, a_segmentation: Path, tmp_path: Path, ending: str
) -> None:
    output = tmp_path / f"report.{ending}"
    arguments = ["report", str(a_scan_with_balls), "--segmentation", str(a_segmentation), "--no-language"]
    assert main([*arguments, "--indication", "A cough & fever.", "-o", str(output)]) == 0
    text = output.read_text("utf-8")
    assert DRAFT_MARK in text
    assert "not recorded in liver.seg.nrrd" in text
    assert "Abdomen and pelvis" in text
    assert "Liver: " in text
    assert ("A cough &amp; fever." if ending == "html" else "A cough & fever.") in text
    assert ("data:image/png" in text) is (ending == "html")


def test_what_the_template_names_is_found_and_the_model_s_sentences_are_marked(
    a_scan_with_balls: Path, a_speaking_checkpoint: Path, tmp_path: Path
) -> None:
    output = tmp_path / "report.json"
    arguments = ["report", str(a_scan_with_balls), "--template", "brain", "--modality", "CT", "-o", str(output)]
    assert main([*arguments, "--checkpoint", str(a_speaking_checkpoint)]) == 0
    report = report_from_json(output.read_text("utf-8"))
    said = [report.text_of(one) for one in report.statements if one.source is Source.MODEL]
    assert said == ["Two balls are seen.", "Both need a follow-up."]
    assert report.model is not None
    assert report.model.name == "toy"
    assert re.fullmatch(r"[0-9a-f]{16}", report.model.checkpoint_sha256)


def test_a_dicom_folder_gives_the_technique_and_takes_and_gives_seg_and_sr(
    a_series: tuple[Path, Path], tmp_path: Path
) -> None:
    series, segmentation = a_series
    output, folder = tmp_path / "report.txt", tmp_path / "dicom"
    arguments = ["report", str(series), "--segmentation", str(segmentation), "--no-language", "-o", str(output)]
    assert main([*arguments, "--dicom-out", str(folder)]) == 0
    assert "120" in output.read_text("utf-8").split("TECHNIQUE")[1].split("FINDINGS")[0]
    seg, sr = (pydicom.dcmread(folder / name) for name in ("segmentation.dcm", "report.dcm"))
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["liver"]
    references = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert seg.SeriesInstanceUID in [item.SeriesInstanceUID for item in references]
    volume = re.search(r"Liver: ([\d.]+)", output.read_text("utf-8"))
    assert volume is not None
    assert float(volume[1]) == pytest.approx(LIVER_ML, rel=0.05)

    again = ["report", str(series), "--segmentation", str(folder / "segmentation.dcm"), "--no-language"]
    assert main([*again, "-o", str(tmp_path / "again.txt")]) == 0
    assert f"Liver: {volume[1]}" in (tmp_path / "again.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"volume": "nowhere.nii.gz"}, "does not exist"),
        ({"-o": "report.docx"}, "end it in one of .html, .txt, .json"),
        ({"--template": "knee"}, "There is no report template knee"),
        ({"--segmentation": "nowhere.seg.nrrd"}, "does not exist"),
        ({"--segmentation": None}, "Name a --template"),
        ({"--dicom-out": "dicom"}, "did not come from a DICOM series"),
        ({"--segmentation": None, "--template": "chest", "--no-language": None, "--checkpoint": "no"}, "checkpoint"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2_and_writes_nothing(
    a_scan_with_balls: Path,
    a_segmentation: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, str | None],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    given: dict[str, str | None] = {
        "volume": str(a_scan_with_balls),
        "-o": "report.html",
        "--segmentation": str(a_segmentation),
        "--no-language": "",
    } | change
    arguments = ["report", str(given.pop("volume"))]
    for option, value in given.items():
        arguments += [part for part in (option, value) if part] if value is not None else []
    assert main(arguments) == 2
    assert [message in record.message for record in caplog.records if record.levelname == "ERROR"] == [True]
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_words_needs_a_segmentation(
    a_scan_with_balls: Path, a_checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = ["report", str(a_scan_with_balls), "--template", "chest", "-o", str(tmp_path / "report.txt")]
    assert main([*arguments, "--checkpoint", str(a_checkpoint)]) == 2
    assert "does not know words" in caplog.text
    assert not (tmp_path / "report.txt").exists()
