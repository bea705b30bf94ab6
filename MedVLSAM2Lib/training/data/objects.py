"""Which objects a label layer holds: each label, and the groups that people ask for as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from scipy import ndimage

from MedVLSAM2Lib.model.patches.view import Triple
from MedVLSAM2Lib.training.data.cases import TrainingObject, is_any_of

SMALLEST_OBJECT = 30
CLICKS_PER_OBJECT = 48

# Groups by the beginnings of the names of their members (TotalSegmentator's and the head-neck maps' words).
GROUPS: dict[str, tuple[str, ...]] = {
    "both lungs": ("lung_", "Lung-"),
    "left lung": ("lung_lower_lobe_left", "lung_upper_lobe_left"),
    "right lung": ("lung_lower_lobe_right", "lung_middle_lobe_right", "lung_upper_lobe_right"),
    "spine": ("vertebrae_", "sacrum"),
    "lumbar spine": ("vertebrae_L",),
    "thoracic spine": ("vertebrae_T",),
    "ribs": ("rib_",),
    "left ribs": ("rib_left",),
    "right ribs": ("rib_right",),
    "rib cage": ("rib_", "sternum", "costal_cartilages", "vertebrae_T"),
    "pelvis": ("hip_", "sacrum"),
    "both kidneys": ("kidney_",),
    "both femurs": ("femur_",),
    "bowel": ("colon", "small_bowel", "duodenum"),
    "colon and stomach": ("colon", "stomach"),
    "heart and great vessels": ("heart", "aorta", "pulmonary_vein", "superior_vena_cava", "atrial"),
    "aorta and iliac arteries": ("aorta", "iliac_artery"),
    "left gluteal muscles": ("gluteus_maximus_left", "gluteus_medius_left", "gluteus_minimus_left"),
    "right gluteal muscles": ("gluteus_maximus_right", "gluteus_medius_right", "gluteus_minimus_right"),
    "back muscles": ("autochthon",),
    "parotid glands": ("Parotid",),
    "eyes": ("Orbit",),
    "brain with its stem": ("Brain",),
}


def objects_of_layer(
    layer_name: str, layer: np.ndarray, names: Mapping[int, str], spacing_mm: Triple, rng: np.random.Generator
) -> list[TrainingObject]:
    """Every label of a layer, and each group of which at least two members are there."""
    present = [int(value) for value in np.flatnonzero(np.bincount(layer.ravel(), minlength=256)) if value]
    wanted: list[tuple[str, tuple[int, ...]]] = [(names.get(value, f"label {value}"), (value,)) for value in present]
    wanted += groups_of({value: names.get(value, "") for value in present})
    found = (object_of_ids(name, layer_name, layer, ids, spacing_mm, rng) for name, ids in wanted)
    return [item for item in found if item is not None]


def groups_of(names: Mapping[int, str]) -> list[tuple[str, tuple[int, ...]]]:
    """The groups of at least two of the named labels, and everything together when there are many."""
    groups = [(group, _starting_with(names, beginnings)) for group, beginnings in GROUPS.items()]
    if len(names) > 40:
        groups.append(("everything labelled", tuple(names)))
    return [(group, ids) for group, ids in groups if len(ids) >= 2]


def _starting_with(names: Mapping[int, str], beginnings: Iterable[str]) -> tuple[int, ...]:
    return tuple(value for value, name in names.items() if name.startswith(tuple(beginnings)))


def object_of_ids(
    name: str, layer_name: str, layer: np.ndarray, ids: tuple[int, ...], spacing_mm: Triple, rng: np.random.Generator
) -> TrainingObject | None:
    """The object made of the voxels with these ids; None when there are too few."""
    mask = is_any_of(ids)[layer]
    voxels = int(mask.sum())
    if voxels < SMALLEST_OBJECT:
        return None
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    lo = np.array([part.start for part in box])
    hi = np.array([part.stop for part in box])
    clicks = _clicks(mask[box], spacing_mm, rng) + lo
    return TrainingObject(name, layer_name, ids, lo, hi, voxels, clicks.astype(np.int32))


def _clicks(mask: np.ndarray, spacing_mm: Triple, rng: np.random.Generator) -> np.ndarray:
    """Voxels a user might click: a third anywhere, a third deep inside the object, a third amid one of its slices."""
    count = CLICKS_PER_OBJECT // 3
    step = np.maximum(1, np.array(mask.shape) // 96)
    coarse = mask[:: step[0], :: step[1], :: step[2]]
    if not coarse.any():
        coarse, step = mask, np.ones(3, int)
    inside = np.argwhere(coarse)
    depth = ndimage.distance_transform_edt(np.pad(coarse, 1), sampling=np.array(spacing_mm) * step)[1:-1, 1:-1, 1:-1]
    depths = depth[tuple(inside.T)]
    deep = inside[depths >= np.quantile(depths, 0.8)]
    picks = [inside[rng.integers(len(inside), size=count)], deep[rng.integers(len(deep), size=count)]]
    picks.append(np.array([_amid_slice(inside, depths, rng) for _ in range(count)]))
    return np.concatenate(picks) * step


def _amid_slice(inside: np.ndarray, depths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The deepest voxel of the slice, across a random axis, of a random voxel."""
    axis = rng.integers(3)
    here = np.flatnonzero(inside[:, axis] == inside[rng.integers(len(inside)), axis])
    return inside[here[depths[here].argmax()]]
