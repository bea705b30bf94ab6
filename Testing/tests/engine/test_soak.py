"""The soak of ``Testing/soak.py``, short: a dozen kills at random moments lose nothing."""

from __future__ import annotations

import sys
from random import Random

import pytest

from MedVLSAM2Lib.volume import Volume
from soaking.kills import KillingSoak
from tests.engine.recording_launcher import STANDIN_WORKER
from tests.engine.standin_checkpoint import StandInCheckpoint


@pytest.mark.skipif(sys.platform != "linux", reason="what is left of processes is read from /proc")
def test_a_dozen_kills_lose_no_prompt_and_no_voxel_and_leave_no_process(
    a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    a_checkpoint.behave(pause_s=0.02)

    soak = KillingSoak(a_volume, a_checkpoint.folder, (str(STANDIN_WORKER),), Random(5))

    losses = soak.run(12, 300.0, lambda _: None)

    assert losses.kills >= 12
    assert losses.compared
    assert (losses.lost, losses.different, losses.orphans) == (0, 0, 0)
