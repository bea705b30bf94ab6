"""The soak of ``Testing/soak.py``, short: a dozen kills at random moments lose nothing."""

from __future__ import annotations

import sys

import pytest

from MedVLSAM2Lib.volume import Volume
from soaking.kills import soak_with_kills
from tests.engine.recording_launcher import STANDIN_WORKER
from tests.engine.standin_checkpoint import StandInCheckpoint


@pytest.mark.skipif(sys.platform != "linux", reason="what is left of processes is read from /proc")
def test_a_dozen_kills_lose_no_prompt_and_no_voxel_and_leave_no_process(
    a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    a_checkpoint.behave(pause_s=0.02)

    losses = soak_with_kills(12, a_checkpoint.folder, a_volume, (str(STANDIN_WORKER),), seed=5, tell=lambda _: None)

    assert losses.kills >= 12
    assert (losses.lost, losses.different, losses.orphans) == (0, 0, 0)
