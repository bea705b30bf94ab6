"""Text and pages say what stands in the report, mark it as a draft, and hold nothing that could run, load or betray."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from MedVLSAM2Lib.report.drafting import ModelSentence, with_model_sentence
from MedVLSAM2Lib.report.exporters.html_page import html_page
from MedVLSAM2Lib.report.exporters.key_images import KeyImage, key_image, key_images
from MedVLSAM2Lib.report.exporters.patient import PatientDetails
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.exporters.png import encode_png
from MedVLSAM2Lib.report.exporters.visible_text import visible
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.report import DRAFT_MARK, Report
from MedVLSAM2Lib.report.report_json import report_to_json
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.volume import Modality, Volume
from tests.report.conftest import Phantom, make_phantom
from tests.report.shapes import a_volume, turned

HOSTILE = '<script>alert("x")</script><img src=http://example.org/a.png onerror=alert(1)> \u202egnp.exe\u202c \x00\x1b[31m & "'
PATIENT = PatientDetails("Doe^Jane", "J-1961", "2020-03-04")


class _Page(HTMLParser):
    """The tags, addresses and words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.words = ""
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_style = tag in ("style", "title")
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.words += data


@pytest.fixture
def images(a_report: Report, a_phantom: Phantom) -> tuple[KeyImage, ...]:
    return key_images(a_report, a_phantom.volume, a_phantom.masks, {"Segment_1": "liver"})


def _pixels(image: KeyImage, tmp_path: Path) -> np.ndarray:
    path = tmp_path / "image.png"
    path.write_bytes(image.png)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_plain_text_has_every_section_and_begins_and_ends_as_a_draft(a_report: Report) -> None:
    lines = plain_text(a_report).splitlines()
    assert lines[0] == lines[-1] == DRAFT_MARK
    assert [line for line in lines if line.isupper()] == ["INDICATION", "TECHNIQUE", "FINDINGS", "IMPRESSION"]
    assert "Spleen: Not assessed." in lines
    assert f"Model: MedVLSAM2 interactive 0.1.0, checkpoint sha256 {'ab' * 32}" in lines


def test_sentences_of_the_model_and_edited_ones_are_marked(a_report: Report, the_abdomen: Template) -> None:
    report = with_model_sentence(a_report, the_abdomen, ModelSentence("Thin wall.", ("Segment_3",)))
    liver = next(s for s in report.statements if s.segment_ids == ("Segment_1",))
    report = report.with_edit(liver.statement_id, "A large liver.")
    assert "Thin wall. [model]" in plain_text(report)
    assert "A large liver. [edited]" in plain_text(report)
    assert '<span class="mark">model</span>' in html_page(report)


def test_the_page_reads_as_the_text_does(a_report: Report, images: tuple[KeyImage, ...]) -> None:
    words = _Page(html_page(a_report, images)).words
    for statement in a_report.standing():
        assert a_report.text_of(statement) in words
    assert words.count(DRAFT_MARK) == 2


def test_the_page_needs_and_runs_nothing(a_report: Report, images: tuple[KeyImage, ...]) -> None:
    report = a_report.with_typed(SectionKey.IMPRESSION, HOSTILE)
    report = report.with_segment(replace(report.segments["Segment_1"], name=HOSTILE))
    page = html_page(report, [replace(images[0], name=HOSTILE), *images[1:]], PatientDetails(HOSTILE))
    found = _Page(page)
    assert not {"script", "link", "iframe", "object", "form"} & set(found.tags)
    assert found.handlers == []
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in found.addresses)
    assert {address[1:] for address in found.addresses if address.startswith("#")} <= set(found.ids)
    assert not re.search(r"url\(|@import|https?://(?!example\.org)", page)
    assert "default-src 'none'" in page
    assert '<script>alert("x")</script>' in found.words


def test_hidden_characters_show_as_text(a_report: Report) -> None:
    report = a_report.with_typed(SectionKey.IMPRESSION, HOSTILE)
    for shown in (plain_text(report), _Page(html_page(report)).words):
        assert "<U+202E>gnp.exe<U+202C> <U+0000><U+001B>[31m" in shown
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", shown)


def test_letters_of_every_script_stay(a_report: Report) -> None:
    text = "Größe ≥ 3 см, שלום, سلام, 肝臓, नमस्ते, می\u200cخواهم"
    assert visible(text) == text
    assert text in plain_text(a_report.with_typed(SectionKey.IMPRESSION, text))


