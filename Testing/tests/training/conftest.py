"""A handful of made-up patients, laid out on disk like the training data, and a network small enough to train on them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.training.config import Mix, Schedule, TrainingConfig
from MedVLSAM2Lib.training.data.cache import load_cases, prepare
from MedVLSAM2Lib.training.data.cases import Case

SPACING_IJK = (2.0, 2.0, 3.0)
SHAPE = (28, 40, 44)


def a_ball(centre: tuple[int, int, int], radius: float) -> np.ndarray:
    """Bool (K, J, I)."""
    return sum((axis - c) ** 2 for axis, c in zip(np.indices(SHAPE), centre, strict=True)) < radius**2


def write(array: np.ndarray, path: Path, spacing: tuple[float, float, float] = SPACING_IJK) -> None:
    """An array (K, J, I) as an image file, its axes those of LPS."""
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(spacing)
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(path))


def a_patient(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A scan in HU with two bright organs in a soft body, and their labels 1 and 7."""
    rng = np.random.default_rng(seed)
    image = np.full(SHAPE, -1024, np.int16)
    image[3:26, 5:36, 5:40] = 40
    labels = np.zeros(SHAPE, np.uint8)
    labels[a_ball((12, int(rng.integers(14, 18)), 15), 6)] = 1
    labels[a_ball((16, int(rng.integers(22, 26)), 28), 5)] = 7
    image[labels == 1] = 130
    image[labels == 7] = 700
    noise = rng.normal(size=SHAPE) * 8
    return (image + noise).astype(np.int16), labels


@pytest.fixture(scope="session")
def a_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every folder that the real data has, with next to nothing in it."""
    root = tmp_path_factory.mktemp("data")
    for number in (1, 3, 20):
        image, labels = a_patient(number)
        write(image, root / "head_neck_ct" / f"pt_{number}" / "image.nii.gz")
        write(labels, root / "head_neck_ct" / f"pt_{number}" / "label.nii.gz")
    for number in (3, 6):
        image, labels = a_patient(100 + number)
        write(image.astype(np.float32), root / "soft_tissue_tumour" / f"STS_00{number}" / "CT_image.nii.gz")
        write((labels == 1).astype(np.uint8), root / "soft_tissue_tumour" / f"STS_00{number}" / "CT_mask.nii.gz")
    image, labels = a_patient(7)
    write(image, root / "trunk_ct" / "somebody" / "image.nii.gz")
    write((labels == 7).astype(np.uint8), root / "trunk_ct" / "somebody" / "lungs_by_threshold.nii.gz")
    (root / "trunk_ct" / "somebody" / "meta.json").write_text(json.dumps({"labels": {}}))
    maps = root / "label_maps"
    write(labels, maps / "trunk" / "s1" / "label.nii.gz")
    names = {"labels": {"1": "kidney_left", "7": "kidney_right"}}
    (maps / "trunk" / "s1" / "meta.json").write_text(json.dumps(names))
    write(labels.astype(np.int16) * 80, maps / "abdomen" / "seg.nrrd")
    write(labels, maps / "head" / "one.nii.gz")
    write(labels, maps / "head_neck" / "two.nii.gz")
    (maps / "head_neck" / "labels.json").write_text(json.dumps({"1": "Brain", "7": "Mandible"}))
    return root


@pytest.fixture(scope="session")
def a_cache(a_data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    prepare(a_data_folder, cache)
    return cache


@pytest.fixture(scope="session")
def the_cases(a_cache: Path) -> list[Case]:
    return load_cases(a_cache)


@pytest.fixture
def a_small_run() -> TrainingConfig:
    return TrainingConfig(
        network=PatchConfig(side=16, channels=(4, 8), depths=(1, 1)),
        schedule=Schedule(peak=5e-3, floor=1e-4, warmup_steps=1, steps=8, seconds=None),
        mix=Mix(),
        batch=4,
        bfloat16=False,
        validation_objects=2,
    )
