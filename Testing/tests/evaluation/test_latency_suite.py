"""From the click through a worker process to where masks go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.suites.latency import LatencyError, LatencySize, run_latency
from MedVLSAM2Lib.volume import PackedMask, Volume
from tests.engine.recording_launcher import RecordingLauncher
from tests.engine.standin_checkpoint import StandInCheckpoint

SIZE = LatencySize((40, 48, 48), (8.0, 8.0, 8.0))


class ArraySink:
    """Keeps what was written as arrays."""

    def __init__(self) -> None:
        self.masks: dict[str, np.ndarray] = {}

    def open(self, volume: Volume) -> tuple[Volume, ArraySink]:
        self._shape = volume.shape
        return volume, self

    def write(self, object_id: str, mask: PackedMask) -> None:
        self.masks.setdefault(object_id, np.zeros(self._shape, bool))[mask.box.slices] = mask.unpack()


@pytest.fixture
def a_checkpoint(tmp_path: Path) -> StandInCheckpoint:
    checkpoint = StandInCheckpoint(tmp_path)
    checkpoint.behave()
    return checkpoint


def test_every_organ_is_clicked_twice_and_its_mask_arrives(a_checkpoint: StandInCheckpoint) -> None:
    sink = ArraySink()
    report = run_latency(a_checkpoint.folder, sink.open, RecordingLauncher(), [SIZE])
    waits = report.data["waits"]
    assert [(wait["organ"], wait["click"]) for wait in waits] == [
        (organ, click) for organ in ("liver", "left kidney", "spleen") for click in (1, 2)
    ]
    assert all(wait["voxels"] > 0 for wait in waits[::2])
    assert all(wait["seconds"] > 0 and wait["longest_hold_s"] <= wait["seconds"] for wait in waits)
    assert set(sink.masks) == {"liver", "left kidney", "spleen"}
    assert "48 × 48 × 40" in report.markdown


def test_what_the_engine_complains_of_is_told(a_checkpoint: StandInCheckpoint) -> None:
    (a_checkpoint.folder / "behaviour.json").unlink()
    with pytest.raises(LatencyError):
        run_latency(a_checkpoint.folder, ArraySink().open, RecordingLauncher(), [SIZE])


def test_a_slow_click_is_told_in_the_table(a_checkpoint: StandInCheckpoint) -> None:
    a_checkpoint.behave(pause_s=0.01)
    impatient = LatencySize(SIZE.shape, SIZE.spacing_mm, slack=0.001)
    report = run_latency(a_checkpoint.folder, ArraySink().open, RecordingLauncher(), [impatient])
    assert not report.passed
    assert "too slow" in report.markdown
