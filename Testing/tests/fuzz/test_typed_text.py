"""Whatever is typed shows as it was typed, runs nothing, and takes no mark off a report."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from MedVLSAM2Lib.prompts import PromptError, Turn, check_phrase
from MedVLSAM2Lib.report.exporters.dicom_support import long, short
from MedVLSAM2Lib.report.exporters.html_page import html_page
from MedVLSAM2Lib.report.exporters.patient import PatientDetails
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.exporters.visible_text import visible
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.placeholders import carry_over, render
from MedVLSAM2Lib.report.report import DRAFT_MARK, Report, ReportError
from MedVLSAM2Lib.report.report_json import report_from_json, report_to_dict, report_to_json
from MedVLSAM2Lib.session.asking import check_conversation
from MedVLSAM2Lib.slots import is_sound, pieces
from tests.fuzz.cases import TYPED, a_result_or_one_sentence, cases, mutated, with_changes
from tests.report.conftest import a_model, a_phantom, a_report, the_abdomen

__all__ = ["a_model", "a_phantom", "a_report", "the_abdomen"]


class Page(HTMLParser):
    """The elements and the words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.words += "\n" if tag == "br" else ""

    def handle_data(self, data: str) -> None:
        self.words += data


@cases(300)
@given(text=TYPED)
def test_typed_text_shows_as_text_on_the_page(text: str, a_report: Report) -> None:
    harmless = Page(html_page(a_report.with_typed(SectionKey.IMPRESSION, "x")))
    page = html_page(a_report.with_typed(SectionKey.IMPRESSION, text))
    found = Page(page)
    lines = [element for element in found.elements if element[0] not in ("br", "data")]
    assert lines == [element for element in harmless.elements if element[0] not in ("br", "data")]
    assert found.words.count(DRAFT_MARK) >= 2
    page.encode("utf-8")
    if "{" not in text:
        assert visible(text) in found.words


@cases(100)
@given(text=TYPED)
def test_names_of_segments_and_patients_show_as_text_too(text: str, a_report: Report) -> None:
    named = a_report.with_segment(replace(a_report.segments["Segment_1"], name=text))
    page = Page(html_page(named, patient=PatientDetails(text, text, text)))
    assert not {"script", "img", "b", "i", "iframe", "svg", "link"} & {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, names in page.elements for name in names)
    assert plain_text(named, PatientDetails(text)).splitlines()[0] == DRAFT_MARK


@cases(200)
@given(text=TYPED)
def test_typed_text_leaves_the_marks_of_a_plain_report_where_they_are(text: str, a_report: Report) -> None:
    shown = plain_text(a_report.with_typed(SectionKey.IMPRESSION, text))
    assert shown.split("\n")[0] == shown.split("\n")[-2] == DRAFT_MARK
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)


@cases(150)
@given(text=TYPED)
def test_typed_text_comes_back_from_json_or_is_refused(text: str, a_report: Report) -> None:
    report = a_report.with_typed(SectionKey.IMPRESSION, text)
    with a_result_or_one_sentence(ReportError):
        assert report_from_json(report_to_json(report)) == report


@cases(100)
@given(data=st.data())
def test_a_report_that_says_anything_is_read_or_refused(data: st.DataObject, a_report: Report) -> None:
    import json

    content: Any = json.loads(report_to_json(a_report))
    changed = data.draw(with_changes(content, "status", DRAFT_MARK, "typed", "Segment_1", "volume"))
    with a_result_or_one_sentence(ReportError):
        read = report_from_json(json.dumps(changed))
        assert report_to_dict(read)["status"] == DRAFT_MARK
        plain_text(read)
        html_page(read)


@cases(100)
@given(data=st.data())
def test_a_damaged_report_is_read_or_refused(data: st.DataObject, a_report: Report) -> None:
    with a_result_or_one_sentence(ReportError):
        report_from_json(data.draw(mutated(report_to_json(a_report).encode())))


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000, '{"format": 1' + "0" * 4000 + "}", "{" * 9, "\ud800"]
)
def test_a_report_that_is_a_trap_is_refused(content: str) -> None:
    with pytest.raises(ReportError):
        report_from_json(content)


@cases(300)
@given(before=TYPED, after=TYPED)
def test_a_sentence_edited_to_anything_reads_as_it_was_edited(before: str, after: str) -> None:
    if max(len(before), len(after)) > 1000:
        before, after = before[:1000], after[:1000]
    values = {"volume": "1.5 ml", "side": "left"}
    shown = render(before, lambda placeholder: values.get(placeholder.name))
    kept = carry_over(shown, after)
    again = "".join(piece.text for piece in render(kept, lambda placeholder: values.get(placeholder.name)))
    if "{" not in after:
        assert again == after


@cases(150)
@given(text=TYPED)
def test_typed_text_fits_into_dicom(text: str) -> None:
    assert len(short(text)) <= 64
    assert not re.search(r"[\\\x00-\x1f\x7f]", short(text))
    assert not re.search(r"[\\\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", long(text))
    short(text).encode("utf-8")
    long(text).encode("utf-8")


@cases(150)
@given(text=TYPED)
def test_a_phrase_or_a_question_of_any_text_is_taken_or_refused(text: str) -> None:
    with a_result_or_one_sentence(PromptError):
        check_phrase(text)
        assert len(text) <= 500
    with a_result_or_one_sentence(PromptError):
        check_conversation([Turn("user", text)])
        assert len(text) <= 4000


@cases(200)
@given(text=TYPED)
def test_an_answer_of_any_text_is_taken_apart_whole(text: str) -> None:
    is_sound(text)
    list(pieces(text))
