"""The structures and findings that can be named: their words, their sides, their codes, and their labels in public data sets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

_EITHER = "any"


class Side(StrEnum):
    """The patient's side."""

    RIGHT = "right"
    LEFT = "left"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.LEFT if self is Side.RIGHT else Side.RIGHT


class Kind(StrEnum):
    """What sort of thing a term names."""

    ORGAN = "organ"
    VESSEL = "vessel"
    BONE = "bone"
    MUSCLE = "muscle"
    TISSUE = "tissue"
    FINDING = "finding"


@dataclass(frozen=True)
class Code:
    """A coded concept, as DICOM writes it: scheme designator, value, meaning."""

    scheme: str
    value: str
    meaning: str


SIDE_CODES: Mapping[Side, Code] = {
    Side.RIGHT: Code("SCT", "24028007", "Right"),
    Side.LEFT: Code("SCT", "7771000", "Left"),
}
"""The modifiers of a paired structure's code."""


@dataclass(frozen=True)
class Term:
    """One row of the table.

    Attributes:
        name: its canonical name, in the singular and without a side, e.g. ``"kidney"``.
        plural: of the name.
        kind: what sort of thing it is.
        region: ``head``, ``neck``, ``chest``, ``abdomen``, ``pelvis``, or ``body`` for what is everywhere.
        synonyms: other words for it, in the singular.
        paired: there is a right and a left one.
        plural_only: it is spoken of in the plural: the ribs, the teeth.
        code: in SNOMED CT where the terminologies that Slicer ships know one; a side is a modifier (``SIDE_CODES``).
        labels: names that label maps give to the whole of it, by side (``None``: no side).
        parts: names that label maps give to parts, which together are it, by side.
    """

    name: str
    plural: str
    kind: Kind
    region: str
    synonyms: tuple[str, ...] = ()
    paired: bool = False
    plural_only: bool = False
    code: Code | None = None
    labels: Mapping[Side | None, tuple[str, ...]] = field(default_factory=dict, hash=False)
    parts: Mapping[Side | None, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def sides(self) -> tuple[Side | None, ...]:
        """The sides on which there is one: right and left, or none."""
        return (Side.RIGHT, Side.LEFT) if self.paired else (None,)


@dataclass(frozen=True)
class Structure:
    """A term on a side: what a mask is of.

    Attributes:
        term: what it is.
        side: of a paired term; ``None`` where the term has no sides.
    """

    term: Term
    side: Side | None = None

    @property
    def name(self) -> str:
        """Its full name, e.g. ``"right kidney"`` or ``"left ribs"``: unique in a vocabulary."""
        words = self.term.plural if self.term.plural_only else self.term.name
        return f"{self.side} {words}" if self.side else words


class Vocabulary:
    """The table of terms, and what can be looked up in it."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms

    @classmethod
    def read(cls, path: Path | None = None) -> Vocabulary:
        """The vocabulary in a JSON file, by default the one that comes with the extension.

        Raises:
            ValueError: the file is not such a table.
        """
        path = path or bundled_vocabulary()
        try:
            return cls(tuple(_term(row) for row in json.loads(path.read_text(encoding="utf-8"))["terms"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a vocabulary: {error}. Compare it with {bundled_vocabulary()}.") from error

    def term(self, name: str) -> Term:
        """The term of a canonical name. Raises KeyError when there is none."""
        return self._terms[name]

    def structure(self, name: str) -> Structure:
        """The structure of a full name such as ``"right kidney"``. Raises KeyError when there is none."""
        return self._structures[name]

    def structures(self) -> Iterator[Structure]:
        """Every term on each of its sides."""
        yield from self._structures.values()

    def findings(self) -> tuple[Term, ...]:
        """The terms that name something which should not be there."""
        return tuple(term for term in self.terms if term.kind is Kind.FINDING)

    def pairs(self) -> tuple[str, ...]:
        """The names of the terms of which there is one on each side, each a thing of its own (not *the ribs*)."""
        return tuple(term.name for term in self.terms if term.paired and not term.plural_only)

    def of_label(self, label: str) -> tuple[Structure, ...]:
        """What a label of a label map is, or is a part of; empty when the table does not know the label."""
        return self._by_label.get(label, ())

    def phrases(self) -> tuple[str, ...]:
        """Everything that can be asked for by name, synonyms included, sorted: what the panel completes a phrase from."""
        return tuple(sorted(self._spellings, key=str.lower))

    def meant_by(self, words: str) -> tuple[Structure, ...]:
        """The structures a name stands for, in any of its spellings: both of them when a paired term is named without a side."""
        return self._spellings.get(words, ()) or self._lower_spellings.get(words.lower(), ())

    def named_in(self, text: str) -> tuple[Structure, ...]:
        """The structures and findings that a text names, in any spelling, in the order in which it does.

        The longest name counts: a text about a kidney stone does not speak of the kidney.
        """
        found = (structure for match in self._names.finditer(text) for structure in self.meant_by(match[0]))
        return tuple(dict.fromkeys(found))

    def is_part_of_the_body(self, words: str) -> bool:
        """Whether a name stands for a structure, and not for a finding or for nothing that is known."""
        meant = self.meant_by(words)
        return bool(meant) and all(structure.term.kind is not Kind.FINDING for structure in meant)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        longest_first = sorted(self._spellings, key=len, reverse=True)
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)

    @cached_property
    def _terms(self) -> dict[str, Term]:
        return {term.name: term for term in self.terms}

    @cached_property
    def _structures(self) -> dict[str, Structure]:
        found = (Structure(term, side) for term in self.terms for side in term.sides)
        return {structure.name: structure for structure in found}

    @cached_property
    def _by_label(self) -> dict[str, tuple[Structure, ...]]:
        found: dict[str, tuple[Structure, ...]] = {}
        for structure in self.structures():
            term, side = structure.term, structure.side
            for label in dict.fromkeys((*term.labels.get(side, ()), *term.parts.get(side, ()))):
                found[label] = (*found.get(label, ()), structure)
        return found

    @cached_property
    def _spellings(self) -> dict[str, tuple[Structure, ...]]:
        found: dict[str, tuple[Structure, ...]] = {}
        for term in self.terms:
            for words in (term.name, term.plural, *term.synonyms):
                found.setdefault(words, tuple(Structure(term, side) for side in term.sides))
                for side in term.sides:
                    if side:
                        found.setdefault(f"{side} {words}", (Structure(term, side),))
        return found

    @cached_property
    def _lower_spellings(self) -> dict[str, tuple[Structure, ...]]:
        return {words.lower(): structures for words, structures in self._spellings.items()}


def bundled_vocabulary() -> Path:
    """The table that comes with the extension: beside the library, in a checkout as in an installed extension."""
    return Path(__file__).resolve().parents[1] / "Resources" / "vocabulary" / "structures.json"


def _term(row: Mapping[str, Any]) -> Term:
    return Term(
        name=row["name"],
        plural=row["plural"],
        kind=Kind(row["kind"]),
        region=row["region"],
        synonyms=tuple(row.get("synonyms", ())),
        paired=row.get("paired", False),
        plural_only=row.get("plural_only", False),
        code=Code(**row["code"]) if "code" in row else None,
        labels=_by_side(row.get("labels", {})),
        parts=_by_side(row.get("parts", {})),
    )


def _by_side(row: Mapping[str, list[str]]) -> dict[Side | None, tuple[str, ...]]:
    return {None if side == _EITHER else Side(side): tuple(names) for side, names in row.items()}
