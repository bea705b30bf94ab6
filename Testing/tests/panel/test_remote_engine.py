"""The engine on another machine, chosen by mouse: a real sshd on the loopback."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import keyboard
from tests.engine.ssh_server import SshServer, sshd_program
from tests.panel.user import BESIDE, INSIDE, User

pytestmark = pytest.mark.skipif(sshd_program() is None, reason="there is no sshd here")
TESTING = Path(__file__).resolve().parents[2]
REMOTE = 2


@pytest.fixture
def a_hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """A machine with the stand-in engine, and an ``ssh`` on the PATH that knows its name and no other."""
    folder = tmp_path / "ssh"
    (folder / "bin").mkdir(parents=True)
    server = SshServer(folder)
    program = TESTING / "tests" / "engine" / "remote_standin.py"
    server.install(
        f"PYTHONPATH='{TESTING.parent}:{TESTING}' exec '{sys.executable}' '{program}' '{tmp_path}/kept' 60 \"$@\""
    )
    ssh = folder / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} {" ".join(server.options)} "$@"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    yield server
    server.close()


def choose_machine(user: User, host: str, command: str) -> None:
    setup = user.module.widget.setupUi
    user.module.panel.show()
    setup.setupSection.setCollapsed(False)
    setup.placeSelector.setCurrentIndex(REMOTE)
    setup.hostEdit.setText(host)
    setup.commandEdit.setText(command)
    user.slicer.process_events()
    keyboard.click_widget(setup.useMachineButton)


def test_clicks_are_answered_by_the_other_machine_also_after_the_line_broke(
    a_hospital: SshServer, a_user: User, a_ct: Any, tmp_path: Path
) -> None:
    a_user.take("point")
    a_user.prompt(INSIDE)
    here = a_user.mask(a_ct)

    choose_machine(a_user, "hospital", str(a_hospital.machine.command))
    a_user.wait(lambda: a_user.panel.model.info is not None and "CT is open" in a_user.says)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    a_user.press("newSegment")
    a_user.take("point")
    a_user.prompt(INSIDE)
    assert np.array_equal(a_user.mask(a_ct), here)

    sent = a_hospital.line.sent
    a_hospital.line.cut()
    a_user.wait_to_read("The connection to hospital was lost.")
    a_user.prompt(BESIDE)
    assert a_user.mask(a_ct)[20, 25, 45]
    assert a_hospital.line.sent - sent < sent
    assert a_user.says.count("nothing was lost") <= 1

    a_user.slicer.close_modules()
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_machine_that_ssh_does_not_know_is_one_sentence_and_a_way_back(
    a_hospital: SshServer, a_user: User, a_ct: Any
) -> None:
    a_hospital.trust(None)

    choose_machine(a_user, "hospital", str(a_hospital.machine.command))

    a_user.wait_to_read("hospital is not among the machines that SSH knows")
    assert a_user.says.count(". ") == 0
    a_user.wait(lambda: a_user.tools() == [])
    a_hospital.trust(a_hospital.host_key)
    a_user.press("restart")
    a_user.wait(lambda: a_user.panel.model.info is not None)
    a_user.take("point")
    a_user.prompt(INSIDE)
    assert a_user.mask(a_ct).any()
