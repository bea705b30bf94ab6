"""Terminology entries of segments: what a segment is, in coded words that DICOM knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import slicer
import vtk

Colour = tuple[float, float, float]

GENERAL_ANATOMY = "Segmentation category and type - 3D Slicer General Anatomy list"
"""The terminology Slicer itself prefers."""

_WITHOUT_REGION = "~^^~Anatomic codes - DICOM master list~^^~^^"
# What vtkSlicerTerminologyType says when the terminology recommends no colour.
_NO_COLOUR = (127, 127, 127)


@dataclass(frozen=True)
class TerminologyEntry:
    """One entry.

    Attributes:
        name: what it means, e.g. ``"Kidney, Right"``.
        serialized: the entry as Slicer writes it on a segment.
        colour: the colour the terminology recommends (0..1), None when it recommends none.
    """

    name: str
    serialized: str
    colour: Colour | None = None


TISSUE = TerminologyEntry(
    "Tissue",
    f"{GENERAL_ANATOMY}~SCT^85756007^Tissue~SCT^85756007^Tissue{_WITHOUT_REGION}",
    (128 / 255, 174 / 255, 128 / 255),
)
"""What Slicer calls a segment nobody has named."""

MASS = TerminologyEntry(
    "Mass",
    f"{GENERAL_ANATOMY}~SCT^49755003^Morphologically Altered Structure~SCT^4147007^Mass{_WITHOUT_REGION}",
    (144 / 255, 238 / 255, 144 / 255),
)
"""A lesion of unknown kind."""


def find_entry(name: str, terminologies_logic: Any, context: str = GENERAL_ANATOMY) -> TerminologyEntry | None:
    """The entry a plain name stands for ("liver", "left_lung", "Kidney"), or None.

    Args:
        name: upper and lower case alike, underscores as spaces.
        terminologies_logic: Slicer's vtkSlicerTerminologiesModuleLogic.
        context: the loaded terminology to look in.
    """
    words = " ".join(name.replace("_", " ").lower().split())
    entry = slicer.vtkSlicerTerminologyEntry()
    if words and terminologies_logic.FindTypeInTerminologyBy3dSlicerLabel(context, words, entry):
        return _entry(entry, terminologies_logic)
    for category, kind in _types(context, terminologies_logic):
        if kind.GetCodeMeaning().lower() == words:
            return _entry(_entry_of(context, category, kind), terminologies_logic)
    return None


def entry_of_codes(
    scheme: str, value: str, modifier: str | None, terminologies_logic: Any, context: str = GENERAL_ANATOMY
) -> TerminologyEntry | None:
    """The entry of a coded type, with the modifier of that code (a side, say); None when the terminology has no such type.

    Args:
        scheme: coding scheme designator, e.g. ``"SCT"``.
        value: the type's code value.
        modifier: the modifier's code value; one that the type does not have is left out.
        terminologies_logic: Slicer's vtkSlicerTerminologiesModuleLogic.
        context: the loaded terminology to look in.
    """
    for category, kind in _types(context, terminologies_logic):
        if (kind.GetCodingSchemeDesignator(), kind.GetCodeValue()) == (scheme, value):
            entry = _entry_of(context, category, kind)
            # Not asked without need: of a type without modifiers, Slicer logs an error.
            found = _modifiers(context, category, kind, terminologies_logic) if modifier else ()
            for one in found:
                if one.GetCodeValue() == modifier:
                    entry.GetTypeModifierObject().Copy(one)
            return _entry(entry, terminologies_logic)
    return None


def set_terminology(segment: Any, entry: TerminologyEntry) -> None:
    """Write an entry on a vtkSegment."""
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry.serialized)


def terminology_of(segment: Any) -> str:
    """The serialized entry of a vtkSegment, empty when it has none."""
    value = vtk.reference("")
    return str(value) if segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), value) else ""


def _types(context: str, logic: Any) -> Iterator[tuple[Any, Any]]:
    for category_index in range(logic.GetNumberOfCategoriesInTerminology(context)):
        category = slicer.vtkSlicerTerminologyCategory()
        logic.GetNthCategoryInTerminology(context, category_index, category)
        for type_index in range(logic.GetNumberOfTypesInTerminologyCategory(context, category)):
            kind = slicer.vtkSlicerTerminologyType()
            logic.GetNthTypeInTerminologyCategory(context, category, type_index, kind)
            yield category, kind


def _modifiers(context: str, category: Any, kind: Any, logic: Any) -> Iterator[Any]:
    for index in range(logic.GetNumberOfTypeModifiersInTerminologyType(context, category, kind)):
        modifier = slicer.vtkSlicerTerminologyType()
        logic.GetNthTypeModifierInTerminologyType(context, category, kind, index, modifier)
        yield modifier


def _entry_of(context: str, category: Any, kind: Any) -> Any:
    entry = slicer.vtkSlicerTerminologyEntry()
    entry.SetTerminologyContextName(context)
    entry.GetCategoryObject().Copy(category)
    entry.GetTypeObject().Copy(kind)
    return entry


def _entry(entry: Any, logic: Any) -> TerminologyEntry:
    kind, modifier = entry.GetTypeObject(), entry.GetTypeModifierObject()
    meanings = [part.GetCodeMeaning() for part in (kind, modifier) if part.GetCodeMeaning()]
    return TerminologyEntry(
        ", ".join(meanings), logic.SerializeTerminologyEntry(entry), _colour(modifier) or _colour(kind)
    )


def _colour(kind: Any) -> Colour | None:
    values = kind.GetRecommendedDisplayRGBValue()
    if tuple(values) == _NO_COLOUR:
        return None
    red, green, blue = (value / 255 for value in values)
    return red, green, blue
