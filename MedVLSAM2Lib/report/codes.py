"""Coded words: what DICOM, SNOMED CT and UCUM call a thing."""

from __future__ import annotations

from dataclasses import dataclass

_SEPARATOR, _PARTS = "~", "^"
_CATEGORY, _TYPE, _MODIFIER, _REGION, _REGION_MODIFIER = 1, 2, 3, 5, 6
PRIVATE_SCHEME = "99MVS2"
"""The coding scheme of what no standard scheme has a word for."""


@dataclass(frozen=True)
class Code:
    """A coded word.

    Attributes:
        value: what machines compare, e.g. ``"118565006"``.
        scheme: whose word it is: ``"SCT"`` (SNOMED CT), ``"DCM"``, ``"UCUM"``, ``"LN"`` (LOINC), or a private ``"99…"``.
        meaning: what people read.
    """

    value: str
    scheme: str
    meaning: str


TISSUE = Code("85756007", "SCT", "Tissue")
LESION_CATEGORY = Code("49755003", "SCT", "Morphologically Altered Structure")


@dataclass(frozen=True)
class SegmentCode:
    """What a segment is, in coded words; DICOM requires the first two.

    Attributes:
        category: such as *Anatomical Structure* or *Morphologically Altered Structure*.
        type: such as *Liver* or *Mass*.
        modifier: of the type, such as *Right*.
        region: where it is, when the type does not say it.
        region_modifier: of the region.
    """

    category: Code = TISSUE
    type: Code = TISSUE
    modifier: Code | None = None
    region: Code | None = None
    region_modifier: Code | None = None

    @classmethod
    def from_terminology(cls, serialized: str) -> SegmentCode:
        """From the entry Slicer writes on a segment; what is missing or unreadable falls back to *Tissue*.

        The entry reads ``context~category~type~modifier~anatomic context~region~region modifier``, each code as
        ``scheme^value^meaning``.
        """
        parts = serialized.split(_SEPARATOR)
        codes = [_code(parts[place]) if place < len(parts) else None for place in range(_REGION_MODIFIER + 1)]
        category, kind = codes[_CATEGORY], codes[_TYPE]
        if category is None or kind is None:
            return cls()
        return cls(category, kind, codes[_MODIFIER], codes[_REGION], codes[_REGION_MODIFIER])

    @property
    def is_lesion(self) -> bool:
        """Whether the category says that it is something abnormal."""
        return (self.category.value, self.category.scheme) == (LESION_CATEGORY.value, LESION_CATEGORY.scheme)

    @property
    def words(self) -> str:
        """All meanings, for people and for finding the organ system."""
        codes = (self.type, self.modifier, self.region, self.region_modifier)
        return ", ".join(code.meaning for code in codes if code is not None)


def _code(text: str) -> Code | None:
    scheme, _, rest = text.partition(_PARTS)
    value, _, meaning = rest.partition(_PARTS)
    return Code(value, scheme, meaning) if scheme and value and meaning else None