def test_nobody_is_named_unless_asked_for(a_report: Report, images: tuple[KeyImage, ...]) -> None:
    page = re.sub('base64,[^"]*', "", html_page(a_report, images))
    for exported in (plain_text(a_report), page, report_to_json(a_report)):
        for part in ("DOE", "Doe", "JANE", "1961"):
            assert part not in exported
    assert "Patient: Doe^Jane\nPatient ID: J-1961\nStudy date: 2020-03-04" in plain_text(a_report, PATIENT)
    assert "J-1961" in html_page(a_report, images, PATIENT)


def test_struck_sentences_are_in_the_json_alone(a_report: Report, a_phantom: Phantom) -> None:
    report = a_report.without_segment("Segment_3")
    page = html_page(report, key_images(report, a_phantom.volume, a_phantom.masks))
    assert "cyst" not in plain_text(report)
    assert "cyst" not in page
    assert page.count("<figure") == 2
    assert '"why_struck": "renal cyst was deleted."' in report_to_json(report)


def test_each_finding_has_its_image_with_slice_and_window(images: tuple[KeyImage, ...]) -> None:
    assert [image.name for image in images] == ["liver", "left kidney", "renal cyst"]
    assert images[0].caption == "Slice 12 of 24 (S −1.2 mm); liver window, centre 60, width 160 HU"
    assert "soft tissue window, centre 40, width 400 HU" in images[1].caption


def test_a_key_image_shows_the_segment_in_its_colour_on_the_patient_s_side(
    a_phantom: Phantom, images: tuple[KeyImage, ...], tmp_path: Path
) -> None:
    pixels = _pixels(images[0], tmp_path).astype(int)
    assert pixels.shape == (512, 512, 3)
    colour = np.round(np.array(a_phantom.segments["Segment_1"].colour) * 255)
    rows, columns = np.nonzero((np.abs(pixels - colour) < 2).all(axis=-1))
    # 44 by 36 mm in a view of 80 mm around them; the liver is on the patient's right, the picture's left.
    assert np.ptp(columns) == pytest.approx(44 / 80 * 512, abs=16)
    assert np.ptp(rows) == pytest.approx(36 / 80 * 512, abs=16)
    dark = (pixels.sum(axis=-1) < 30).mean(axis=0)
    assert dark[:40].mean() > dark[-40:].mean()


@pytest.mark.parametrize("axes", [np.eye(3), np.diag([1.0, -1.0, -1.0]), np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])])
def test_a_key_image_looks_the_same_whatever_way_the_voxels_run(axes: np.ndarray, tmp_path: Path) -> None:
    seen = []
    for turn in (np.diag([-1.0, -1.0, 1.0]), axes):
        phantom = make_phantom(a_volume((2.0, 2.0, 2.0), (60, 60, 60), turn))
        image = key_image(phantom.volume, phantom.masks["Segment_1"], phantom.segments["Segment_1"])
        seen.append(_pixels(image, tmp_path).astype(int))
    # The noise differs, the picture does not.
    assert np.abs(seen[0] - seen[1]).mean() < 12


def test_oblique_thick_and_mr_slices_can_be_shown(tmp_path: Path) -> None:
    volume = a_volume((1.0, 2.0, 5.0), (100, 50, 16), turned(12, 20) @ np.diag([-1.0, -1.0, 1.0]), Modality.MR)
    phantom = make_phantom(volume)
    image = key_image(phantom.volume, phantom.masks["Segment_1"], phantom.segments["Segment_1"])
    assert re.search(r"; window centre -?[\d.]+, width [\d.]+$", image.caption)
    assert _pixels(image, tmp_path).shape == (512, 512, 3)


def test_a_png_holds_the_pixels_it_was_given(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (7, 5, 3)).astype(np.uint8)
    (tmp_path / "x.png").write_bytes(encode_png(rgb))
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "x.png"))), rgb)


def test_the_images_in_the_page_are_the_images(a_report: Report, images: tuple[KeyImage, ...]) -> None:
    found = [a for a in _Page(html_page(a_report, images)).addresses if a.startswith("data:")]
    assert [base64.b64decode(a.split(",")[1]) for a in found] == [image.png for image in images]


def test_a_segment_without_a_mask_has_no_image(a_report: Report, a_phantom: Phantom) -> None:
    assert key_images(a_report, a_phantom.volume, {}) == ()
    empty = replace(a_report.segments["Segment_1"].measurements, measurements={})
    with pytest.raises(ValueError, match="nothing to show"):
        key_image(
            Volume(a_phantom.volume.array, a_phantom.volume.ijk_to_ras),
            a_phantom.masks["Segment_1"],
            replace(a_report.segments["Segment_1"], measurements=empty),
        )
