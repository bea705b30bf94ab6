"""Which template fits what was segmented."""

from __future__ import annotations

from collections.abc import Iterable

from MedVLSAM2Lib.report.drafting import system_of
from MedVLSAM2Lib.report.templates import Template


def guess_template(templates: Iterable[Template], names: Iterable[str]) -> Template | None:
    """The template whose headings hold most of what ``names`` speak of; None where no template knows any.

    A template lists first what it is about: the liver speaks for the abdomen, though a chest shows its dome.
    """
    names = [name.replace("_", " ") for name in names]
    scored = [(sum(_weight(template, name) for name in names), template) for template in templates]
    best = max(scored, key=lambda one: one[0], default=None)
    return best[1] if best is not None and best[0] > 0 else None


def _weight(template: Template, name: str) -> float:
    """From 1 for what belongs under the first heading to a half for the last; 0 for what belongs under none."""
    systems = [system.key for system in template.layout.systems]
    system = system_of(template, name)
    return 1 - systems.index(system) / (2 * len(systems)) if system in systems else 0.0
