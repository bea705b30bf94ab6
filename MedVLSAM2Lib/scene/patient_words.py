"""What the scene knows of the patient, so that it can be left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import slicer
import vtk

from MedVLSAM2Lib.scene.dicom_files import dicom_files_of

_SUBJECT = ("DICOM.PatientName", "DICOM.PatientID", "DICOM.PatientBirthDate", "DICOM.StudyID", "DICOM.StudyDate")
_HEADER = ("0010|0010", "0010|0020", "0010|0030", "0020|0010", "0008|0020", "0008|0050")
_SHORTEST = 3
_IN_ITS_PLACE = "[…]"


def patient_words(scene: Any, volume_node: Any) -> frozenset[str]:
    """Names, numbers and days of patient and study that subject hierarchy and DICOM header tell of; in small letters."""
    values = [*_in_subject_hierarchy(scene), *(_in_header(volume_node) if volume_node is not None else ())]
    return frozenset(word for value in values for word in _forms(value.strip()) if len(word) >= _SHORTEST)


def without_words(text: str, words: Iterable[str]) -> str:
    """``text`` with a mark in place of each of ``words``, in whichever letters it is written."""
    longest_first = sorted(words, key=len, reverse=True)
    if not longest_first:
        return text
    any_of_them = "|".join(map(re.escape, longest_first))
    return re.sub(rf"(?<!\w)(?:{any_of_them})(?!\w)", _IN_ITS_PLACE, text, flags=re.IGNORECASE)


def _in_subject_hierarchy(scene: Any) -> list[str]:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if hierarchy is None:
        return []
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    numbers = [items.GetId(n) for n in range(items.GetNumberOfIds())]
    return [value for item in numbers for name in _SUBJECT if (value := hierarchy.GetItemAttribute(item, name))]


def _in_header(volume_node: Any) -> list[str]:
    files = dicom_files_of(volume_node)
    if not files:
        return []
    # It takes its time, and most scenes hold no DICOM files.
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(files[0]))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        # No header that can be read is none that names anyone.
        return []
    return [reader.GetMetaData(tag) for tag in _HEADER if reader.HasMetaDataKey(tag)]


def _forms(value: str) -> list[str]:
    """How a value may be written in a sentence: a name's parts, a day with its parts in the usual orders."""
    forms = [value.lower(), *(part for part in re.split(r"[\^=\s,]+", value.lower()))]
    if re.fullmatch(r"\d{8}", value):
        year, month, day = value[:4], value[4:6], value[6:]
        forms += [form for sep in "-./" for form in (sep.join((year, month, day)), sep.join((day, month, year)))]
        forms += [f"{month}/{day}/{year}"]
    return forms
