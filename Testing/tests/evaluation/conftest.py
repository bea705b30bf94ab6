"""A ball in noise, and the folders of labelled scans the suites read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from MedVLSAM2Lib.evaluation.cases import Case, LabelledObject
from MedVLSAM2Lib.volume import Modality, Volume

SCANS = Path(__file__).resolve().parents[4] / "shared" / "data" / "scans"


@pytest.fixture
def a_ball() -> Case:
    """A ball of 12 mm radius, 100 HU brighter than its noisy surroundings, on a 2x1.5x1.5 mm grid."""
    k, j, i = np.indices((30, 40, 44))
    truth = ((k - 14) * 2.0) ** 2 + ((j - 20) * 1.5) ** 2 + ((i - 21) * 1.5) ** 2 <= 12**2
    noise = np.random.default_rng(1).normal(0, 12, truth.shape)
    volume = Volume((truth * 100 + noise).astype(np.int16), np.diag([-1.5, -1.5, 2.0, 1.0]), Modality.CT, "HU")
    return Case("ball", volume, (LabelledObject("ball", "other", truth),))


@pytest.fixture
def scans() -> Path:
    """The development scans; tests that want them are skipped where they are not."""
    if not SCANS.is_dir():
        pytest.skip("the development scans are not here")
    return SCANS


@pytest.fixture
def a_folder_of_scans(tmp_path: Path, a_ball: Case) -> Path:
    """One labelled case ``ball`` with labels 1 (the ball) and 7 (three voxels), and one CT/MR pair with masks."""
    truth = a_ball.objects[0].truth
    label = truth.astype(np.uint8)
    label[0, 0, :3] = 7
    single, pair = tmp_path / "ball", tmp_path / "sts_X"
    for folder in (single, pair):
        folder.mkdir()
    (single / "meta.json").write_text(json.dumps({"modality": "CT", "labels": {"1": "ball", "7": "crumb"}}))
    write_image(single / "image.nii.gz", a_ball.volume.array)
    write_image(single / "label.nii.gz", label)
    for scan in ("CT", "MR_T1"):
        write_image(pair / f"{scan}_image.nii.gz", a_ball.volume.array)
        write_image(pair / f"{scan}_mask.nii.gz", truth.astype(np.uint8))
    return tmp_path


def write_image(path: Path, array: np.ndarray) -> None:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((1.5, 1.5, 2.0))
    image.SetOrigin((10.0, -20.0, 30.0))
    sitk.WriteImage(image, str(path))
