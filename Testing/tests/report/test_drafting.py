"""A draft says what was found in the template's words, under the right heading, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from MedVLSAM2Lib.report.codes import SegmentCode
from MedVLSAM2Lib.report.drafting import (
    WITHOUT_EVIDENCE,
    ModelSentence,
    draft_report,
    drafted_again,
    is_lesion,
    system_of,
    window_of,
    with_drafted_segment,
)
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.measurements import measure_segment
from MedVLSAM2Lib.report.outline import outline
from MedVLSAM2Lib.report.report import Report, ReportSegment
from MedVLSAM2Lib.report.statements import Source
from MedVLSAM2Lib.report.technique import header_words
from MedVLSAM2Lib.report.templates import Template, bundled_templates, read_template
from tests.report.conftest import LESION, LIVER, Phantom
from tests.report.shapes import a_box, a_mask, a_volume, an_ellipsoid


def _section(report: Report, key: SectionKey) -> list[str]:
    return [report.text_of(s).replace("\N{NO-BREAK SPACE}", " ") for s in report.standing(key)]


def test_organs_and_lesions_stand_under_their_systems(a_report: Report) -> None:
    (findings,) = [block for block in outline(a_report).blocks if block.key is SectionKey.FINDINGS]
    found = {group.title: [line.text for line in group.lines] for group in findings.groups if group.lines}
    assert list(found) == ["Liver and bile ducts", "Kidneys, ureters and adrenal glands"]
    assert found["Liver and bile ducts"][0].startswith("Liver: ")
    assert [text.split(":")[0] for text in found["Kidneys, ureters and adrenal glands"]] == [
        "Left kidney",
        "Renal cyst",
    ]


def test_the_impression_names_lesions_only(a_report: Report) -> None:
    (line,) = _section(a_report, SectionKey.IMPRESSION)
    assert line.startswith("Renal cyst, 11 mm × 8.6 mm")


def test_indication_is_the_user_s_and_technique_comes_from_the_header(a_report: Report) -> None:
    assert _section(a_report, SectionKey.INDICATION) == ["Flank pain."]
    assert _section(a_report, SectionKey.TECHNIQUE) == ["CT, 2.5 mm slices, 120 kV."]
    assert [s.source for s in a_report.standing(SectionKey.TECHNIQUE)] == [Source.HEADER]


def test_a_lesion_s_side_is_measured_unless_its_name_says_it(a_phantom: Phantom, the_abdomen: Template) -> None:
    cyst = a_phantom.segments["Segment_3"]
    unnamed = replace(cyst, code=SegmentCode())
    assert "Renal cyst, left: " in _section(draft_report(the_abdomen, [unnamed]), SectionKey.FINDINGS)[0]
    named = replace(unnamed, name="cyst of the left kidney")
    assert ", left" not in _section(draft_report(the_abdomen, [named]), SectionKey.FINDINGS)[0]


def test_separate_parts_and_change_are_said_when_there_are_any(the_abdomen: Template) -> None:
    volume = a_volume()
    one, two = a_box((10, 10, 10), (12, 0, 0)), a_box((6, 6, 6), (12, 20, 0))
    prior = measure_segment(volume, a_mask(volume, one), "before")
    now = measure_segment(volume, a_mask(volume, lambda ras: one(ras) | two(ras)), "s", prior=prior)
    report = draft_report(the_abdomen, [ReportSegment("s", "liver lesion", now)])
    said = _section(report, SectionKey.FINDINGS)
    assert "Liver lesion: 2 separate parts; the lengths are those of the largest." in said
    assert said[-1] == "Liver lesion, against the prior scan: longest diameter 0 mm (0 %), volume +0.22 ml (+22 %)."
    assert "+22 % by volume against the prior scan" in _section(report, SectionKey.IMPRESSION)[0]


def test_what_reaches_the_edge_of_the_scan_is_said_to_be_a_part(the_abdomen: Template) -> None:
    volume = a_volume()
    inside, cut = a_box((10, 10, 10)), a_box((10, 10, 20), (0, 0, 25))
    for shape, told in ((inside, False), (cut, True)):
        liver = ReportSegment("s", "liver", measure_segment(volume, a_mask(volume, shape), "s"))
        said = _section(draft_report(the_abdomen, [liver]), SectionKey.FINDINGS)
        assert ("Liver reaches the edge of the scan: only the part inside it was measured." in said) is told


def test_drafting_a_corrected_segment_again_changes_only_what_changed(the_abdomen: Template) -> None:
    volume = a_volume()
    one, two = a_box((10, 10, 10), (12, 0, 0)), a_box((6, 6, 6), (12, 20, 0))
    apart = measure_segment(volume, a_mask(volume, lambda ras: one(ras) | two(ras)), "s")
    whole = measure_segment(volume, a_mask(volume, one), "s")
    report = draft_report(the_abdomen, [ReportSegment("s", "liver lesion", apart)])
    first, parts, impression = report.statements
    report = report.with_edit(impression.statement_id, "A lesion.").with_typed(SectionKey.IMPRESSION, "Biopsy.")
    report = report.with_struck(first.statement_id)
    again = with_drafted_segment(report, the_abdomen, ReportSegment("s", "liver lesion", whole))
    assert again.statements == tuple(s for s in report.statements if s.statement_id != parts.statement_id)
    back = with_drafted_segment(again, the_abdomen, ReportSegment("s", "liver lesion", apart))
    assert [s.text for s in back.statements] == [*(s.text for s in again.statements), parts.text]


def test_an_mr_is_described_without_hounsfield_units(the_abdomen: Template) -> None:
    volume = a_volume(modality=a_volume().modality.__class__.MR)
    measured = measure_segment(volume, a_mask(volume, an_ellipsoid((10, 10, 10))), "s")
    (said,) = _section(draft_report(the_abdomen, [ReportSegment("s", "liver", measured)]), SectionKey.FINDINGS)
    assert said.startswith("Liver: 4.2")
    assert "HU" not in said


def test_an_empty_segment_is_not_spoken_of(the_abdomen: Template) -> None:
    volume = a_volume()
    empty = ReportSegment("s", "liver", measure_segment(volume, a_mask(volume, lambda ras: ras[..., 0] > 1e6), "s"))
    report = draft_report(the_abdomen, [empty])
    assert report.statements == ()
    assert "s" in report.segments


@pytest.mark.parametrize("text", ["No pleural effusion.", "The spleen is unremarkable.", "Pancreas: normal."])
def test_the_model_may_call_nothing_normal_without_evidence(text: str, the_abdomen: Template) -> None:
    report = draft_report(the_abdomen, [], sentences=[ModelSentence(text)])
    assert report.standing() == ()
    assert report.why_struck(report.statements[0]) == WITHOUT_EVIDENCE


def test_a_sentence_of_the_model_stands_with_its_segments_under_their_system(
    a_phantom: Phantom, the_abdomen: Template
) -> None:
    sentence = ModelSentence("Well-defined, thin wall, no septa.", ("Segment_3",))
    report = draft_report(the_abdomen, a_phantom.segments.values(), sentences=[sentence])
    stated = report.statements[-1]
    assert (stated.source, stated.system, stated.segment_ids) == (Source.MODEL, "kidneys", ("Segment_3",))
    assert stated in report.standing()


def test_the_model_s_own_numbers_are_words(the_abdomen: Template) -> None:
    report = draft_report(the_abdomen, [], sentences=[ModelSentence("A lesion of 23 mm in the liver.")])
    (statement,) = report.standing()
    assert [piece.placeholder for piece in report.rendered(statement)] == [None]
    assert statement.system == "liver"


@pytest.mark.parametrize(
    ("words", "system"),
    [
        ("Kidney, Right", "kidneys"),
        ("right renal pelvis", "kidneys"),
        ("urinary bladder", "pelvis"),
        ("lymph nodes", "vessels"),
        ("splenic vein", "vessels"),
        ("L3 vertebra", "bones"),
        ("gadget", "other"),
        ("delivery", "other"),
    ],
)
def test_the_longest_structure_named_decides_the_heading(words: str, system: str, the_abdomen: Template) -> None:
    assert system_of(the_abdomen, words) == system


def test_a_lesion_is_known_by_its_code_or_its_name_and_shown_in_its_organ_s_window(a_phantom: Phantom) -> None:
    chest = read_template(bundled_templates() / "chest.json")
    measured = a_phantom.segments["Segment_1"].measurements
    assert is_lesion(chest, ReportSegment("s", "thing", measured, SegmentCode.from_terminology(LESION)))
    assert is_lesion(chest, ReportSegment("s", "lung nodules", measured))
    assert not is_lesion(chest, ReportSegment("s", "liver", measured, SegmentCode.from_terminology(LIVER)))
    assert window_of(chest, ReportSegment("s", "lung nodule", measured)) == "lung"
    assert window_of(chest, ReportSegment("s", "thing", measured)) == "soft tissue"


def test_a_header_says_how_and_never_who_or_when() -> None:
    header = {
        "Modality": "PT",
        "SliceThickness": "3.000000",
        "PixelSpacing": [0.5, 0.5],
        "KVP": "",
        "ContrastBolusAgent": None,
        "PatientName": "DOE^JANE",
        "StudyDate": "20200101",
        "StudyDescription": "DOE, follow-up",
    }
    assert header_words(header) == {"Modality": "PET", "SliceThickness": "3", "PixelSpacing": "0.5 × 0.5"}


@pytest.mark.parametrize("serialized", ["", "~~~", "a~b~c", "x~SCT^^~SCT^1^y~^^~~^^~^^"])
def test_a_terminology_entry_that_says_nothing_is_tissue(serialized: str) -> None:
    assert SegmentCode.from_terminology(serialized) == SegmentCode()


def test_braces_in_a_name_are_no_placeholders(a_phantom: Phantom, the_abdomen: Template) -> None:
    odd = replace(a_phantom.segments["Segment_1"], name="{volume:Segment_1} {x")
    (said,) = _section(draft_report(the_abdomen, [odd]), SectionKey.FINDINGS)
    assert said.startswith("(volume:Segment 1) (x: ")


def test_a_report_drafted_again_by_another_template_keeps_a_person_s_words(
    a_report: Report, the_abdomen: Template
) -> None:
    chest = read_template(bundled_templates() / "chest.json")
    liver = next(one for one in a_report.statements if one.segment_ids == ("Segment_1",))
    mine = a_report.with_edit(liver.statement_id, "A liver.").with_typed(SectionKey.IMPRESSION, "My own.")
    again = drafted_again(mine, chest, header={"Modality": "CT"})
    assert again.layout == chest.layout
    assert "A liver." in _section(again, SectionKey.FINDINGS)
    assert "My own." in _section(again, SectionKey.IMPRESSION)
    assert _section(again, SectionKey.TECHNIQUE) == ["CT."]
    assert not any(text.startswith("Liver: ") for text in _section(again, SectionKey.FINDINGS))


def test_a_report_drafted_again_forgets_deleted_segments_and_keeps_what_was_struck(
    a_report: Report, the_abdomen: Template
) -> None:
    liver = next(one for one in a_report.statements if one.segment_ids == ("Segment_1",))
    changed = a_report.with_struck(liver.statement_id).without_segment("Segment_3")
    again = drafted_again(changed, the_abdomen)
    assert again.why_struck(again.statement(liver.statement_id)) == "Struck by hand."
    assert not any("Segment_3" in one.segment_ids for one in again.statements)
    assert len(drafted_again(again, the_abdomen).statements) == len(again.statements)


def test_sentences_of_a_renamed_segment_keep_their_place_and_whether_they_are_struck(
    a_report: Report, the_abdomen: Template
) -> None:
    liver = next(one for one in a_report.statements if one.segment_ids == ("Segment_1",))
    struck = a_report.with_struck(liver.statement_id)
    renamed = replace(a_report.segments["Segment_1"], name="liver graft")
    again = with_drafted_segment(struck, the_abdomen, renamed)
    assert [one.statement_id for one in again.statements] == [one.statement_id for one in struck.statements]
    assert again.text_of(again.statement(liver.statement_id)).startswith("Liver graft: ")
    assert again.why_struck(again.statement(liver.statement_id)) == "Struck by hand."
