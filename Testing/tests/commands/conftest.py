"""A phantom on disk, and a model too small to be any good but real."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from MedVLSAM2Lib.files.geometry import set_ijk_to_ras
from MedVLSAM2Lib.model.patches.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.training.phantom import Phantom, make_phantom
from tests.session.toy_phrases import toy_volume


@dataclass(frozen=True)
class ScanOnDisk:
    """A phantom and its file."""

    phantom: Phantom
    path: Path


@pytest.fixture(scope="session")
def a_scan(tmp_path_factory: pytest.TempPathFactory) -> ScanOnDisk:
    phantom = make_phantom(shape_kji=(50, 64, 64), spacing_mm=(8.0, 6.0, 6.0))
    image = sitk.GetImageFromArray(phantom.volume.array)
    set_ijk_to_ras(image, phantom.volume.ijk_to_ras)
    path = tmp_path_factory.mktemp("scan") / "phantom.nii.gz"
    sitk.WriteImage(image, str(path))
    return ScanOnDisk(phantom, path)


@pytest.fixture(scope="session")
def a_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    card = {"capabilities": ["click", "box"]}
    save_checkpoint(folder, PatchNetwork(PatchConfig(side=16, channels=(4, 8), depths=(1, 1))), card)
    return folder


@pytest.fixture(scope="session")
def a_scan_with_balls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``a_speaking_checkpoint`` has words for."""
    return write_volume(tmp_path_factory.mktemp("balls") / "balls.nii.gz", seed=99)


def write_volume(path: Path, seed: int) -> Path:
    """A toy volume as a file."""
    volume, _ = toy_volume(np.random.default_rng(seed))
    image = sitk.GetImageFromArray(volume.array)
    set_ijk_to_ras(image, volume.ijk_to_ras)
    sitk.WriteImage(image, str(path))
    return path
