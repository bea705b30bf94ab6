"""The worker process, spoken to frame by frame."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.engine.launcher import LocalWorkerProcess
from MedVLSAM2Lib.engine.protocol import (
    PROTOCOL_VERSION,
    AddPrompts,
    Cancel,
    Failed,
    Finished,
    FromWorker,
    Hello,
    LoadModel,
    OpenVolume,
    Operation,
    Ping,
    Pong,
    Result,
    Run,
    Stopped,
    ToWorker,
    from_worker,
    to_frame,
)
from MedVLSAM2Lib.engine.shared_volume import store_volume
from MedVLSAM2Lib.engine.transport import read_frame, write_frame
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.volume import Volume
from tests.engine.recording_launcher import RecordingLauncher
from tests.engine.standin_checkpoint import StandInCheckpoint


class Conversation:
    """What a client would say, by hand."""

    def __init__(self, process: LocalWorkerProcess) -> None:
        self.process = process

    def say(self, message: ToWorker) -> None:
        write_frame(self.process.to_worker, to_frame(message))

    def hear(self) -> FromWorker:
        frame = read_frame(self.process.from_worker)
        assert frame is not None
        return from_worker(frame)

    def ask(self, request: int, operation: Operation) -> list[FromWorker]:
        self.say(Run(request, operation))
        return self.hear_until_end()

    def hear_until_end(self) -> list[FromWorker]:
        heard = [self.hear()]
        while not isinstance(heard[-1], Finished | Stopped | Failed):
            heard.append(self.hear())
        return heard


@pytest.fixture
def a_worker() -> Iterator[Conversation]:
    process = RecordingLauncher().launch()
    yield Conversation(process)
    process.end()
    process.dispose()


@pytest.fixture
def a_working_worker(a_worker: Conversation, a_checkpoint: StandInCheckpoint, a_volume: Volume) -> Conversation:
    stored, _ = store_volume(a_volume, share=False)
    a_worker.hear()
    a_worker.ask(1, LoadModel(str(a_checkpoint.folder)))
    a_worker.ask(2, OpenVolume("ct", stored))
    return a_worker


def a_click(object_id: str = "liver") -> AddPrompts:
    return AddPrompts("ct", object_id, (Point((12.0, 10.0, 6.0)),))


def test_it_says_first_who_it_is(a_worker: Conversation) -> None:
    python = ".".join(str(part) for part in sys.version_info[:3])

    assert a_worker.hear() == Hello(PROTOCOL_VERSION, __version__, python, ("stand-in",), ())


def test_it_ends_when_its_client_leaves(a_worker: Conversation) -> None:
    a_worker.hear()

    a_worker.process.to_worker.close()

    assert a_worker.process.end(patience_s=10) == 0


def test_it_ends_when_its_client_leaves_in_the_middle_of_a_request_that_hangs(
    a_working_worker: Conversation, a_checkpoint: StandInCheckpoint
) -> None:
    a_checkpoint.behave(trouble="hang", at=200)
    a_working_worker.say(Run(3, a_click()))
    a_working_worker.hear()

    a_working_worker.process.to_worker.close()

    assert a_working_worker.process.end(patience_s=20) == 1


def test_it_answers_a_ping_while_a_request_hangs(
    a_working_worker: Conversation, a_checkpoint: StandInCheckpoint
) -> None:
    a_checkpoint.behave(trouble="hang", at=200)
    a_working_worker.say(Run(3, a_click()))
    while not isinstance(a_working_worker.hear(), Result):
        pass

    a_working_worker.say(Ping(77))

    answer = a_working_worker.hear()
    while isinstance(answer, Result):
        answer = a_working_worker.hear()
    assert answer == Pong(77)


def test_a_request_cancelled_while_it_waits_is_not_begun(
    a_working_worker: Conversation, a_checkpoint: StandInCheckpoint
) -> None:
    a_checkpoint.behave(pause_s=0.05)
    a_working_worker.say(Run(3, a_click()))
    a_working_worker.say(Run(4, a_click("spleen")))
    a_working_worker.say(Cancel(4))

    assert a_working_worker.hear_until_end()[-1] == Finished(3)
    assert a_working_worker.hear_until_end() == [Stopped(4)]


def test_what_libraries_print_goes_to_the_log_and_not_between_the_frames(
    a_working_worker: Conversation, a_checkpoint: StandInCheckpoint
) -> None:
    a_checkpoint.behave(trouble="print", at=200)

    assert a_working_worker.ask(3, a_click())[-1] == Finished(3)

    assert "one that writes to the file descriptor" in a_working_worker.process.log_tail()


@pytest.mark.parametrize(
    ("trouble", "kind", "sentence"),
    [("memory", "memory", "There was not enough memory"), ("error", "internal", "Something went wrong in the engine")],
)
def test_it_survives_a_failing_request(
    a_working_worker: Conversation, a_checkpoint: StandInCheckpoint, trouble: str, kind: str, sentence: str
) -> None:
    a_checkpoint.behave(trouble=trouble, at=200)

    failed = a_working_worker.ask(3, a_click())[-1]

    assert isinstance(failed, Failed)
    assert failed.failure.kind == kind
    assert failed.failure.message.startswith(sentence)
    assert "worker.py" in failed.failure.detail
    assert a_working_worker.ask(4, a_click())[-1] == Finished(4)


def test_what_cannot_be_done_is_said_in_a_sentence(a_worker: Conversation, tmp_path: Path, a_volume: Volume) -> None:
    stored, _ = store_volume(a_volume, share=False)
    a_worker.hear()

    no_volume = a_worker.ask(1, a_click())[-1]
    a_worker.ask(2, OpenVolume("ct", stored))
    no_model = a_worker.ask(3, a_click())[-1]

    assert isinstance(no_volume, Failed)
    assert isinstance(no_model, Failed)
    assert (no_volume.failure.kind, no_model.failure.kind) == ("volume", "checkpoint")
    assert no_volume.failure.message == "The volume is not open in the engine; choose it again."
    assert no_model.failure.message == "No model is loaded; choose one first."


def test_it_leaves_a_client_that_speaks_nonsense(a_worker: Conversation) -> None:
    a_worker.hear()
    a_worker.process.to_worker.write(b"GET / HTTP/1.1\r\n\r\n")
    a_worker.process.to_worker.flush()

    assert a_worker.process.end(patience_s=10) == 0
    assert "something other than messages" in a_worker.process.log_tail()
