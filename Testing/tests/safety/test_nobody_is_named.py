"""A scan with a telling header is read, segmented and reported, and the patient is named in SEG and SR alone."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from MedVLSAM2Lib.engine import Done, EngineClient, LocalLauncher
from MedVLSAM2Lib.files.segmentation_file import SegmentLook, write_segmentation
from MedVLSAM2Lib.files.volume_file import read_volume
from MedVLSAM2Lib.model.patches.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.prompts import Point, Turn
from MedVLSAM2Lib.report.drafting import draft_report
from MedVLSAM2Lib.report.exporters.dicom_report import make_structured_report
from MedVLSAM2Lib.report.exporters.dicom_segmentation import make_segmentation
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.exporters.dicom_support import to_bytes
from MedVLSAM2Lib.report.exporters.html_page import html_page
from MedVLSAM2Lib.report.exporters.key_images import key_images
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.report import Report
from MedVLSAM2Lib.report.report_json import report_to_json
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.volume import Volume, VolumeError
from tests.everything_logged import everything_logged_to
from tests.report.conftest import Phantom, a_model, a_phantom, make_phantom, phantom_of, the_abdomen
from tests.report.exporters.series import write_series
from tests.report.shapes import a_volume

__all__ = ["a_model", "a_phantom", "the_abdomen"]

A_WHILE = 240
SECRETS = {
    "PatientName": "Wunderlich^Xaveria",
    "PatientID": "PID778899",
    "PatientBirthDate": "19530817",
    "StudyDate": "20210911",
    "AccessionNumber": "ACC424242",
    "InstitutionName": "Klinik Hohenstein",
    "ReferringPhysicianName": "Quacksalber^Emil",
    "StudyDescription": "CT Wunderlich 1953",
    "PatientAddress": "Birkenweg 12",
}
TELLING = re.compile(
    "Wunderlich|Xaveria|PID778899|19530817|1953-08-17|17.08.1953|20210911|2021-09-11|ACC424242|Hohenstein|Quacksalber|Birkenweg",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Read:
    """A series with a telling header, what was read of it, and a report."""

    files: list[Path]
    phantom: Phantom
    report: Report

    @property
    def volume(self) -> Volume:
        return self.phantom.volume


@pytest.fixture
def a_telling_scan(tmp_path: Path, the_abdomen: Template, a_phantom: Phantom) -> Read:
    drawn = make_phantom(a_volume((3.0, 3.0, 4.0), (34, 26, 12)))
    files = write_series(tmp_path / "series", drawn.volume)
    for file in files:
        dataset = pydicom.dcmread(file)
        for name, value in SECRETS.items():
            setattr(dataset, name, value)
        dataset.save_as(file)
    phantom = phantom_of(read_volume(tmp_path / "series"), drawn.masks)
    header = {element.keyword: element.value for element in dataset if element.keyword != "PixelData"}
    assert header["PatientName"] == SECRETS["PatientName"]
    report = draft_report(the_abdomen, phantom.segments.values(), None, "Flank pain.", header)
    return Read(files, phantom, report)


@pytest.fixture
def all_that_is_logged(tmp_path: Path) -> Iterator[Path]:
    """Everything that any logger of this process has to say."""
    with everything_logged_to(tmp_path / "client.log") as path:
        yield path


def test_text_page_and_json_name_nobody(a_telling_scan: Read) -> None:
    report, phantom = a_telling_scan.report, a_telling_scan.phantom
    images = key_images(report, phantom.volume, phantom.masks)
    assert images
    page = html_page(report, images)
    assert "base64," in page
    pictures = b"".join(base64.b64decode(found) for found in re.findall('base64,([^"]*)', page)).decode("latin-1")
    for exported in (plain_text(report), page, report_to_json(report), pictures):
        assert not TELLING.search(exported)


def test_the_scan_and_the_file_of_a_mask_name_nobody(a_telling_scan: Read, tmp_path: Path) -> None:
    assert not TELLING.search(f"{a_telling_scan.volume.name} {a_telling_scan.volume}")
    for ending in ("seg.nrrd", "nii", "mha"):
        path = tmp_path / f"mask.{ending}"
        write_segmentation(path, a_telling_scan.phantom.masks["Segment_1"], a_telling_scan.volume, SegmentLook("liver"))
        assert not TELLING.search(path.read_bytes().decode("latin-1"))


def test_logs_of_client_and_worker_name_nobody(a_telling_scan: Read, all_that_is_logged: Path, tmp_path: Path) -> None:
    checkpoint, worker_log = tmp_path / "checkpoint", tmp_path / "worker.log"
    save_checkpoint(
        checkpoint, PatchNetwork(PatchConfig(side=16, channels=(4, 8), depths=(1, 1))), {"capabilities": ["click"]}
    )
    damaged = tmp_path / "Wunderlich Xaveria" / "damaged"
    shutil.copytree(checkpoint, damaged)
    (damaged / "model.safetensors").write_bytes(b"no weights")
    client = EngineClient(LocalLauncher(log_file=worker_log))
    client.start()
    try:
        client.wait(client.load_model(damaged), A_WHILE)
        client.wait(client.load_model(tmp_path / "PID778899"), A_WHILE)
        client.load_model(checkpoint)
        client.open_volume("ct", read_volume(a_telling_scan.files[0].parent))
        clicked = client.wait(client.add_prompts("ct", "a", [Point((10.0, 10.0, 6.0))]), A_WHILE)
        # What fails is logged at length.
        client.wait(client.add_prompts("ct", "a", [Point((-9.0, 0.0, 0.0))]), A_WHILE)
        client.wait(client.find("ct", ["liver of Wunderlich"], "f"), A_WHILE)
        client.wait(client.ask("ct", [Turn("user", "Does Xaveria, born 1953-08-17, have a cyst?")], "a"), A_WHILE)
    finally:
        client.close()
    assert isinstance(clicked[-1].payload, Done)
    assert "failed" in worker_log.read_text("utf-8")
    for log in (worker_log, all_that_is_logged):
        assert not TELLING.search(log.read_text("utf-8"))


def test_a_folder_that_is_called_after_the_patient_is_not_logged(
    a_telling_scan: Read, all_that_is_logged: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "Wunderlich Xaveria"
    write_series(folder / "scan", a_telling_scan.volume)
    write_series(folder / "localizer", a_volume((3.0, 3.0, 4.0), (34, 26, 3)))
    assert read_volume(folder).shape == a_telling_scan.volume.shape
    logged = all_that_is_logged.read_text("utf-8")
    assert "2 series" in logged
    assert not TELLING.search(logged)


def test_a_header_that_is_wrong_is_told_without_its_values(a_telling_scan: Read) -> None:
    dataset = pydicom.dcmread(a_telling_scan.files[3])
    del dataset.ImagePositionPatient
    dataset.save_as(a_telling_scan.files[3])
    with pytest.raises(VolumeError) as raised:
        read_volume(a_telling_scan.files[0].parent)
    assert not TELLING.search(str(raised.value))


def test_seg_and_sr_name_the_patient_as_dicom_wants_it(
    a_telling_scan: Read, the_abdomen: Template, tmp_path: Path
) -> None:
    series = SourceSeries.read(a_telling_scan.files)
    phantom = a_telling_scan.phantom
    segmentation = make_segmentation(a_telling_scan.report, phantom.volume, phantom.masks, series)
    structured = make_structured_report(a_telling_scan.report, the_abdomen, segmentation, series)
    for dataset in (segmentation, structured):
        (tmp_path / "x.dcm").write_bytes(to_bytes(dataset))
        read = pydicom.dcmread(tmp_path / "x.dcm")
        for name in ("PatientName", "PatientID", "PatientBirthDate", "StudyDate", "AccessionNumber"):
            assert str(read[name].value) == SECRETS[name]
        assert "InstitutionName" not in read
        assert "PatientAddress" not in read
