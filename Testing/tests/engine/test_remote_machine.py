"""What a person may type as the machine of a remote worker."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.engine import LaunchError, RemoteMachine


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("gpu", "gpu", None),
        (" anna@gpu.hospital.org\n", "anna@gpu.hospital.org", None),
        ("anna@gpu:2222", "anna@gpu", 2222),
        ("anna@[fe80::1]", "anna@[fe80::1]", None),
        ("[::1]:22", "[::1]", 22),
    ],
)
def test_a_machine_is_typed_as_for_ssh(text: str, address: str, port: int | None) -> None:
    machine = RemoteMachine.parse(text)

    assert (machine.address, machine.port, machine.command) == (address, port, "medvlsam2")
    assert RemoteMachine.parse(str(machine)) == machine


@pytest.mark.parametrize(
    "text",
    ["", "-oProxyCommand=x", "a b", "gpu;reboot", "$(id)", "`id`", "gpu:", "gpu:0", "gpu:70000", "gpu:ssh", "@gpu"],
)
def test_what_is_no_machine_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(LaunchError, match="remote machine") as caught:
        RemoteMachine.parse(text)
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize("command", ["", "  ", "medvlsam2\nreboot"])
def test_what_is_no_command_is_refused(command: str) -> None:
    with pytest.raises(LaunchError, match="command"):
        RemoteMachine("gpu", None, command)
