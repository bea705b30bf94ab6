"""A click, a phrase and a question are answered without a socket: nothing can leave the machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.engine import Done, EngineClient, LocalLauncher
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.prompts import Point, Turn
from MedVLSAM2Lib.results import AnswerDone, FoundObject, MaskRegion, NotFound
from MedVLSAM2Lib.session.mask_models import load_mask_model
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Modality, Volume
from tests.engine.engine_events import payloads
from tests.safety.no_network import WORKER, Guard, NetworkUsedError
from tests.session.conftest import ball
from tests.session.toy_phrases import toy_model

TESTING = str(Path(__file__).resolve().parents[2])
CAPABILITIES = ("click", "phrase", "question")
A_WHILE = 240
CLICK = Point((12.0, 12.0, 10.0))
QUESTION = (Turn("user", "Is there a cyst?"),)


@pytest.fixture(scope="module")
def a_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    toy_model(LanguageConfig(most_new_tokens=6), CAPABILITIES).save_pretrained(folder)
    return folder


@pytest.fixture
def a_volume() -> Volume:
    array = np.full((24, 28, 32), 40, np.int16)
    array[ball(array.shape, (10, 12, 12), 5)] = 200
    return Volume(array, np.diag([1.5, -1.5, 2.0, 1.0]), Modality.CT)


@pytest.fixture
def told(tmp_path: Path) -> Path:
    path = tmp_path / "network.txt"
    path.touch()
    return path


@pytest.fixture
def forbidden(told: Path) -> Iterator[None]:
    guard = Guard(told)
    guard.watch()
    yield
    guard.is_on = False


def test_the_guard_sees_a_socket(forbidden: None, told: Path) -> None:
    for reach in (
        socket.socket,
        lambda: socket.getaddrinfo("example.org", 443),
        lambda: socket.create_connection(("127.0.0.1", 9), 0.1),
    ):
        with pytest.raises(NetworkUsedError):
            reach()
    here, there = socket.socketpair(socket.AF_UNIX)
    here.close()
    there.close()
    assert len(told.read_text("utf-8").splitlines()) == 3


def test_a_session_needs_no_network(a_checkpoint: Path, a_volume: Volume, forbidden: None, told: Path) -> None:
    loaded = load_mask_model(a_checkpoint)
    session = Session(a_volume, "ct", loaded, grounding=loaded.grounding, speaker=loaded.speaker)
    clicked = list(session.add_prompts("a", [CLICK], lambda: False))
    found = list(session.find(["liver"], "f", lambda: False))
    answered = list(session.ask(QUESTION, "q", lambda: False))
    assert any(isinstance(event, MaskRegion) for event in clicked)
    assert any(isinstance(event, FoundObject | NotFound) for event in found)
    assert isinstance(answered[-1], AnswerDone)
    assert not told.read_text("utf-8")


def ask_everything(client: EngineClient, checkpoint: Path, volume: Volume) -> None:
    client.start()
    client.load_model(checkpoint)
    client.open_volume("ct", volume)
    for request in (
        client.add_prompts("ct", "a", [CLICK]),
        client.find("ct", ["liver"], "f"),
        client.ask("ct", QUESTION, "q"),
    ):
        events = client.wait(request, A_WHILE)
        assert isinstance(events[-1].payload, Done), events
    assert payloads(events, AnswerDone)


def test_a_worker_needs_no_network(a_checkpoint: Path, a_volume: Volume, forbidden: None, told: Path) -> None:
    program = WORKER.format(testing=TESTING, told=str(told))
    client = EngineClient(LocalLauncher(arguments=("-c", program)))
    try:
        ask_everything(client, a_checkpoint, a_volume)
    finally:
        client.close()
    assert not told.read_text("utf-8")


def test_a_worker_in_a_system_without_a_network_answers_all_the_same(
    a_checkpoint: Path, a_volume: Volume, tmp_path: Path
) -> None:
    """The kernel's word for it: in an empty network namespace there is not even a loopback that is up."""
    alone = shutil.which("unshare")
    if alone is None or subprocess.run([alone, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system gives no network namespaces")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {alone} -rn {sys.executable} "$@"\n')
    python.chmod(0o755)
    client = EngineClient(LocalLauncher(python, shares_memory=False))  # another user namespace may not map ours
    try:
        ask_everything(client, a_checkpoint, a_volume)
    finally:
        client.close()
