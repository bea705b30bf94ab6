"""Which labels of the evaluation scans are objects to segment, and the table row each belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

OTHER_GROUP = "other"

LabelsByObject = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ObjectGroup:
    """A row of the table.

    Attributes:
        name: the row's name.
        cases: pattern (``*`` and ``?``) of the case names it is about.
        objects: the labels each object is made of; several are united.
    """

    name: str
    cases: str
    objects: LabelsByObject


def groups_of_case(case: str, labels: tuple[str, ...]) -> tuple[ObjectGroup, ...]:
    """The groups of a case by name; of a case no group knows, every label is an object of the group "other"."""
    known = tuple(group for group in OBJECT_GROUPS if fnmatchcase(case, group.cases))
    return known or (ObjectGroup(OTHER_GROUP, case, _each(*labels)),)


def _each(*labels: str) -> LabelsByObject:
    return {label: (label,) for label in labels}


_CT_ORGANS = _each(
    "liver",
    "spleen",
    "kidney_right",
    "kidney_left",
    "stomach",
    "gallbladder",
    "pancreas",
    "duodenum",
    "urinary_bladder",
    "prostate",
    "adrenal_gland_right",
    "adrenal_gland_left",
    "aorta",
    "inferior_vena_cava",
    "portal_vein_and_splenic_vein",
)
_MR_ORGANS = _each(
    "liver",
    "spleen",
    "kidney_right",
    "kidney_left",
    "gallbladder",
    "stomach",
    "pancreas",
    "duodenum",
    "aorta",
    "inferior_vena_cava",
    "portal_vein_and_splenic_vein",
)
_AORTA = {
    "aorta": ("aorta", "aorta_true_lumen", "aorta_false_lumen"),
    "aorta_true_lumen": ("aorta_true_lumen",),
    "aorta_false_lumen": ("aorta_false_lumen",),
}
_BONES_AND_MUSCLES = _each("hip_left", "sacrum", "vertebrae_L3", "gluteus_maximus_left", "iliopsoas_right")

OBJECT_GROUPS: tuple[ObjectGroup, ...] = (
    ObjectGroup("parotid", "openkbp_*", _each("right parotid gland", "left parotid gland")),
    ObjectGroup("brainstem", "openkbp_*", _each("brainstem")),
    ObjectGroup("spinal cord", "openkbp_*", _each("spinal cord")),
    ObjectGroup("larynx", "openkbp_*", _each("larynx")),
    ObjectGroup("esophagus", "openkbp_*", _each("esophagus")),
    ObjectGroup("mandible", "openkbp_*", _each("mandible")),
    ObjectGroup("soft-tissue tumour, CT", "sts_*/CT", _each("tumour")),
    ObjectGroup("soft-tissue tumour, MR", "sts_*/MR*", _each("tumour")),
    ObjectGroup("soft-tissue tumour, PET", "sts_*/PET", _each("tumour")),
    ObjectGroup("abdominal organs, CT", "totalseg_example", _CT_ORGANS),
    ObjectGroup("abdominal organs, MR", "totalseg_mr", _MR_ORGANS),
    ObjectGroup("bones and muscles, CT", "totalseg_example", _BONES_AND_MUSCLES),
    ObjectGroup("aorta with dissection, CT", "totalseg_aorta", _AORTA),
    ObjectGroup("lungs", "cip_chest64", _each("left lung", "right lung")),
    # The same voxels under a turned header, for the orientations: counted here they would count twice.
    ObjectGroup("lungs", "cip_chest64_oblique", _each()),
    ObjectGroup("brain tumour, MR", "pyrad_brain1", _each("brain tumor")),
    ObjectGroup("spinal cord, MR", "sct_t2_lesion", _each("spinal cord")),
)
"""The rows of the table, in its order."""
