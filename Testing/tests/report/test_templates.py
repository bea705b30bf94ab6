"""Templates are small files that say clearly what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.templates import TemplateError, bundled_templates, list_templates, read_template

Change = Callable[[dict[str, Any]], object]


def _changed(tmp_path: Path, change: Change) -> Path:
    content = json.loads((bundled_templates() / "chest.json").read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "ours.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_bundled_templates_can_be_read_and_name_every_section() -> None:
    paths = list_templates(bundled_templates())
    assert [path.stem for path in paths] == ["abdomen_pelvis", "brain", "chest", "head_neck"]
    for path in paths:
        layout = read_template(path).layout
        assert layout.study_type == path.stem
        assert [section.key for section in layout.sections] == list(SectionKey)
        assert len(layout.systems) >= 5


def test_a_department_can_copy_one_and_change_its_order_titles_and_phrases(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["title"] = "Thorax"
        content["systems"].reverse()
        content["phrases"]["organ"] = [{"say": ["{Name} misst {volume}."]}]

    template = read_template(_changed(tmp_path, change))
    assert template.layout.title == "Thorax"
    assert template.layout.systems[-1].key == "lungs"
    assert template.phrases.organ == (("{Name} misst {volume}.",),)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.pop("title"), "title is missing"),
        (lambda c: c.update(colour="red"), "colour is not a field that is known here"),
        (lambda c: c.update(version=2), "version is not 1"),
        (lambda c: c["sections"][0].update(key="history"), r"sections\[0\].key is not one of indication, technique"),
        (lambda c: c["sections"].append(c["sections"][0]), "names a section twice"),
        (lambda c: c["systems"].append(c["systems"][0]), "names a key twice"),
        (lambda c: c["systems"][0].update(window="foggy"), "window foggy"),
        (lambda c: c["systems"][1].update(structures="lung"), r"systems\[1\].structures is not a list"),
        (lambda c: c["phrases"]["organ"][0]["say"].append("{weight}"), r"blank \{weight\}, which is not one of"),
        (lambda c: c["phrases"]["organ"][0]["say"].append("{name"), "braces that do not pair"),
        (lambda c: c["phrases"]["technique"][0]["say"].append("{PatientName}"), r"blank \{PatientName\}"),
        (lambda c: c["procedures"]["CT"].pop("scheme"), "procedures.CT.scheme is missing"),
    ],
)
def test_what_is_wrong_is_told_with_the_file_and_the_field(tmp_path: Path, change: Change, told: str) -> None:
    with pytest.raises(TemplateError, match=rf"ours\.json cannot be used: .*{told}"):
        read_template(_changed(tmp_path, change))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not json", "no readable JSON"),
        (b"[]", "no JSON object"),
        (b"\xff\xfe", "no readable JSON"),
        (b'{"a": NaN}', "NaN, which is no number"),
        (b'{"a": 1, "a": 2}', "the field a is there twice|The field a is there twice"),
        (b"[" * 100_000, "nested too deeply|no readable JSON"),
        (b" " * (16 * 2**20 + 1), "larger than 16 MB"),
    ],
)
def test_a_file_that_is_no_template_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "ours.json").write_bytes(content)
    with pytest.raises(TemplateError, match=told):
        read_template(tmp_path / "ours.json")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot be read"):
        read_template(tmp_path / "none.json")
