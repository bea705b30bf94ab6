"""A volume that the toy has words for, opened once by a model that is loaded once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib import Session
from MedVLSAM2Lib.scripting.session import load_model
from MedVLSAM2Lib.session.mask_models import LoadedModel
from MedVLSAM2Lib.volume import Volume
from tests.session.toy_phrases import toy_volume


@pytest.fixture(scope="session")
def a_speaking_model(a_speaking_checkpoint: Path) -> LoadedModel:
    return load_model(a_speaking_checkpoint)


@pytest.fixture(scope="session")
def balls() -> tuple[Volume, dict[str, np.ndarray]]:
    return toy_volume(np.random.default_rng(99))


@pytest.fixture
def a_session(a_speaking_model: LoadedModel, balls: tuple[Volume, dict[str, np.ndarray]]) -> Session:
    return Session.open(balls[0], a_speaking_model)
