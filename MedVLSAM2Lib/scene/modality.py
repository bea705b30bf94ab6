"""What made a scan, from what the scene knows of it.

Asked in this order; the first that knows answers:

1. the voxel value quantity and units that the DICOM readers put on the node,
2. the DICOM modality, on the node or on its series in the subject hierarchy,
3. the node's name (``CT``, ``MRI``, ``T2``, ``PET`` as whole words), where for CT the voxels must look like Hounsfield
   units: a name alone is no promise,
4. the voxels: whole numbers with air far below zero, soft tissue around it and something denser are Hounsfield units.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import slicer

from MedVLSAM2Lib.volume import Modality
from MedVLSAM2Lib.volume.hounsfield import looks_like_hounsfield_units

_HU_UNITS = ("[hnsf'u]", "hu", "hounsfield unit")
_DICOM_MODALITIES = {"CT": Modality.CT, "MR": Modality.MR, "PT": Modality.PET, "PET": Modality.PET}
_QUANTITIES = {"112031": Modality.CT, "126400": Modality.PET, "126401": Modality.PET, "110852": Modality.MR}
_NAME_WORDS = {
    Modality.CT: re.compile(r"(?<![a-z])(ct|cta|cect|ncct|cbct)(?![a-z])", re.IGNORECASE),
    Modality.MR: re.compile(r"(?<![a-z])(mr|mri|mra|t1w?|t2w?|flair|dwi|adc|pd)(?![a-z])", re.IGNORECASE),
    Modality.PET: re.compile(r"(?<![a-z])(pet|suv|suvbw)(?![a-z])", re.IGNORECASE),
}


def modality_of(volume_node: Any, array: np.ndarray) -> Modality:
    """What made the scan in ``volume_node``; ``array`` (K, J, I) are its voxels."""
    return (
        _from_quantity(volume_node)
        or _from_dicom(volume_node)
        or _from_name(volume_node.GetName() or "", array)
        or (Modality.CT if looks_like_hounsfield_units(array) else Modality.UNKNOWN)
    )


def units_of(volume_node: Any, modality: Modality) -> str:
    """The unit of the intensities: ``HU`` for CT, else what the node says, else nothing."""
    if modality is Modality.CT:
        return "HU"
    units = volume_node.GetVoxelValueUnits()
    return (units.GetCodeMeaning() or units.GetCodeValue() or "") if units is not None else ""


def _from_quantity(volume_node: Any) -> Modality | None:
    units, quantity = volume_node.GetVoxelValueUnits(), volume_node.GetVoxelValueQuantity()
    if units is not None and (units.GetCodeValue() or "").lower() in _HU_UNITS:
        return Modality.CT
    return _QUANTITIES.get(quantity.GetCodeValue() or "") if quantity is not None else None


def _from_dicom(volume_node: Any) -> Modality | None:
    code = volume_node.GetAttribute("DICOM.Modality") or _series_attribute(volume_node, "DICOM.Modality")
    return _DICOM_MODALITIES.get(code.strip().upper()) if code else None


def _series_attribute(volume_node: Any, name: str) -> str:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(volume_node.GetScene())
    if hierarchy is None:
        return ""
    item = hierarchy.GetItemByDataNode(volume_node)
    return hierarchy.GetItemAttribute(item, name) or "" if item else ""


def _from_name(name: str, array: np.ndarray) -> Modality | None:
    # Underscores count as spaces, so that "chest_ct_01" reads as three words.
    words = name.replace("_", " ")
    named = [modality for modality, pattern in _NAME_WORDS.items() if pattern.search(words)]
    if len(named) != 1 or (named[0] is Modality.CT and not looks_like_hounsfield_units(array)):
        return None
    return named[0]
