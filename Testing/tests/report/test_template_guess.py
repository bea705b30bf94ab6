"""The template that fits what is segmented is found from the segments' names."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.report.template_guess import guess_template
from MedVLSAM2Lib.report.templates import bundled_templates, list_templates, read_template


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (["liver"], "Abdomen and pelvis"),
        (["lung_upper_lobe_left", "liver"], "Chest"),
        (["Parotid gland", "Brainstem"], "Head and neck"),
        (["hippocampus"], "Brain"),
        (["Segment 1", "kidney_left"], "Abdomen and pelvis"),
    ],
)
def test_what_is_named_decides(names: list[str], title: str) -> None:
    templates = [read_template(path) for path in list_templates(bundled_templates())]
    found = guess_template(templates, names)
    assert found is not None
    assert found.layout.title == title


def test_names_that_say_nothing_guess_nothing() -> None:
    templates = [read_template(path) for path in list_templates(bundled_templates())]
    assert guess_template(templates, ["Segment 1", "tumor"]) is None
    assert guess_template([], ["liver"]) is None
