"""The order of a report: its sections, and the organ systems of the findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SectionKey(StrEnum):
    """The sections there are."""

    INDICATION = "indication"
    TECHNIQUE = "technique"
    FINDINGS = "findings"
    IMPRESSION = "impression"


@dataclass(frozen=True)
class Section:
    """A section; ``empty`` is what stands there while nothing is known."""

    key: SectionKey
    title: str
    empty: str


@dataclass(frozen=True)
class OrganSystem:
    """A heading of the findings."""

    key: str
    title: str


@dataclass(frozen=True)
class Layout:
    """How a report is laid out.

    Attributes:
        study_type: the template's short name, such as ``"chest"``.
        title: the report's title.
        sections: in order, each once.
        systems: the headings of the findings, in order.
        other: the heading for what belongs to none of them; shown only where there is something.
        not_assessed: what a heading says of which nothing was looked at. It is never a normal finding.
        not_found: what stands before the names of what was looked for and not found, which is no normal finding either.
    """

    study_type: str
    title: str
    sections: tuple[Section, ...]
    systems: tuple[OrganSystem, ...]
    other: OrganSystem
    not_assessed: str
    not_found: str = "Not found"

    def system(self, key: str) -> OrganSystem:
        """The heading ``key``, or the one for everything else."""
        return next((system for system in self.systems if system.key == key), self.other)
