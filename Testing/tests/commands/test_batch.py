"""``medvlsam2 batch``: a folder of scans, one table, and a second run that goes on where the first one ended."""

from __future__ import annotations

import csv
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.scripting.measurement_table import COLUMNS
from tests.commands.conftest import write_volume
from tests.report.exporters.series import write_series
from tests.session.toy_phrases import BRIGHT, DARK, HOLLOW, toy_volume

ROOT = Path(__file__).resolve().parents[3]
A_WHILE = 240


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two files and a DICOM folder; a segmentation, a note and a folder without a scan, which are none."""
    folder = tmp_path / "scans"
    folder.mkdir()
    write_volume(folder / "a.nii.gz", seed=99)
    write_volume(folder / "b.nrrd", seed=100)
    write_volume(folder / "a.seg.nrrd", seed=99)
    write_series(folder / "c", toy_volume(np.random.default_rng(101))[0])
    (folder / "notes").mkdir()
    (folder / "notes" / "note.txt").write_text("Not a scan.")
    return folder


def _batch(scans: Path, output: Path, checkpoint: Path, *more: str) -> list[str]:
    return [
        "batch",
        str(scans),
        "-o",
        str(output),
        "--checkpoint",
        str(checkpoint),
        "--text",
        BRIGHT,
        HOLLOW,
        "--modality",
        "CT",
        *more,
    ]


def _table(output: Path) -> list[dict[str, str]]:
    with (output / "measurements.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(tuple(row) == COLUMNS for row in rows)
    return rows


def test_every_scan_has_its_masks_and_its_rows(scans: Path, a_speaking_checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert main(_batch(scans, output, a_speaking_checkpoint)) == 0
    rows = _table(output)
    assert [(row["scan"], row["structure"], row["found"]) for row in rows] == [
        (scan, structure, found)
        for scan in ("a.nii.gz", "b.nrrd", "c")
        for structure, found in ((BRIGHT, "yes"), (HOLLOW, "no"))
    ]
    for row in rows:
        if row["found"] == "no":
            assert not any(row[column] for column in COLUMNS[4:])
            continue
        mask = read_volume(output / row["mask"])
        millilitres = (mask.array > 0).sum() * mask.voxel_volume_mm3 / 1000
        assert float(row["volume_ml"]) == pytest.approx(millilitres, abs=1e-3)
        assert float(row["longest_axial_diameter_mm"]) >= float(row["perpendicular_mm"]) > 0
        assert 0 < float(row["confidence"]) <= 1
        assert float(row["mean_hu"]) > 100
        assert float(row["sd_hu"]) > 0


def test_what_fails_is_skipped_told_and_tried_again_and_what_is_done_is_left(
    scans: Path, a_speaking_checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    output = tmp_path / "out"
    (scans / "b.nrrd").write_bytes(b"NRRD0004\n")
    assert main(_batch(scans, output, a_speaking_checkpoint)) == 1
    assert "2 done, 0 done before, 1 failed" in capsys.readouterr().out
    assert next(record.message for record in caplog.records if record.levelname == "ERROR").startswith("b.nrrd: ")
    assert {row["scan"] for row in _table(output)} == {"a.nii.gz", "c"}
    written = (output / "a.nii.gz" / "measurements.csv").stat().st_mtime_ns

    write_volume(scans / "b.nrrd", seed=100)
    assert main(_batch(scans, output, a_speaking_checkpoint)) == 0

    assert "1 done, 2 done before, 0 failed" in capsys.readouterr().out
    assert [row["scan"] for row in _table(output)] == ["a.nii.gz"] * 2 + ["b.nrrd"] * 2 + ["c"] * 2
    assert (output / "a.nii.gz" / "measurements.csv").stat().st_mtime_ns == written


def test_a_killed_run_leaves_whole_rows_and_the_next_one_goes_on(
    scans: Path, a_speaking_checkpoint: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from MedVLSAM2Lib.cli import main; main(sys.argv[1:])"
    run = subprocess.Popen(
        [sys.executable, "-c", program, *_batch(scans, output, a_speaking_checkpoint)], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + A_WHILE
    while not (output / "a.nii.gz").exists() and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    run.send_signal(signal.SIGKILL)
    run.wait(A_WHILE)
    if (output / "measurements.csv").exists():
        assert len(_table(output)) % 2 == 0
    # As if it had been killed amid a scan.
    half = output / ".c.incomplete"
    half.mkdir(exist_ok=True)
    (half / "half.seg.nrrd").write_text("half")

    assert main(_batch(scans, output, a_speaking_checkpoint)) == 0

    assert main(_batch(scans, tmp_path / "at once", a_speaking_checkpoint)) == 0
    assert _table(output) == _table(tmp_path / "at once")
    assert not half.exists()
    assert not (output / "c" / "half.seg.nrrd").exists()


def test_a_report_is_written_for_each_scan_on_request(scans: Path, a_speaking_checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.rmtree(scans / "c")
    assert main(_batch(scans, output, a_speaking_checkpoint, "--report", "--template", "chest")) == 0
    for scan in ("a.nii.gz", "b.nrrd"):
        page = (output / scan / "report.html").read_text("utf-8")
        assert "The bright ball: " in page
        assert "Two balls are seen." in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folder": "nowhere"}, "is no folder"),
        ({"folder": "empty"}, "There is no scan in"),
        ({"--text": None}, "There is nothing to look for"),
        ({"--text": " "}, "There is nothing to look for"),
        ({"--template": "knee"}, "There is no report template knee"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(
    scans: Path, a_speaking_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, change: dict[str, str | None], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    given: dict[str, str | None] = {
        "folder": str(scans),
        "-o": "out",
        "--text": BRIGHT,
        "--checkpoint": str(a_speaking_checkpoint),
    } | change
    arguments = ["batch", str(given.pop("folder"))]
    for option, value in given.items():
        arguments += [option, value] if value is not None else []
    assert main(arguments) == 2
    assert [message in record.message for record in caplog.records if record.levelname == "ERROR"] == [True]


def test_results_of_two_tasks_are_not_mixed(
    scans: Path, a_speaking_checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = tmp_path / "out"
    (scans / "b.nrrd").unlink()
    shutil.rmtree(scans / "c")
    assert main(_batch(scans, output, a_speaking_checkpoint)) == 0
    before = _table(output)
    assert main(_batch(scans, output, a_speaking_checkpoint, "--text", DARK)) == 2
    assert "holds results of other names, another report or another model; choose a new folder" in caplog.text
    assert _table(output) == before


def test_a_model_without_words_is_refused(
    scans: Path, a_checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(_batch(scans, tmp_path / "out", a_checkpoint)) == 2
    assert "does not know words" in caplog.text
    assert not (tmp_path / "out").exists()
