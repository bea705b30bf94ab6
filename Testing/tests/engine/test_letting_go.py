"""When a volume is closed, the worker lets go of all that it knew of it, at once and not when memory is next tidied."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine.protocol import (
    AddPrompts,
    AskQuestion,
    CloseVolume,
    FindObjects,
    LoadModel,
    OpenVolume,
    Operation,
    StepCandidate,
    Undo,
)
from MedVLSAM2Lib.engine.shared_volume import store_volume
from MedVLSAM2Lib.engine.workbench import ObjectSession, Workbench
from MedVLSAM2Lib.engine.worker import CheckpointLoader, open_session
from MedVLSAM2Lib.model.mask_model import MaskModel
from MedVLSAM2Lib.prompts import Point, Turn
from MedVLSAM2Lib.results import Event
from MedVLSAM2Lib.session.errors import SessionError
from MedVLSAM2Lib.volume import Modality, Volume
from tests.session.toy_phrases import BRIGHT, toy_volume


@dataclass
class Bench:
    """A worker's bench that remembers, without holding them, the sessions and voxels that were on it."""

    seen: list[weakref.ref] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workbench = Workbench(CheckpointLoader(), self._open)

    def _open(self, volume: Volume, volume_id: str, model: MaskModel) -> ObjectSession:
        session = open_session(volume, volume_id, model)
        self.seen += [weakref.ref(session), weakref.ref(owner_of(volume.array))]
        return session

    def do(self, *operations: Operation) -> list[Event]:
        """All that is told."""
        return [event for one in operations for event in self.workbench.run(one, lambda: False)]  # type: ignore[misc]

    def living(self) -> list[object]:
        """What is still there of what it saw."""
        return [there for seen in self.seen if (there := seen()) is not None]


def owner_of(array: np.ndarray) -> np.ndarray:
    """The array whose memory it looks at, as any other view of the same voxels does."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@pytest.fixture
def a_bench() -> Iterator[Bench]:
    """Cycles stay where they are while it is used: only what nothing refers to goes."""
    gc.collect()
    gc.disable()
    yield Bench()
    gc.enable()


def a_scan(shape: tuple[int, int, int]) -> Volume:
    voxels = np.full(shape, -1000, np.int16)
    voxels[4:-4, 4:-4, 4:-4] = 40
    voxels[8:20, 10:30, 12:34] = 160
    return Volume(voxels, np.diag([2.0, 2.0, 2.0, 1.0]), Modality.CT, "HU", "a scan")


def opened(volume: Volume) -> OpenVolume:
    return OpenVolume("scan", store_volume(volume, share=False)[0])


def click(*position: float) -> AddPrompts:
    return AddPrompts("scan", "object", (Point((position[0], position[1], position[2])),))


def test_of_scans_that_were_clicked_in_and_closed_nothing_stays(a_bench: Bench) -> None:
    a_bench.do(LoadModel(str(bundled_checkpoint())))
    a_bench.do(opened(a_scan((24, 36, 40))), click(20, 20, 12), CloseVolume("scan"))
    threads = threading.active_count()

    for size in (26, 31, 37):
        a_bench.do(opened(a_scan((size, size + 10, size + 5))), click(20, 20, 12), click(22, 18, 14))
        with pytest.raises(SessionError):
            a_bench.do(*[StepCandidate("scan", "object", 1)] * 4)
        a_bench.do(Undo("scan", "object"), CloseVolume("scan"))

    assert len(a_bench.seen) == 8
    assert a_bench.living() == []
    for thread in threading.enumerate():
        if thread.name.startswith("medvlsam2-core"):
            thread.join(0.5)
    assert threading.active_count() <= threads


def test_of_a_scan_that_was_searched_and_asked_about_nothing_stays(a_bench: Bench, a_speaking_checkpoint: Path) -> None:
    volume, _ = toy_volume(np.random.default_rng(99))
    a_bench.do(LoadModel(str(a_speaking_checkpoint)))

    told = a_bench.do(
        opened(volume),
        FindObjects("scan", (BRIGHT,), "found"),
        AskQuestion("scan", (Turn("user", "Where is the bright ball?"),), "answer"),
        CloseVolume("scan"),
    )

    assert told
    assert len(a_bench.seen) == 2
    assert a_bench.living() == []


def test_of_a_scan_that_another_takes_the_place_of_nothing_stays(a_bench: Bench) -> None:
    a_bench.do(LoadModel(str(bundled_checkpoint())), opened(a_scan((24, 36, 40))), click(20, 20, 12))

    a_bench.do(opened(a_scan((30, 36, 40))))

    assert a_bench.living() == []
