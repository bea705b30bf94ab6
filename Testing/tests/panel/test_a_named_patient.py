"""A day's work on a scan with a telling header, and then every byte that was stored is searched for the patient."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.everything_logged import everything_logged_to
from tests.panel.conftest import TONES, opened
from tests.panel.reader import Reader
from tests.panel.test_a_day import ANSWER, a_scan, export, write_study
from tests.panel.test_a_day import draft_and_correct as draft_and_correct_a_report
from tests.panel.test_a_day import segment_lesions_and_liver as segment
from tests.panel.user import User
from tests.stored_text import said_in, what_is_said

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

__all__ = ["a_scan"]

HEADER = {
    "PatientName": "Wunderlich^Xaveria",
    "PatientID": "PID778899",
    "PatientBirthDate": "19530817",
    "PatientAddress": "Birkenweg 12",
    "AccessionNumber": "ACC424242",
    "InstitutionName": "Klinik Hohenstein",
    "ReferringPhysicianName": "Quacksalber^Emil",
    "StudyDescription": "CT Wunderlich 1953",
    "StudyDate": "20210911",
    "SeriesDate": "20210912",
    "AcquisitionDate": "20210913",
    "ContentDate": "20210914",
}
PATIENT = re.compile(
    "Wunderlich|Xaveria|PID778899|Birkenweg|ACC424242|Hohenstein|Quacksalber"
    r"|19530817|1953-08-17|17\.0?8\.1953|2021091[1-4]|2021-09-1[1-4]|1[1-4]\.0?9\.2021",
    re.IGNORECASE,
)
QUESTION = "Is there anything in the kidney, asks Nachtigall?"
TYPED = re.compile("Nachtigall|Flank pain|as expected|Two cysts|anything in the kidney", re.IGNORECASE)


@pytest.fixture
def a_study(tmp_path: Path) -> list[Path]:
    """The day's study, with a header that tells everything."""
    import pydicom

    files = write_study(tmp_path / "study")
    for file in files:
        dataset = pydicom.dcmread(file)
        for name, value in HEADER.items():
            setattr(dataset, name, value)
        dataset.save_as(file)
    return files


@pytest.fixture(autouse=True)
def a_machine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs of this user keep anything."""
    stored = tmp_path / "stored"
    places = {"HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config"}
    for variable, name in {**places, "XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state"}.items():
        (stored / name).mkdir(parents=True)
        monkeypatch.setenv(variable, str(stored / name))
    monkeypatch.setattr(tempfile, "tempdir", str(stored / "tmp"))
    return stored


@pytest.fixture(autouse=True)
def the_log(tmp_path: Path) -> Iterator[Path]:
    """Everything that any logger of the panel's process has to say."""
    with everything_logged_to(tmp_path / "logged.txt") as path:
        yield path


def test_a_search_opens_what_is_packed() -> None:
    scene, nrrd = io.BytesIO(), b"NRRD0004\nencoding: gzip\n\n" + gzip.compress(b"\0\1Wunderlich\2")
    with zipfile.ZipFile(scene, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("PID778899.txt", "Hohenstein".encode("utf-16-le"))
        archive.writestr("mask.nrrd", nrrd)
    found = {said.words for said in said_in("scene.mrb", scene.getvalue(), PATIENT)}
    assert found == {"PID778899", "Hohenstein", "Wunderlich"}


def test_nothing_that_is_stored_names_the_patient_and_no_log_what_was_typed(
    a_slicer: OffscreenSlicer,
    a_scan: Any,
    a_worker_that_knows_words: Path,
    a_temporary_folder_of_its_own: Path,
    a_machine_of_its_own: Path,
    the_log: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    import qt

    from MedVLSAM2Lib.engine.launcher import LocalLauncher

    worker_log = tmp_path / "worker.txt"
    script = Path(__file__).resolve().parents[1] / "engine" / "tone_worker.py"
    monkeypatch.setattr(
        "MedVLSAM2Lib.engine.LocalLauncher",
        lambda: LocalLauncher(arguments=(str(script),), log_file=worker_log),
    )
    a_scan.SetName("Wunderlich, Xaveria")
    user = User(a_slicer, opened(a_slicer, a_scan), a_worker_that_knows_words)
    user.worker_will_also(answers={QUESTION: ANSWER})
    segment(user, a_scan)
    user.ui.askSection.collapsed = False
    user.ask(QUESTION)
    reader = Reader(a_slicer, user.module)
    draft_and_correct_a_report(user, reader, a_scan)
    # What fails is logged at length.
    user.worker_will_also(trouble={"kind": "die", "at": TONES["liver"], "times": 1})
    user.find("liver")
    user.find("Nachtigall's cyst")
    user.slicer.process_events(until=lambda: user.panel.autosave.is_up_to_date, timeout_s=60)

    kept = [path for path in a_temporary_folder_of_its_own.rglob("*.session") if path.stat().st_size]
    assert kept
    assert what_is_said(a_temporary_folder_of_its_own, PATIENT) == []
    assert what_is_said(a_machine_of_its_own, PATIENT) == []

    trail = user.panel.audit.trail.node.GetText()
    assert "kidney" in trail
    # Exports show names as they are given.
    a_scan.SetName("Abdomen")
    export(reader, tmp_path / "exports")
    a_slicer.save_scene(tmp_path / "scene" / "day.mrb")
    a_slicer.close_modules()
    settings = qt.QSettings()
    values = "\n".join(f"{key} {settings.value(key)}" for key in settings.allKeys())
    for dicom in (tmp_path / "exports").glob("*.dcm"):
        dicom.unlink()
    assert "The engine was ended by the system" in the_log.read_text("utf-8")
    for place in ("stored", "temporary", "user", "cache", "exports"):
        assert what_is_said(tmp_path / place, PATIENT) == []
    # A saved scene, too: nodes are called after the scan, as the user sees them, and nothing else is there.
    named = {said.words for said in what_is_said(tmp_path / "scene", PATIENT)}
    assert named <= {"Wunderlich", "Xaveria"}
    assert PATIENT.findall(trail) == []
    logs = the_log.read_text("utf-8") + worker_log.read_text("utf-8") + values
    assert PATIENT.findall(logs) == []
    assert TYPED.findall(logs) == []
