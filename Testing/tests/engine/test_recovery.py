"""Workers that are killed, hang, or speak nonsense: nothing that was made is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.engine import (
    PROTOCOL_VERSION,
    Cancelled,
    Done,
    EngineClient,
    EngineEvent,
    Limits,
    WorkerReady,
    WorkerRestarted,
)
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.results import Failure, MaskRegion
from MedVLSAM2Lib.volume import Volume
from tests.engine.engine_events import apply_regions, payloads, poll_until
from tests.engine.recording_launcher import RecordingLauncher
from tests.engine.standin_checkpoint import StandInCheckpoint

MakeClient = Callable[..., EngineClient]
IN_ORGAN, IN_TUMOUR, IN_BODY = (7.0, 6.0, 3.0), (12.0, 10.0, 6.0), (1.0, 1.0, 6.0)
ORGAN, TUMOUR, BODY = 60.0, 200.0, -100.0
A_WHILE = 60


class Scene:
    """A client at work, and one mask an object as the scene would show it."""

    def __init__(self, client: EngineClient, launcher: RecordingLauncher, volume: Volume) -> None:
        self.client, self.launcher, self.volume = client, launcher, volume
        self.masks: dict[str, np.ndarray] = {}
        self.events: list[EngineEvent] = []

    def click(self, object_id: str, position: tuple[float, float, float]) -> int:
        return self.client.add_prompts("ct", object_id, [Point(position)])

    def wait(self, request: int) -> list[EngineEvent]:
        events = self.client.wait(request, A_WHILE)
        self.write(events)
        self.events += self.client.poll()
        return events

    def write(self, events: list[EngineEvent]) -> None:
        for event in events:
            if event.object_id:
                before = self.masks.setdefault(event.object_id, np.zeros(self.volume.shape, bool))
                self.masks[event.object_id] = apply_regions(before, [event])

    def wait_for_restart(self) -> WorkerRestarted:
        if not payloads(self.events, WorkerRestarted):
            self.events += poll_until(self.client, WorkerRestarted)
        return payloads(self.events, WorkerRestarted)[-1]


@pytest.fixture
def make_scene(make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume) -> Callable[..., Scene]:
    def make(**limits: float) -> Scene:
        launcher = RecordingLauncher()
        client = make_client(launcher, Limits(**limits))
        client.load_model(a_checkpoint.folder)
        client.wait(client.open_volume("ct", a_volume), A_WHILE)
        client.poll()
        return Scene(client, launcher, a_volume)

    return make


@pytest.fixture
def undisturbed(make_scene: Callable[..., Scene]) -> dict[str, np.ndarray]:
    """The masks when nothing goes wrong: the organ clicked, then its tumour; another object beside it."""
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    scene.wait(scene.click("body", IN_BODY))
    scene.wait(scene.click("organ", IN_TUMOUR))
    return scene.masks


def test_a_worker_killed_in_the_middle_of_a_request_gives_the_mask_all_the_same(
    make_scene: Callable[..., Scene], undisturbed: dict[str, np.ndarray], a_checkpoint: StandInCheckpoint
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    scene.wait(scene.click("body", IN_BODY))
    a_checkpoint.behave(trouble="die", at=TUMOUR)

    events = scene.wait(scene.click("organ", IN_TUMOUR))

    assert len(scene.launcher.started) == 2
    assert [event.is_last for event in events].count(True) == 1
    assert isinstance(events[-1].payload, Done)
    assert [region.final for region in payloads(events, MaskRegion)].count(True) == 1
    np.testing.assert_equal(scene.masks, undisturbed)
    restarted = scene.wait_for_restart()
    assert restarted.replayed == 4
    assert restarted.reason == "The engine was ended by the system, most likely for want of memory."


def test_a_worker_whose_gpu_is_gone_is_replaced_by_one_that_chooses_anew(
    make_scene: Callable[..., Scene], undisturbed: dict[str, np.ndarray], a_checkpoint: StandInCheckpoint
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    scene.wait(scene.click("body", IN_BODY))
    a_checkpoint.behave(trouble="gpu", at=TUMOUR)

    events = scene.wait(scene.click("organ", IN_TUMOUR))

    assert isinstance(events[-1].payload, Done)
    np.testing.assert_equal(scene.masks, undisturbed)
    assert scene.wait_for_restart().reason == "The engine lost its GPU."


def test_what_is_replayed_is_not_told_again(make_scene: Callable[..., Scene], a_checkpoint: StandInCheckpoint) -> None:
    scene = make_scene()
    first = scene.click("organ", IN_ORGAN)
    scene.wait(first)
    a_checkpoint.behave(trouble="die", at=BODY)

    events = scene.wait(scene.click("body", IN_BODY))
    scene.wait_for_restart()

    assert {event.object_id for event in events} == {"body"}
    assert not [event for event in scene.events if event.request == first]


def test_a_worker_killed_while_idle_is_replaced_and_undo_reaches_back_beyond_it(
    make_scene: Callable[..., Scene], undisturbed: dict[str, np.ndarray]
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    after_one = scene.masks["organ"].copy()
    scene.wait(scene.click("organ", IN_TUMOUR))

    os.kill(scene.launcher.worker.process_id, signal.SIGKILL)
    scene.wait_for_restart()
    scene.wait(scene.client.undo("ct", "organ"))

    np.testing.assert_array_equal(scene.masks["organ"], after_one)
    scene.wait(scene.client.redo("ct", "organ"))
    np.testing.assert_array_equal(scene.masks["organ"], undisturbed["organ"])
    assert scene.client.worker_info is not None
    assert scene.client.worker_info.model is not None


def test_a_worker_that_worked_is_replaced_as_often_as_it_dies_idle(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    for _ in range(Limits().deaths_without_cause + 1):
        os.kill(scene.launcher.worker.process_id, signal.SIGKILL)
        scene.events += poll_until(scene.client, WorkerRestarted)

    assert not payloads(scene.events, Failure)
    scene.wait(scene.client.undo("ct", "organ"))
    assert not scene.masks["organ"].any()


def test_a_worker_stopped_dead_is_noticed_and_replaced(
    make_scene: Callable[..., Scene], undisturbed: dict[str, np.ndarray]
) -> None:
    scene = make_scene(silence_s=4.0)
    scene.wait(scene.click("organ", IN_ORGAN))

    os.kill(scene.launcher.worker.process_id, signal.SIGSTOP)
    scene.wait(scene.click("organ", IN_TUMOUR))

    assert scene.wait_for_restart().reason == "The engine no longer answered."
    np.testing.assert_array_equal(scene.masks["organ"], undisturbed["organ"])


def test_a_request_without_news_is_tried_again(
    make_scene: Callable[..., Scene], undisturbed: dict[str, np.ndarray], a_checkpoint: StandInCheckpoint
) -> None:
    scene = make_scene(answer_s=4.0)
    scene.wait(scene.click("organ", IN_ORGAN))
    a_checkpoint.behave(trouble="hang", at=TUMOUR)

    scene.wait(scene.click("organ", IN_TUMOUR))

    np.testing.assert_array_equal(scene.masks["organ"], undisturbed["organ"])


def test_a_hanging_request_is_cancelled_by_force_and_its_previews_are_taken_back(
    make_scene: Callable[..., Scene], undisturbed: dict[str, np.ndarray], a_checkpoint: StandInCheckpoint
) -> None:
    scene = make_scene(cancel_s=0.5)
    scene.wait(scene.click("organ", IN_ORGAN))
    before = scene.masks["organ"].copy()
    a_checkpoint.behave(trouble="hang", at=TUMOUR, times=2)
    hanging = scene.click("organ", IN_TUMOUR)
    scene.write(poll_until(scene.client, MaskRegion))

    scene.client.cancel()
    events = scene.wait(hanging)

    assert isinstance(events[-1].payload, Cancelled)
    assert payloads(events, MaskRegion)[-1].final
    np.testing.assert_array_equal(scene.masks["organ"], before)
    assert scene.wait_for_restart().reason == "The engine did not stop when it was told to, and was restarted."
    a_checkpoint.behave()
    scene.wait(scene.click("organ", IN_TUMOUR))
    np.testing.assert_array_equal(scene.masks["organ"], undisturbed["organ"])


def test_a_request_that_kills_every_worker_is_given_up_and_the_rest_is_kept(
    make_scene: Callable[..., Scene], a_checkpoint: StandInCheckpoint
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    before = scene.masks["organ"].copy()
    a_checkpoint.behave(trouble="die", at=TUMOUR, times=99)

    deadly, next_one = scene.click("organ", IN_TUMOUR), scene.click("body", IN_BODY)
    failure = scene.wait(deadly)[-1].payload

    assert isinstance(failure, Failure)
    assert failure.kind == "worker"
    assert failure.message == (
        "The engine stopped twice on this request, so it was left out; everything made before is kept."
    )
    assert len(scene.launcher.started) == 3
    np.testing.assert_array_equal(scene.masks["organ"], before)
    assert isinstance(scene.wait(next_one)[-1].payload, Done)
    assert scene.masks["body"].any()


def test_earlier_work_that_kills_the_worker_when_done_again_is_left_out(
    make_scene: Callable[..., Scene], a_checkpoint: StandInCheckpoint
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    scene.wait(scene.click("organ", IN_TUMOUR))
    scene.wait(scene.click("body", IN_BODY))
    a_checkpoint.behave(trouble="die", at=TUMOUR, times=99)

    os.kill(scene.launcher.worker.process_id, signal.SIGKILL)
    restarted = scene.wait_for_restart()

    (failure,) = payloads(scene.events, Failure)
    assert failure.message == (
        "After the engine stopped, earlier work could not be done again; go on from the masks as they are."
    )
    assert [event.object_id for event in scene.events if event.payload is failure] == ["organ"]
    assert restarted.replayed == 4
    assert isinstance(scene.wait(scene.client.undo("ct", "body"))[-1].payload, Done)
    assert not scene.masks["body"].any()


def test_a_failure_after_previews_takes_them_back(
    make_scene: Callable[..., Scene], a_checkpoint: StandInCheckpoint
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    before = scene.masks["organ"].copy()
    a_checkpoint.behave(trouble="memory", at=TUMOUR, times=1)

    events = scene.wait(scene.click("organ", IN_TUMOUR))

    assert isinstance(events[-1].payload, Failure)
    assert events[-1].payload.kind == "memory"
    np.testing.assert_array_equal(scene.masks["organ"], before)
    assert len(scene.launcher.started) == 1


def test_removed_objects_and_closed_volumes_do_not_come_back_with_a_new_worker(
    make_scene: Callable[..., Scene],
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    scene.wait(scene.click("body", IN_BODY))
    scene.wait(scene.client.remove_object("ct", "organ"))

    os.kill(scene.launcher.worker.process_id, signal.SIGKILL)

    assert scene.wait_for_restart().replayed == 3
    assert isinstance(scene.wait(scene.client.undo("ct", "organ"))[-1].payload, Failure)


WORKERS_IN_TROUBLE = {
    "print('Welcome!', flush=True); import time; time.sleep(60)": "something other than messages",
    "import sys; sys.exit('no numpy here')": "no numpy here",
    "import sys; sys.stdout.buffer.write(b'MVS2\\x09\\x00')": "exit status 0",
    "import os; os.abort()": "Aborted, 6",
}


@pytest.mark.parametrize("script", WORKERS_IN_TROUBLE, ids=WORKERS_IN_TROUBLE.values())
def test_a_worker_that_never_gets_going_is_given_up_with_its_reason_in_the_detail(
    make_client: MakeClient, script: str, tmp_path: Path
) -> None:
    launcher = RecordingLauncher(arguments=("-c", script))
    client = make_client(launcher)

    failure = client.wait(client.load_model(tmp_path), A_WHILE)[-1].payload

    assert failure.kind == "worker"
    assert (
        failure.message == "The engine stopped several times in a row; see its log for the cause, then start it again."
    )
    assert WORKERS_IN_TROUBLE[script] in failure.detail
    assert len(launcher.started) == Limits().deaths_without_cause
    assert not client.is_ready


def test_a_worker_of_another_version_is_not_used_and_both_versions_are_named(
    make_client: MakeClient, tmp_path: Path
) -> None:
    hello = '{"is":"Hello","protocol":99,"version":"9.9.9"}'
    script = f"""
import struct, sys, time
sys.stdout.buffer.write(struct.pack("<4sII", b"MVS2", {len(hello)}, 0) + b'{hello}')
sys.stdout.buffer.flush()
time.sleep(60)
"""
    launcher = RecordingLauncher(arguments=("-c", script))
    client = make_client(launcher)

    failure = client.wait(client.load_model(tmp_path), A_WHILE)[-1].payload

    assert "MedVLSAM2 9.9.9 (protocol 99)" in failure.message
    assert f"MedVLSAM2 {__version__} (protocol {PROTOCOL_VERSION})" in failure.message
    assert len(launcher.started) == 1


def test_an_engine_that_was_given_up_can_be_started_again_with_everything_made_before(
    make_scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make_scene()
    scene.wait(scene.click("organ", IN_ORGAN))
    with monkeypatch.context() as broken:
        broken.setattr(scene.launcher, "_arguments", ("-c", "raise SystemExit"))
        os.kill(scene.launcher.worker.process_id, signal.SIGKILL)
        poll_until(scene.client, Failure)

    scene.client.start()
    scene.wait(scene.client.undo("ct", "organ"))

    assert payloads(scene.events, WorkerReady)
    assert not scene.masks["organ"].any()
