"""Masks of one volume, and what they leave behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.mask_model import PatchMaskModel
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.views import ViewPlanner
from MedVLSAM2Lib.volume import Modality, Volume
from tests.session.conftest import ball


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only what nobody refers to any more is freed, at once; circles stay."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_volume_goes_with_its_session_at_once() -> None:
    torch.manual_seed(0)
    network = PatchNetwork(PatchConfig(side=16, channels=(4, 8), depths=(1, 1)))
    model = PatchMaskModel(network, ViewPlanner(), "patches:random", ("point",))
    array = np.full((20, 24, 28), -100, np.int16)
    array[ball(array.shape, (10, 12, 14), 6)] = 200
    gone = weakref.ref(array)
    session = Session(Volume(array, np.diag([-2.0, -2.0, 2.0, 1.0]), Modality.CT), "scan", model)
    for position in ((14.0, 12.0, 10.0), (16.0, 12.0, 10.0)):
        list(session.add_prompts("one", (Point(position),), lambda: False))
    del array, session
    assert gone() is None
