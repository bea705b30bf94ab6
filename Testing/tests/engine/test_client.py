"""The client with real workers that behave."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.engine import Cancelled, Done, EngineClient, LocalLauncher, WorkerReady
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.results import Failure, MaskRegion, Progress
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Volume, VoxelBox
from tests.engine.engine_events import apply_regions, payloads, poll_until
from tests.engine.recording_launcher import RecordingLauncher
from tests.engine.standin_checkpoint import StandInCheckpoint
from tests.engine.standin_worker import StandInModel

MakeClient = Callable[..., EngineClient]
IN_ORGAN, IN_TUMOUR = (7.0, 6.0, 3.0), (12.0, 10.0, 6.0)
A_WHILE = 60


def begin(client: EngineClient, checkpoint: StandInCheckpoint, volume: Volume) -> None:
    client.load_model(checkpoint.folder)
    assert isinstance(client.wait(client.open_volume("ct", volume), A_WHILE)[-1].payload, Done)
    client.poll()


def test_a_click_gives_the_mask_that_the_local_session_gives(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    session = Session(a_volume, "ct", StandInModel(a_checkpoint.folder))
    expected = apply_regions(
        np.zeros(a_volume.shape, bool), session.add_prompts("organ", [Point(IN_ORGAN)], lambda: False)
    )
    client = make_client()
    begin(client, a_checkpoint, a_volume)

    events = client.wait(client.add_prompts("ct", "organ", [Point(IN_ORGAN)]), A_WHILE)

    assert isinstance(events[-1].payload, Done)
    assert {(event.volume_id, event.object_id) for event in events} == {("ct", "organ")}
    assert payloads(events, MaskRegion)[-1].final
    np.testing.assert_array_equal(apply_regions(np.zeros(a_volume.shape, bool), events), expected)
    assert expected.any()


def test_volumes_through_shared_memory_and_through_the_pipe_give_the_same_mask(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    masks = []
    for shares_memory in (True, False):
        client = make_client(RecordingLauncher(shares_memory=shares_memory))
        begin(client, a_checkpoint, a_volume)
        events = client.wait(client.add_prompts("ct", "organ", [Point(IN_ORGAN)]), A_WHILE)
        masks.append(apply_regions(np.zeros(a_volume.shape, bool), events))

    np.testing.assert_array_equal(*masks)
    assert masks[0].any()


def test_further_clicks_undo_and_redo_follow_each_other_through_the_worker(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    client = make_client()
    begin(client, a_checkpoint, a_volume)
    mask = np.zeros(a_volume.shape, bool)
    steps = [
        lambda: client.add_prompts("ct", "organ", [Point(IN_ORGAN)]),
        lambda: client.add_prompts("ct", "organ", [Point(IN_TUMOUR)]),
        lambda: client.undo("ct", "organ"),
        lambda: client.redo("ct", "organ"),
        lambda: client.undo("ct", "organ"),
        lambda: client.undo("ct", "organ"),
    ]

    counts = []
    for step in steps:
        mask = apply_regions(mask, client.wait(step(), A_WHILE))
        counts.append(int(mask.sum()))

    one, both = counts[:2]
    assert 0 < one < both
    assert counts == [one, both, one, both, one, 0]


def test_nothing_to_undo_is_a_sentence_and_the_next_request_works(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    client = make_client()
    begin(client, a_checkpoint, a_volume)

    undo, click = client.undo("ct", "organ"), client.add_prompts("ct", "organ", [Point(IN_ORGAN)])

    failure = client.wait(undo, A_WHILE)[-1].payload
    assert isinstance(failure, Failure)
    assert failure.kind == "prompt"
    assert isinstance(client.wait(click, A_WHILE)[-1].payload, Done)


def test_a_point_outside_the_volume_is_refused_by_name(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    client = make_client()
    begin(client, a_checkpoint, a_volume)

    (event,) = client.wait(client.add_prompts("ct", "organ", [Point((500.0, 0.0, 0.0))]), A_WHILE)

    assert event.payload.message == "The point lies outside the volume; place it on the scan."
    assert event.payload.kind == "prompt"


def test_a_worker_tells_who_it_is_and_which_model_it_uses(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint
) -> None:
    client = make_client()

    done = client.wait(client.load_model(a_checkpoint.folder), A_WHILE)[-1].payload

    assert client.is_ready
    assert len(payloads(client.poll(), WorkerReady)) == 1
    assert client.worker_info is not None
    assert client.worker_info.models == ("stand-in",)
    assert client.worker_info.model == done.model
    assert done.model.capabilities == ("click",)


def test_a_model_that_is_not_there_leaves_the_one_before_in_use(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume, tmp_path: Path
) -> None:
    client = make_client()
    begin(client, a_checkpoint, a_volume)

    failed = client.wait(client.load_model(tmp_path / "nothing"), A_WHILE)[-1]
    click = client.wait(client.add_prompts("ct", "organ", [Point(IN_ORGAN)]), A_WHILE)[-1]

    assert isinstance(failed.payload, Failure)
    assert isinstance(click.payload, Done)


def test_the_worker_of_the_project_refuses_a_folder_without_a_checkpoint(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(LocalLauncher())

    failure = client.wait(client.load_model(tmp_path), A_WHILE)[-1].payload

    assert failure.kind == "checkpoint"
    assert failure.message == f"The checkpoint in {tmp_path} has no config.json."
    assert client.worker_info is not None
    assert client.worker_info.models == ("patches", "slices")
    assert client.worker_info.model is None


def test_a_cancel_between_two_slices_restores_what_previews_changed_and_drops_what_waits(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    client = make_client()
    begin(client, a_checkpoint, a_volume)
    before = apply_regions(
        np.zeros(a_volume.shape, bool), client.wait(client.add_prompts("ct", "organ", [Point(IN_TUMOUR)]), A_WHILE)
    )
    a_checkpoint.behave(pause_s=0.1)
    running = client.add_prompts("ct", "organ", [Point(IN_ORGAN)])
    waiting = client.add_prompts("ct", "other", [Point(IN_ORGAN)])
    seen = poll_until(client, MaskRegion)

    client.cancel()
    seen += client.wait(running, A_WHILE)

    assert isinstance(seen[-1].payload, Cancelled)
    np.testing.assert_array_equal(apply_regions(before, seen), before)
    assert isinstance(client.wait(waiting, A_WHILE)[-1].payload, Cancelled)
    assert client.is_ready
    assert not client.is_busy


def test_waiting_for_one_request_leaves_the_events_of_the_others(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    client = make_client()
    begin(client, a_checkpoint, a_volume)
    first = client.add_prompts("ct", "organ", [Point(IN_ORGAN)])
    second = client.add_prompts("ct", "tumour", [Point(IN_TUMOUR)])

    later = client.wait(second, A_WHILE)
    earlier = client.poll()

    assert {event.request for event in later} == {second}
    assert {event.request for event in earlier} == {first}
    assert isinstance(earlier[-1].payload, Done)


def test_waiting_too_long_is_an_error_that_loses_no_event(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    client = make_client()
    begin(client, a_checkpoint, a_volume)
    a_checkpoint.behave(pause_s=0.1)
    request = client.add_prompts("ct", "organ", [Point(IN_ORGAN)])

    with pytest.raises(TimeoutError):
        client.wait(request, timeout_s=0.2)
    events = client.wait(request, A_WHILE)

    assert payloads(events, Progress) == sorted(payloads(events, Progress), key=lambda progress: progress.fraction)
    assert payloads(events, MaskRegion)[0].mask.box.voxel_count < VoxelBox.of_shape(a_volume.shape).voxel_count
    assert isinstance(events[-1].payload, Done)


def test_a_worker_that_cannot_be_started_says_what_to_do_and_fails_what_waits(tmp_path: Path) -> None:
    client = EngineClient(LocalLauncher(python=tmp_path / "no-python"))
    waiting = client.load_model(tmp_path)

    client.start()
    failure = client.wait(waiting, A_WHILE)[-1].payload
    later = client.wait(client.load_model(tmp_path), A_WHILE)[-1].payload
    client.close()

    assert failure.kind == "worker"
    assert "no-python (No such file or directory); choose another Python for it" in failure.message
    assert later.message == failure.message


def test_nothing_is_left_after_close(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    threads, files = set(threading.enumerate()), open_files()
    launcher = RecordingLauncher()
    client = make_client(launcher)
    begin(client, a_checkpoint, a_volume)
    a_checkpoint.behave(trouble="hang", at=60)
    client.add_prompts("ct", "organ", [Point(IN_ORGAN)])

    client.close()

    assert not process_exists(launcher.worker.process_id)
    assert set(threading.enumerate()) <= threads
    assert open_files() <= files
    with pytest.raises(RuntimeError, match="was closed"):
        client.undo("ct", "organ")


def test_closing_a_volume_frees_its_shared_memory(
    make_client: MakeClient, a_checkpoint: StandInCheckpoint, a_volume: Volume
) -> None:
    client = make_client()
    client.wait(client.load_model(a_checkpoint.folder), A_WHILE)
    files = open_files()
    client.wait(client.open_volume("ct", a_volume), A_WHILE)
    client.wait(client.open_volume("ct", a_volume), A_WHILE)
    opened = open_files()

    client.wait(client.close_volume("ct"), A_WHILE)

    assert len(opened) == len(files) + 1
    assert open_files() == files


def test_a_client_that_is_never_closed_leaves_no_worker_behind(a_checkpoint: StandInCheckpoint) -> None:
    script = (
        "import sys\n"
        "from tests.engine.recording_launcher import RecordingLauncher\n"
        "from MedVLSAM2Lib.engine import EngineClient\n"
        "launcher = RecordingLauncher()\n"
        "client = EngineClient(launcher)\n"
        "client.start()\n"
        "client.wait(client.load_model(sys.argv[1]), 60)\n"
        "print(launcher.worker.process_id)\n"
    )
    ended = run_python(script, str(a_checkpoint.folder))

    assert ended.stderr == ""
    for _ in range(100):
        if not process_exists(int(ended.stdout)):
            break
        time.sleep(0.1)
    assert not process_exists(int(ended.stdout))


def test_the_client_is_free_of_torch_and_of_slicer() -> None:
    script = "import sys, MedVLSAM2Lib.engine; print({'torch', 'slicer', 'qt', 'vtk'} & set(sys.modules))"

    assert run_python(script).stdout.strip() == "set()"


def run_python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(Path(__file__).parents[3]), str(Path(__file__).parents[2])]
    preamble = f"import sys; sys.path[:0] = {paths!r}\n"
    return subprocess.run(
        [sys.executable, "-c", preamble + script, *arguments], capture_output=True, text=True, timeout=120, check=True
    )


def open_files() -> set[str]:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs /proc")
    return {f"{file.name} {file.readlink()}" for file in folder.iterdir() if file.is_symlink()}


def process_exists(process_id: int) -> bool:
    return Path(f"/proc/{process_id}").exists()
