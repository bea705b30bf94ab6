"""``medvlsam2`` lists its commands and starts each only when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from MedVLSAM2Lib.cli import COMMANDS, main


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text and command.summary in text for name, command in COMMANDS.items())


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_its_arguments(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert f"medvlsam2 {name}" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["segmnt"])
    assert stopped.value.code == 2
    assert "segmnt" in capsys.readouterr().err


def test_no_command_shows_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: medvlsam2" in capsys.readouterr().err


def test_help_needs_neither_torch_nor_slicer() -> None:
    program = (
        "import sys\nfrom MedVLSAM2Lib.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'slicer', 'PySide6')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, stdout=subprocess.DEVNULL).returncode == 0
