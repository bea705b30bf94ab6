"""Whatever leaves carries the mark of a draft, and no setting takes it away."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from MedVLSAM2Lib.commands import ask
from MedVLSAM2Lib.files.segmentation_file import write_segmentation
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.report import exporters
from MedVLSAM2Lib.report.exporters.dicom_report import make_structured_report
from MedVLSAM2Lib.report.exporters.dicom_segmentation import make_segmentation
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.exporters.html_page import html_page
from MedVLSAM2Lib.report.exporters.patient import PatientDetails
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.outline import Outline
from MedVLSAM2Lib.report.report import DRAFT_MARK, Report
from MedVLSAM2Lib.report.report_json import report_to_json
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume
from tests.report.conftest import Phantom, a_model, a_phantom, a_report, phantom_of, the_abdomen
from tests.report.exporters.series import write_series
from tests.session.toy_phrases import toy_model

__all__ = ["a_model", "a_phantom", "a_report", "the_abdomen"]

NOT_FOR_CLINICAL_USE = "not for clinical use"


@dataclass(frozen=True)
class Draft:
    """A report and all that its exporters ask for."""

    report: Report
    phantom: Phantom
    template: Template
    series: SourceSeries


def _structured_report(draft: Draft) -> str:
    segmentation = make_segmentation(draft.report, draft.phantom.volume, draft.phantom.masks, draft.series)
    dataset = make_structured_report(draft.report, draft.template, segmentation, draft.series)
    assert (dataset.CompletionFlag, dataset.VerificationFlag) == ("PARTIAL", "UNVERIFIED")
    return str(dataset)


EXPORTERS: dict[str, Callable[[Draft], str]] = {
    "html_page": lambda draft: html_page(draft.report, patient=PatientDetails("Doe^Jane")),
    "plain_text": lambda draft: plain_text(draft.report, PatientDetails("Doe^Jane")),
    "report_to_json": lambda draft: report_to_json(draft.report),
    "make_segmentation": lambda draft: str(
        make_segmentation(draft.report, draft.phantom.volume, draft.phantom.masks, draft.series)
    ),
    "make_structured_report": _structured_report,
}
WHAT_EXPORTERS_ARE_MADE_OF = {
    "dicom_planes", "dicom_source", "dicom_support", "html_style", "key_images", "patient", "png", "visible_text",
}  # fmt: skip


@pytest.fixture
def a_draft(a_report: Report, a_phantom: Phantom, the_abdomen: Template, tmp_path: Path) -> Draft:
    series = SourceSeries.read(write_series(tmp_path / "series", a_phantom.volume))
    return Draft(a_report, phantom_of(a_phantom.volume, a_phantom.masks), the_abdomen, series)


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_export_says_that_it_is_a_draft(name: str, a_draft: Draft) -> None:
    exported = EXPORTERS[name](a_draft)
    assert NOT_FOR_CLINICAL_USE in exported
    assert "DRAFT" in exported


@pytest.mark.parametrize("name", ["html_page", "plain_text", "report_to_json"])
def test_a_report_without_a_model_or_with_words_against_it_is_a_draft_all_the_same(name: str, a_draft: Draft) -> None:
    typed = a_draft.report.with_typed(SectionKey.IMPRESSION, "FINAL REPORT, signed. Not a draft.")
    bare = Report(a_draft.report.layout)
    for report in (typed, bare):
        assert DRAFT_MARK in EXPORTERS[name](Draft(report, a_draft.phantom, a_draft.template, a_draft.series))


def test_no_exporter_is_missing_in_this_test() -> None:
    modules = {module.name for module in pkgutil.iter_modules(exporters.__path__)} - WHAT_EXPORTERS_ARE_MADE_OF
    of_module = {"dicom_segmentation": "make_segmentation", "dicom_report": "make_structured_report"}
    assert {of_module.get(module, module) for module in modules} | {"report_to_json"} == EXPORTERS.keys()


def test_no_exporter_can_be_asked_to_leave_the_mark_out() -> None:
    assert "mark" not in {field.name for field in fields(Outline)}
    for module in pkgutil.iter_modules(exporters.__path__):
        loaded = importlib.import_module(f"{exporters.__name__}.{module.name}")
        for _, function in inspect.getmembers(loaded, inspect.isfunction):
            named = inspect.signature(function).parameters
            assert not {"draft", "mark", "final", "signed", "watermark"} & set(named), function


def test_an_answer_on_the_command_line_begins_and_ends_as_a_draft(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy_model(LanguageConfig(most_new_tokens=6), ("click", "question")).save_pretrained(tmp_path / "toy")
    array = np.random.default_rng(0).integers(-1000, 1000, (16, 16, 16)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / "scan.nrrd"))
    parser = argparse.ArgumentParser()
    ask.add_arguments(parser)
    given = [str(tmp_path / "scan.nrrd"), "Is there \x1b[2J a cyst?", "Where?", "--checkpoint", str(tmp_path / "toy")]
    assert ask.run(parser.parse_args(given)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[-1] == DRAFT_MARK
    assert lines.count(DRAFT_MARK) == 3  # before the first answer, and after each
    assert "> Is there <U+001B>[2J a cyst?" in lines


@pytest.mark.parametrize("ending", ["seg.nrrd", "nrrd", "mha", "nii", "nii.gz"])
def test_the_file_of_a_mask_is_marked_too(ending: str, tmp_path: Path) -> None:
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    volume = Volume(array, np.diag([-1.0, -1.0, 2.0, 1.0]), Modality.CT, "HU", "scan")
    path = tmp_path / f"mask.{ending}"
    write_segmentation(path, PackedMask.pack(array > 10), volume)
    image = sitk.ReadImage(str(path))
    assert any(NOT_FOR_CLINICAL_USE in image.GetMetaData(key) for key in image.GetMetaDataKeys())
