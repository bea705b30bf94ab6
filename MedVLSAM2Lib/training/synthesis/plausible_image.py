"""A CT-like image from a label map with names: each structure as dense as such tissue is, in soft tissue and fat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.training.phantom import structures as tissues
from MedVLSAM2Lib.training.phantom.structures import Phase, Tissue
from MedVLSAM2Lib.vocabulary import Kind, Structure

_SPREAD = 0.12
_COARSE_MM, _GAPS_MM, _FAT_MM = 4.0, 28.0, 14.0
_BLUR_VOXELS = 0.6
_FATTY_SHARE = 0.6
_BY_NAME = {
    "liver": tissues.LIVER, "spleen": tissues.SPLEEN, "pancreas": tissues.PANCREAS, "kidney": tissues.RENAL_CORTEX,
    "gallbladder": tissues.BILE, "urinary bladder": tissues.WATER, "lung": tissues.LUNG, "upper lobe": tissues.LUNG,
    "middle lobe": tissues.LUNG, "lower lobe": tissues.LUNG, "airway": tissues.GAS, "heart": tissues.BLOOD,
    "atrial appendage": tissues.BLOOD, "aorta": tissues.ARTERIAL_BLOOD, "portal vein": tissues.PORTAL_BLOOD,
    "thyroid gland": tissues.THYROID, "brain": tissues.BRAIN, "brainstem": tissues.BRAIN, "eye": tissues.WATER,
    "lens": tissues.LENS, "spinal canal": tissues.SPINAL_CANAL, "spinal cord": Tissue(36, 3), "cochlea": Tissue(600, 60),
    "parotid gland": Tissue(25, 12), "submandibular gland": tissues.GLAND, "colon": tissues.BOWEL_CONTENT,
    "small bowel": tissues.BOWEL_CONTENT, "costal cartilage": tissues.CARTILAGE, "mandible": tissues.CORTICAL_BONE,
}  # fmt: skip
_BY_KIND = {
    Kind.ORGAN: tissues.BOWEL_WALL,
    Kind.BONE: Tissue(380, 70),
    Kind.MUSCLE: tissues.MUSCLE,
    Kind.TISSUE: tissues.FAT,
    Kind.FINDING: tissues.BOWEL_WALL,
}


def plausible_image(
    labels: np.ndarray,
    structures: Mapping[int, Structure],
    spacing_mm: tuple[float, float, float],
    phase: Phase,
    rng: np.random.Generator,
) -> np.ndarray:
    """int16 HU (K, J, I) of a uint8 label map; ``structures`` is what each label is, as far as it is known."""
    hu = _background(labels, spacing_mm, tissues.FAT.hu if rng.random() < _FATTY_SHARE else tissues.MUSCLE.hu)
    of_label, mottle = np.zeros(256, np.float32), np.zeros(256, np.float32)
    known = np.zeros(256, bool)
    for value, structure in structures.items():
        tissue = _tissue(structure)
        of_label[value] = tissue.hu_in(phase) * (1 + _SPREAD * rng.uniform(-1, 1))
        mottle[value], known[value] = tissue.mottle, True
    is_known = known[labels]
    hu[is_known] = of_label[labels[is_known]]
    hu = ndimage.gaussian_filter(hu, _BLUR_VOXELS)
    hu += rng.standard_normal(hu.shape, np.float32) * (rng.uniform(4, 14) + mottle[labels] / 2)
    return np.clip(np.rint(hu), -1024, 3071).astype(np.int16)


def _background(labels: np.ndarray, spacing_mm: tuple[float, float, float], between_hu: float) -> np.ndarray:
    """Fat or muscle between the structures, fat around them, air beyond: no label map has all of a body."""
    step = [max(1, round(_COARSE_MM / s)) for s in spacing_mm]
    coarse = labels[:: step[0], :: step[1], :: step[2]] > 0
    size = [s * n for s, n in zip(spacing_mm, step, strict=True)]
    outside = ndimage.distance_transform_edt(~np.pad(coarse, 1), sampling=size)[1:-1, 1:-1, 1:-1]
    near = outside < _GAPS_MM
    filled = ndimage.distance_transform_edt(np.pad(near, 1, mode="edge"), sampling=size)[1:-1, 1:-1, 1:-1] > _GAPS_MM
    soft = filled | coarse
    fat = ndimage.distance_transform_edt(~soft, sampling=size) < _FAT_MM
    hu = np.where(soft, np.float32(between_hu), np.where(fat, np.float32(tissues.FAT.hu), np.float32(-1000)))
    fine = np.repeat(np.repeat(np.repeat(hu, step[0], 0), step[1], 1), step[2], 2)
    return np.ascontiguousarray(fine[: labels.shape[0], : labels.shape[1], : labels.shape[2]]).astype(np.float32)


def _tissue(structure: Structure) -> Tissue:
    term = structure.term
    if term.kind is Kind.VESSEL and term.name not in _BY_NAME:
        return tissues.VENOUS_BLOOD if "vein" in term.name or "cava" in term.name else tissues.ARTERIAL_BLOOD
    return _BY_NAME.get(term.name, _BY_KIND.get(term.kind, tissues.BOWEL_WALL))
