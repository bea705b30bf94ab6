"""Templates by name, what is looked for by each, and the codes of what is found."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.report import SegmentCode, TemplateError
from MedVLSAM2Lib.scripting.naming import segment_code
from MedVLSAM2Lib.scripting.report_templates import names_to_find, template_for, template_named
from MedVLSAM2Lib.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def a_vocabulary() -> Vocabulary:
    return Vocabulary.read()


@pytest.mark.parametrize(
    ("template", "looked_for", "not_looked_for"),
    [
        (
            "chest",
            {"right lung", "heart", "aorta", "lung nodule"},
            {"third ventricle", "left iliac artery", "eye", "first thoracic vertebra"},
        ),
        (
            "abdomen_pelvis",
            {"liver", "left kidney", "prostate", "renal cyst", "visceral fat", "left iliopsoas muscle", "lumbar spine"},
            {"brain", "right parotid gland"},
        ),
        ("brain", {"cerebellum", "left lateral ventricle", "intracranial hemorrhage"}, {"portal vein", "liver"}),
        ("head_neck", {"left parotid gland", "thyroid gland", "larynx"}, {"right iliac vein", "liver"}),
    ],
)
def test_what_a_template_is_about_is_looked_for(
    a_vocabulary: Vocabulary, template: str, looked_for: set[str], not_looked_for: set[str]
) -> None:
    names = set(names_to_find(template_named(template), a_vocabulary))
    assert looked_for <= names
    assert not names & not_looked_for


def test_findings_are_not_looked_for_where_they_are_not_found_reliably(a_vocabulary: Vocabulary) -> None:
    names = names_to_find(template_named("abdomen_pelvis"), a_vocabulary, with_findings=False)
    assert "liver" in names
    assert not {"renal cyst", "soft-tissue mass", "liver mass"} & set(names)


def test_what_fits_no_template_is_told() -> None:
    assert template_for(["liver", "spleen"]).layout.study_type == "abdomen_pelvis"
    with pytest.raises(TemplateError, match="choose one: abdomen_pelvis, brain, chest, head_neck"):
        template_for(["the bright ball"])


def test_names_have_the_codes_of_the_vocabulary(a_vocabulary: Vocabulary) -> None:
    kidney = segment_code("left kidney", a_vocabulary)
    assert (kidney.type.value, kidney.modifier.meaning if kidney.modifier else "") == ("64033007", "Left")
    assert segment_code("kidney", a_vocabulary).modifier is None
    assert segment_code("renal cyst", a_vocabulary).is_lesion
    assert segment_code("the bright ball", a_vocabulary) == SegmentCode()
