"""Sentences follow their segments: numbers from measurements, struck with what they speak of, edits kept apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from MedVLSAM2Lib.report.drafting import with_not_found
from MedVLSAM2Lib.report.evidence import Evidence
from MedVLSAM2Lib.report.exporters.html_page import html_page
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.measurements import measure_segment
from MedVLSAM2Lib.report.outline import outline
from MedVLSAM2Lib.report.placeholders import Placeholder, carry_over, render
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.report.report import DRAFT_MARK, Report, ReportError
from MedVLSAM2Lib.report.report_json import report_from_json, report_to_json
from MedVLSAM2Lib.report.statements import Source, Statement
from MedVLSAM2Lib.report.templates import Template
from tests.report.conftest import Phantom
from tests.report.shapes import a_mask, an_ellipsoid


def _about(report: Report, segment_id: str, section: SectionKey = SectionKey.FINDINGS) -> Statement:
    return next(s for s in report.statements if s.section is section and segment_id in s.segment_ids)


def _reads(report: Report, statement_id: str) -> str:
    return report.text_of(report.statement(statement_id)).replace("\N{NO-BREAK SPACE}", " ")


def test_a_sentence_reads_the_measured_numbers(a_report: Report) -> None:
    cyst = _about(a_report, "Segment_3")
    assert _reads(a_report, cyst.statement_id).startswith(
        "Renal cyst: 11 mm × 8.6 mm axial, 10 mm craniocaudal, 0.40 ml"
    )
    assert [piece.placeholder.name for piece in a_report.rendered(cyst) if piece.placeholder] == [
        "long_axis", "short_axis", "craniocaudal", "volume", "mean_hu", "sd_hu",
    ]  # fmt: skip


def test_correcting_a_segment_changes_its_numbers_at_once(a_report: Report, a_phantom: Phantom) -> None:
    before = _about(a_report, "Segment_3")
    larger = a_mask(a_phantom.volume, an_ellipsoid((9, 8, 9), (-21, -8, 6)))
    after = a_report.with_measurements(measure_segment(a_phantom.volume, larger, "Segment_3"))
    assert "19 mm × 17 mm axial" in _reads(after, before.statement_id)
    assert "19 mm × 17 mm" in _reads(after, _about(after, "Segment_3", SectionKey.IMPRESSION).statement_id)
    assert _reads(a_report, before.statement_id) != _reads(after, before.statement_id)


def test_a_number_that_can_no_longer_be_measured_is_told_in_its_place(a_report: Report, a_phantom: Phantom) -> None:
    empty = a_mask(a_phantom.volume, lambda ras: ras[..., 0] > 1e6)
    after = a_report.with_measurements(measure_segment(a_phantom.volume, empty, "Segment_3"))
    assert "[longest axial diameter not measured]" in _reads(after, _about(after, "Segment_3").statement_id)


def test_deleting_a_segment_strikes_its_sentences_and_keeps_them(a_report: Report) -> None:
    after = a_report.without_segment("Segment_3")
    struck = _about(after, "Segment_3")
    assert after.why_struck(struck) == "renal cyst was deleted."
    assert len(after.statements) == len(a_report.statements)
    assert all("Segment_3" not in statement.segment_ids for statement in after.standing())
    assert "cyst" not in _text(after)
    assert any(line.struck for line in _lines(after, struck=True))


def test_a_segment_that_comes_back_brings_its_sentences_back(a_report: Report, a_phantom: Phantom) -> None:
    after = a_report.without_segment("Segment_3").with_segment(a_phantom.segments["Segment_3"])
    assert after.standing() == a_report.standing()


def test_an_edited_sentence_is_marked_and_keeps_its_evidence_and_its_untouched_numbers(a_report: Report) -> None:
    before = _about(a_report, "Segment_3")
    shown = a_report.text_of(before).replace("Renal cyst", "Simple cyst").replace("8.6", "9")
    after = a_report.with_edit(before.statement_id, shown)
    edited = after.statement(before.statement_id)
    assert edited.source is Source.EDITED
    assert edited.before_edit == before.text
    assert after.evidence_of(edited) == a_report.evidence_of(before)
    assert after.text_of(edited) == shown
    names = [piece.placeholder.name for piece in after.rendered(edited) if piece.placeholder]
    assert "short_axis" not in names
    assert {"long_axis", "volume"} <= set(names)


def test_evidence_is_kept_when_every_number_was_typed_over(a_report: Report) -> None:
    before = _about(a_report, "Segment_3")
    after = a_report.with_edit(before.statement_id, "A cyst of 1 cm.")
    edited = after.statement(before.statement_id)
    assert not any(piece.placeholder for piece in after.rendered(edited))
    assert edited.segment_ids == ("Segment_3",)
    assert after.without_segment("Segment_3").why_struck(edited)


def test_a_typed_sentence_stays_the_person_s_own_and_no_change_is_no_edit(a_report: Report) -> None:
    typed = a_report.with_typed(SectionKey.IMPRESSION, "Follow up in a year.")
    last = typed.statements[-1]
    assert typed.with_edit(last.statement_id, "Follow up.").statements[-1].source is Source.TYPED
    same = _about(a_report, "Segment_3")
    assert a_report.with_edit(same.statement_id, a_report.text_of(same)) == a_report


@pytest.mark.parametrize(
    ("edited", "measured"),
    [
        ("Liver of 1523 ml.", True),
        ("The liver measures 1523\N{NO-BREAK SPACE}ml today.", True),
        ("The liver measures 11523 ml.", False),
        ("The liver measures 1523 mlx.", False),
        ("The liver measures 0.1523 ml.", False),
        ("The liver measures −1523 ml.", False),
        ("The liver measures 1523 cc.", False),
        ("The liver measures 1532 ml.", False),
        ("", False),
    ],
)
def test_only_a_number_that_was_left_whole_stays_measured(edited: str, measured: bool) -> None:
    shown = render("The liver measures {volume:a b}.", lambda _: "1523\N{NO-BREAK SPACE}ml")
    assert (str(Placeholder("volume", "a b")) in carry_over(shown, edited)) is measured


def test_braces_that_hold_no_quantity_and_unknown_segments_are_words(a_report: Report) -> None:
    report = a_report.with_typed(SectionKey.IMPRESSION, "{x} {weight:Segment_1} {volume:gone}")
    assert _reads(report, report.statements[-1].statement_id) == "{x} {weight:Segment_1} {volume:gone}"


def test_a_person_can_strike_a_sentence_and_take_it_back(a_report: Report) -> None:
    chosen = _about(a_report, "Segment_1").statement_id
    struck = a_report.with_struck(chosen)
    assert chosen not in [statement.statement_id for statement in struck.standing()]
    assert struck.with_struck(chosen, "") == a_report


def test_a_sentence_points_at_the_slice_of_its_segment_or_at_its_own(a_report: Report, a_phantom: Phantom) -> None:
    cyst = _about(a_report, "Segment_3")
    place = a_phantom.segments["Segment_3"].measurements.place
    assert a_report.evidence_of(cyst) == (Evidence("Segment_3", place),)
    assert place is not None
    own = Evidence("Segment_1", place)
    typed = a_report.with_typed(SectionKey.FINDINGS, "See here.", "liver", (own,))
    assert typed.evidence_of(typed.statements[-1]) == (own,)


def test_headings_of_what_was_not_looked_at_say_so_and_nothing_is_called_normal(a_report: Report) -> None:
    groups = {group.title: group for block in outline(a_report).blocks for group in block.groups}
    assert groups["Spleen"].lines == ()
    assert groups["Spleen"].empty == "Not assessed."
    assert "normal" not in _text(a_report).lower()


def test_what_was_looked_for_and_not_found_says_so_until_it_is_segmented(
    a_report: Report, the_abdomen: Template
) -> None:
    report = with_not_found(a_report, the_abdomen, ["spleen", "right kidney", "skin"])
    groups = {group.title: group for block in outline(report).blocks for group in block.groups}
    assert (groups["Spleen"].lines, groups["Spleen"].empty) == ((), "Not found: spleen.")
    assert groups["Pancreas"].empty == "Not assessed."
    assert groups["Kidneys, ureters and adrenal glands"].not_found == "Not found: right kidney."
    assert groups["Other findings"].empty == "Not found: skin."
    assert report_from_json(report_to_json(report)) == report
    for shown in (plain_text(report), html_page(report)):
        assert "Not found: spleen." in shown
        assert "Not found: right kidney." in shown

    spleen = replace(report.segments["Segment_1"], segment_id="Segment_9", name="Spleen")
    assert "Not found: spleen." not in plain_text(report.with_segment(spleen))


def test_a_sentence_moves_past_its_neighbour_and_stays_under_its_heading(a_report: Report) -> None:
    report = a_report
    for text in ("First.", "Second.", "Third."):
        report = report.with_typed(SectionKey.FINDINGS, text, "spleen")
    first, second, third = (statement.statement_id for statement in report.statements[-3:])

    def spleen(moved: Report) -> list[str]:
        return [moved.text_of(one) for one in moved.statements if one.system == "spleen"]

    assert spleen(report.moved(third, -1)) == ["First.", "Third.", "Second."]
    assert spleen(report.moved(first, 1).moved(first, 1)) == ["Second.", "Third.", "First."]
    assert report.moved(first, -1) is report
    assert report.moved(third, 1) is report
    assert report.moved(second, -1).moved(second, 1) == report
    assert report_from_json(report_to_json(report.moved(third, -1))) == report.moved(third, -1)


def test_every_outline_is_a_draft(a_report: Report) -> None:
    assert outline(a_report).mark == DRAFT_MARK == "DRAFT — not for clinical use, unsigned"


def test_unknown_names_are_told(a_report: Report) -> None:
    with pytest.raises(ReportError, match="no sentence s99"):
        a_report.with_edit("s99", "x")
    with pytest.raises(ReportError, match="does not know the segment gone"):
        a_report.without_segment("gone")
    with pytest.raises(ReportError, match="already"):
        a_report.with_statement(a_report.statements[0])


def test_a_report_survives_json_with_edits_and_struck_sentences(a_report: Report) -> None:
    report = a_report.with_edit(_about(a_report, "Segment_1").statement_id, "Ä large liver. \u202e").without_segment(
        "Segment_3"
    )
    assert report_from_json(report_to_json(report)) == report


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.update(status="final"), "status is not"),
        (lambda c: c.pop("statements"), "statements is missing"),
        (lambda c: c["statements"][0].update(source="guess"), r"statements\[0\].source is not one of measured, model"),
        (lambda c: c["statements"][0].update(text="x" * 20_001), "text of at most 20000 characters"),
        (lambda c: c["statements"][0].update(text="\ud800"), "half a character"),
        (lambda c: c["statements"].append(c["statements"][0]), "share an id"),
        (lambda c: c["segments"][0]["measurements"][0].update(value="12"), "value is not a number"),
        (lambda c: c["segments"][0]["place"].update(index=24), "index is not a whole number from 0 to 23"),
        (lambda c: c["segments"][0].update(colour=[1, 2]), "colour is not a list of 3 numbers"),
        (
            lambda c: c["segments"][0]["diameters"].update(long_axis=[[1, 2, 3]]),
            "long_axis is not a list of 2 positions",
        ),
        (lambda c: c["segments"][0].update(at_edge=0), "at_edge is not true or false"),
        (lambda c: c["model"].update(licence="MIT"), "model.licence is not a field"),
        (lambda c: c.update(statements=[{}] * 10_001), "at most 10000 items"),
    ],
)
def test_json_that_is_no_report_is_told_in_one_sentence(
    a_report: Report, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    content = json.loads(report_to_json(a_report))
    change(content)
    with pytest.raises(ReportError, match=rf"no report that can be read: .*{told}") as caught:
        report_from_json(json.dumps(content))
    assert "\n" not in str(caught.value)


def _lines(report: Report, struck: bool = False) -> list[Any]:
    return [line for block in outline(report, struck).blocks for group in block.groups for line in group.lines]


def _text(report: Report) -> str:
    return "\n".join(line.text for line in _lines(report))


def test_a_sentence_can_be_taken_out(a_report: Report) -> None:
    report = a_report.with_typed(SectionKey.IMPRESSION, "Mine.")
    assert report.without_statement(report.statements[-1].statement_id) == a_report
    with pytest.raises(ReportError, match="no sentence nowhere"):
        a_report.without_statement("nowhere")


def test_a_number_that_changed_while_its_sentence_was_edited_is_still_measured(a_report: Report) -> None:
    statement = _about(a_report, "Segment_1")
    before, shown = a_report.rendered(statement), a_report.text_of(statement)
    segment = a_report.segments["Segment_1"]
    volume = segment.measurements.measurements[Quantity.VOLUME]
    other = {**segment.measurements.measurements, Quantity.VOLUME: replace(volume, value=1.0)}
    changed = a_report.with_measurements(replace(segment.measurements, measurements=other))
    edited = changed.with_edit(statement.statement_id, f"Look: {shown}", before)
    assert "1.0\N{NO-BREAK SPACE}ml" in edited.text_of(edited.statement(statement.statement_id))
