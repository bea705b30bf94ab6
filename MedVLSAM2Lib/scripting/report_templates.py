"""Which template a report is written by, and what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from MedVLSAM2Lib.report import TemplateError, bundled_templates, list_templates, read_template
from MedVLSAM2Lib.report.drafting import system_of
from MedVLSAM2Lib.report.template_guess import guess_template
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.vocabulary import Kind, Term, Vocabulary

_EVERY_REGION = frozenset({"head", "neck", "chest", "abdomen", "pelvis", "body"})
_REGIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "chest": frozenset({"chest", "abdomen", "body"}),
        "abdomen_pelvis": frozenset({"chest", "abdomen", "pelvis", "body"}),
        "head_neck": frozenset({"head", "neck", "body"}),
        "brain": frozenset({"head"}),
    }
)
# The spine is looked for as a whole: of two dozen vertebrae each would take as long as an organ.
_ONE_OF_MANY = re.compile(r"(fir|seco|thi|four|fif|six|seven|eigh|nin|ten|eleven|twelf)(st|nd|rd|th) .* vertebra")


def template_named(name: str) -> Template:
    """The bundled template of that name (``"chest"``), or the one in a file.

    Raises:
        TemplateError: there is none, or it cannot be used; one sentence.
    """
    if name.endswith(".json"):
        return read_template(Path(name))
    path = bundled_templates() / f"{name}.json"
    if path not in list_templates(bundled_templates()):
        raise TemplateError(f"There is no report template {name}; choose {template_names()}, or a template's file.")
    return read_template(path)


def template_names() -> str:
    """The bundled templates, for a sentence."""
    return ", ".join(path.stem for path in list_templates(bundled_templates()))


def template_for(names: Iterable[str]) -> Template:
    """The bundled template that fits what was segmented.

    Raises:
        TemplateError: none does.
    """
    templates = [read_template(path) for path in list_templates(bundled_templates())]
    found = guess_template(templates, names)
    if found is None:
        raise TemplateError(f"No report template fits what was segmented; choose one: {template_names()}.")
    return found


def names_to_find(template: Template, vocabulary: Vocabulary, *, with_findings: bool = True) -> tuple[str, ...]:
    """The structures that the template's headings name, and the findings of its regions, each on its sides.

    A model that does not find findings reliably is not asked for them: unasked, it would fill a report with inventions.
    """
    regions = _REGIONS.get(template.layout.study_type, _EVERY_REGION)
    return tuple(
        structure.name
        for structure in vocabulary.structures()
        if structure.term.region in regions
        and (with_findings or structure.term.kind is not Kind.FINDING)
        and _is_looked_for(template, structure.term)
    )


def _is_looked_for(template: Template, term: Term) -> bool:
    if term.kind is Kind.FINDING:
        return True
    return not _ONE_OF_MANY.match(term.name) and system_of(template, term.name) != template.layout.other.key
