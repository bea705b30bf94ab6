"""What the session's tests share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.volume import Modality, Volume


def ball(shape: tuple[int, int, int], centre: tuple[float, float, float], radius: float) -> np.ndarray:
    """A ball of voxels (K, J, I)."""
    grid = np.indices(shape, dtype=float) - np.array(centre)[:, None, None, None]
    return (grid**2).sum(axis=0) <= radius**2


@pytest.fixture
def two_balls() -> Volume:
    """A CT of soft tissue with two balls, of 200 HU at (10, 16, 16) and of 400 HU at (22, 16, 20) (K, J, I)."""
    array = np.full((32, 36, 40), 40, np.int16)
    array[ball(array.shape, (10, 16, 16), 6)] = 200
    array[ball(array.shape, (22, 16, 20), 5)] = 400
    return Volume(array, np.diag([-1.5, -1.5, 2.0, 1.0]), Modality.CT)


@pytest.fixture
def without(tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkpoint of the parts of another one that does not offer some of its capabilities."""

    def make(checkpoint: Path, *capabilities: str) -> Path:
        config = json.loads((checkpoint / "config.json").read_text("utf-8"))
        config["capabilities"] = [offered for offered in config["capabilities"] if offered not in capabilities]
        config["components"] = {name: {"path": str(checkpoint / name)} for name in config["components"]}
        (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path

    return make
