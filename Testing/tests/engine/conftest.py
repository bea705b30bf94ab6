"""A client, the volume it works on, and a model that gets into trouble on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.engine import EngineClient, Limits, LocalLauncher
from MedVLSAM2Lib.volume import Modality, Volume
from tests.engine.recording_launcher import RecordingLauncher
from tests.engine.standin_checkpoint import StandInCheckpoint


@pytest.fixture
def a_checkpoint(tmp_path: Path) -> StandInCheckpoint:
    """A model that behaves."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    checkpoint = StandInCheckpoint(folder)
    checkpoint.behave()
    return checkpoint


@pytest.fixture
def a_volume() -> Volume:
    """A small CT, axes flipped as in many NIfTI files: a bright block in a dark body."""
    array = np.full((12, 20, 24), -100, dtype=np.int16)
    array[2:10, 5:15, 6:18] = 60
    array[4:8, 8:12, 9:15] = 200
    return Volume(array, np.diag([2.0, 2.0, 3.0, 1.0]), Modality.CT, "HU", "a CT")


@pytest.fixture
def make_client() -> Iterator[Callable[..., EngineClient]]:
    """Makes started clients of the stand-in worker, with short limits, and closes them."""
    clients: list[EngineClient] = []

    def make(launcher: LocalLauncher | None = None, limits: Limits | None = None) -> EngineClient:
        client = EngineClient(launcher or RecordingLauncher(), limits=limits)
        clients.append(client)
        client.start()
        return client

    yield make
    for client in clients:
        client.close()
