"""A worker on another machine: a real sshd on the loopback, over a line that is slow or breaks."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine import PROTOCOL_VERSION, Done, EngineClient, Limits, LocalLauncher, WorkerRestarted
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.results import Failure, Progress
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Modality, Volume
from tests.engine.engine_events import apply_regions, payloads, poll_until
from tests.engine.ssh_server import SshServer, sshd_program
from tests.engine.standin_checkpoint import StandInCheckpoint
from tests.engine.standin_worker import StandInModel

pytestmark = pytest.mark.skipif(sshd_program() is None, reason="there is no sshd here")
TESTING = Path(__file__).resolve().parents[2]
IN_ORGAN, IN_TUMOUR = (7.0, 6.0, 3.0), (12.0, 10.0, 6.0)
TUMOUR = 200.0
A_WHILE = 120
KEEP_S = 60


@pytest.fixture
def a_server(tmp_path: Path) -> Iterator[SshServer]:
    folder = tmp_path / "ssh"
    folder.mkdir()
    server = SshServer(folder)
    server.install(standin(tmp_path / "kept"))
    yield server
    server.close()


@pytest.fixture
def a_large_volume(a_volume: Volume) -> Volume:
    """The small CT with a frame of noise that cannot be packed: two thirds of a megabyte."""
    noise = np.random.default_rng(3).integers(-1000, -500, (12, 120, 240)).astype(np.int16)
    noise[:, :20, :24] = a_volume.array
    return Volume(noise, a_volume.ijk_to_ras, Modality.CT, "HU", "a large CT")


def standin(kept: Path, keep_s: float = KEEP_S) -> str:
    program = TESTING / "tests" / "engine" / "remote_standin.py"
    return f"PYTHONPATH='{TESTING.parent}:{TESTING}' exec '{sys.executable}' '{program}' '{kept}' {keep_s} \"$@\""


def kept_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def begin(client: EngineClient, checkpoint: StandInCheckpoint, volume: Volume) -> None:
    client.load_model(checkpoint.folder)
    assert isinstance(client.wait(client.open_volume("ct", volume), A_WHILE)[-1].payload, Done)


def masks_of_two_clicks(client: EngineClient, volume: Volume, between: Callable[[], object]) -> np.ndarray:
    mask = np.zeros(volume.shape, bool)
    for position in (IN_ORGAN, IN_TUMOUR):
        request = client.add_prompts("ct", "organ", [Point(position)])
        events = client.wait(request, A_WHILE)
        assert isinstance(events[-1].payload, Done)
        mask = apply_regions(mask, events)
        between()
        between = int
    return mask


@pytest.fixture
def undisturbed(a_checkpoint: StandInCheckpoint, a_large_volume: Volume) -> np.ndarray:
    """What the two clicks give in this process."""
    session = Session(a_large_volume, "ct", StandInModel(a_checkpoint.folder))
    mask = np.zeros(a_large_volume.shape, bool)
    for position in (IN_ORGAN, IN_TUMOUR):
        mask = apply_regions(mask, session.add_prompts("organ", [Point(position)], lambda: False))
    return mask


def test_clicks_over_a_slow_line_give_the_mask_of_this_machine_and_leave_nothing_behind(
    a_server: SshServer,
    make_client: Callable[..., EngineClient],
    a_checkpoint: StandInCheckpoint,
    a_large_volume: Volume,
    undisturbed: np.ndarray,
    tmp_path: Path,
) -> None:
    a_server.line.bytes_per_s = 250_000
    client = make_client(a_server.launcher())
    client.load_model(a_checkpoint.folder)
    events = client.wait(client.open_volume("ct", a_large_volume), A_WHILE)

    assert isinstance(events[-1].payload, Done)
    told = [progress.fraction for progress in payloads(events, Progress)]
    assert len(told) > 2
    assert told == sorted(told)
    assert payloads(events, Progress)[0].message == "Sending a large CT"
    assert a_server.line.sent < a_large_volume.array.nbytes  # it went packed
    np.testing.assert_array_equal(masks_of_two_clicks(client, a_large_volume, int), undisturbed)
    assert len(kept_files(tmp_path / "kept")) == 1

    client.close()

    assert kept_files(tmp_path / "kept") == []


def break_line(server: SshServer, kept: Path) -> None:
    server.line.cut()


def break_line_and_forget(server: SshServer, kept: Path) -> None:
    for path in kept.iterdir():
        path.unlink()
    server.line.cut()


def kill_worker(server: SshServer, kept: Path) -> None:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(kept).encode() in command and b"--keep" in command:
            os.kill(int(process.name), signal.SIGKILL)


@pytest.mark.parametrize(
    ("trouble", "sentence", "is_sent_again"),
    [
        (break_line, "The connection to hospital was lost.", False),
        (break_line_and_forget, "The connection to hospital was lost.", True),
        (kill_worker, "The engine was ended by the system, most likely for want of memory.", False),
    ],
)
def test_after_a_loss_the_masks_are_the_same_and_the_volume_is_sent_only_if_it_is_gone(
    a_server: SshServer,
    make_client: Callable[..., EngineClient],
    a_checkpoint: StandInCheckpoint,
    a_large_volume: Volume,
    undisturbed: np.ndarray,
    tmp_path: Path,
    trouble: Callable[[SshServer, Path], None],
    sentence: str,
    is_sent_again: bool,
) -> None:
    client = make_client(a_server.launcher(), Limits(reconnect_s=0.1))
    begin(client, a_checkpoint, a_large_volume)
    size = a_server.line.sent
    seen: list[WorkerRestarted] = []

    def lose() -> None:
        trouble(a_server, tmp_path / "kept")
        seen.extend(payloads(poll_until(client, WorkerRestarted, A_WHILE), WorkerRestarted))

    mask = masks_of_two_clicks(client, a_large_volume, lose)

    np.testing.assert_array_equal(mask, undisturbed)
    assert [restarted.reason for restarted in seen] == [sentence]
    assert (a_server.line.sent > 1.9 * size) == is_sent_again
    assert a_server.line.sent < 2.5 * size


def test_a_line_that_breaks_in_the_middle_of_a_click_is_not_blamed_on_the_click(
    a_server: SshServer,
    make_client: Callable[..., EngineClient],
    a_checkpoint: StandInCheckpoint,
    a_large_volume: Volume,
    undisturbed: np.ndarray,
) -> None:
    client = make_client(a_server.launcher(), Limits(reconnect_s=0.1, deaths_per_request=1))
    begin(client, a_checkpoint, a_large_volume)
    first = client.wait(client.add_prompts("ct", "organ", [Point(IN_ORGAN)]), A_WHILE)
    a_checkpoint.behave(pause_s=0.2)
    request = client.add_prompts("ct", "organ", [Point(IN_TUMOUR)])
    time.sleep(0.4)
    a_server.line.cut()
    a_checkpoint.behave()

    events = client.wait(request, A_WHILE)

    assert isinstance(events[-1].payload, Done)
    mask = apply_regions(np.zeros(a_large_volume.shape, bool), [*first, *events])
    np.testing.assert_array_equal(mask, undisturbed)


def test_a_line_that_stays_away_ends_in_one_sentence_and_the_session_goes_on_when_it_is_back(
    a_server: SshServer,
    make_client: Callable[..., EngineClient],
    a_checkpoint: StandInCheckpoint,
    a_large_volume: Volume,
    undisturbed: np.ndarray,
) -> None:
    client = make_client(a_server.launcher(), Limits(reconnect_s=0.05, lost_lines=2))
    begin(client, a_checkpoint, a_large_volume)

    def stay_away() -> None:
        a_server.line.take_down()
        (failure,) = payloads(poll_until(client, Failure, A_WHILE), Failure)
        assert failure.message.startswith("The connection to hospital was lost; start the engine again")
        assert failure.kind == "worker"
        a_server.line.put_up()
        client.start()

    np.testing.assert_array_equal(masks_of_two_clicks(client, a_large_volume, stay_away), undisturbed)


def unknown_machine(server: SshServer) -> None:
    server.trust(None)


def another_machine(server: SshServer) -> None:
    server.trust(server.another_key())


def no_key(server: SshServer) -> None:
    server.let_in_with(server.another_key())


def no_program(server: SshServer) -> None:
    (server.folder / "medvlsam2").unlink()


def no_network(server: SshServer) -> None:
    server.line.close()


def another_version(server: SshServer) -> None:
    hello = f'{{"is":"Hello","protocol":{PROTOCOL_VERSION},"version":"9.9.9"}}'
    program = server.folder / "hello.bin"
    program.write_bytes(b"MVS2" + len(hello).to_bytes(4, "little") + bytes(4) + hello.encode())
    server.install(f"cat '{program}'; sleep 60")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (unknown_machine, "hospital is not among the machines that SSH knows"),
        (another_machine, "hospital shows another key than it used to"),
        (no_key, "hospital does not let you in without a password"),
        (no_program, "hospital has no command"),
        (no_network, "hospital cannot be reached (Connection refused)"),
        (another_version, f"is MedVLSAM2 9.9.9 (protocol {PROTOCOL_VERSION}) and this is MedVLSAM2 {__version__}"),
    ],
)
def test_what_keeps_a_connection_from_being_made_is_one_sentence_at_once(
    a_server: SshServer,
    make_client: Callable[..., EngineClient],
    tmp_path: Path,
    trouble: Callable[[SshServer], None],
    words: str,
) -> None:
    trouble(a_server)
    client = make_client(a_server.launcher())

    failure = client.wait(client.load_model(tmp_path), A_WHILE)[-1].payload

    assert isinstance(failure, Failure)
    assert words in failure.message
    assert failure.message.count(". ") == 0
    assert "start the engine again" in failure.message
    assert failure.kind == "worker"


def test_the_command_of_the_project_clicks_with_the_checkpoint_of_its_own_machine(
    a_server: SshServer, make_client: Callable[..., EngineClient], a_volume: Volume
) -> None:
    a_server.install(f"PYTHONPATH='{TESTING.parent}' exec '{sys.executable}' -m MedVLSAM2Lib.cli \"$@\"")
    masks = []
    for launcher in (a_server.launcher(), LocalLauncher()):
        client = make_client(launcher)
        client.load_model(bundled_checkpoint())
        client.open_volume("ct", a_volume)
        events = client.wait(client.add_prompts("ct", "organ", [Point(IN_TUMOUR)]), A_WHILE)
        assert isinstance(events[-1].payload, Done)
        masks.append(apply_regions(np.zeros(a_volume.shape, bool), events))

    np.testing.assert_array_equal(*masks)
    assert masks[0].any()


def test_a_volume_that_nobody_asks_for_any_more_is_deleted(
    a_server: SshServer,
    make_client: Callable[..., EngineClient],
    a_checkpoint: StandInCheckpoint,
    a_large_volume: Volume,
    tmp_path: Path,
) -> None:
    a_server.install(standin(tmp_path / "kept", 0.5))
    client = make_client(a_server.launcher(), Limits(lost_lines=0))
    begin(client, a_checkpoint, a_large_volume)
    assert len(kept_files(tmp_path / "kept")) == 1

    a_server.line.take_down()

    deadline = time.monotonic() + A_WHILE
    while kept_files(tmp_path / "kept"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
