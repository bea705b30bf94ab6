"""``medvlsam2 environment``: look at packages, write a pack, make an environment of it, take its models."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from MedVLSAM2Lib.cli import main
from MedVLSAM2Lib.environment import Requirement
from tests.environment.conftest import an_odd_folder, found_here, some_wheels, the_alpha

__all__ = ["an_odd_folder", "found_here", "some_wheels", "the_alpha"]

ROOT = Path(__file__).resolve().parents[3]
Pretend = Callable[[dict[str, str | None]], None]


@pytest.fixture
def only_alpha(some_wheels: Path, the_alpha: Requirement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine needs one small package, which pip finds in a folder."""
    pins = tmp_path / "constraints.txt"
    pins.write_text("tiny-alpha==1.0\ntiny-beta==2.1\n")
    monkeypatch.setattr("MedVLSAM2Lib.commands.environment.read_requirements", lambda *_: (the_alpha,))
    monkeypatch.setattr("MedVLSAM2Lib.commands.environment.constraints_file", lambda: pins)
    monkeypatch.setenv("PIP_FIND_LINKS", some_wheels.as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_check_tells_what_is_there_and_that_it_was_tested(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environment", "check"]) == 0
    assert "torch            2.13.0" in capsys.readouterr().out


def test_check_ends_with_a_sentence_for_what_is_wrong(
    found_here: Pretend, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    found_here({"torch": None, "scipy": "1.20.0"})
    assert main(["environment", "check"]) == 1
    assert [message.split(",")[0] for message in caplog.messages] == ["torch is missing", "scipy 1.20.0 is installed"]
    assert "missing" in capsys.readouterr().out


def test_another_python_can_be_looked_at(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    assert main(["environment", "check", "--python", sys.prefix]) == 0
    assert main(["environment", "check", "--python", "/nowhere"]) == 2
    assert caplog.messages == ["/nowhere does not run as a Python; choose another one."]


def test_a_pack_is_written_carried_over_and_made_an_environment(
    only_alpha: None, an_odd_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    checkpoint = ROOT / "Resources" / "checkpoints" / "tiny"
    pack, made, data = an_odd_folder / "pack", an_odd_folder / "made", str(tmp_path / "data")
    assert main(["environment", "pack", str(pack), "--checkpoint", str(checkpoint)]) == 0
    assert "carry it over" in capsys.readouterr().out or (pack / "medvlsam2-pack.json").is_file()
    carried = tmp_path / "carried over"
    pack.rename(carried)
    assert main(["environment", "make", str(made), "--from", str(carried)]) == 0
    python = made / "bin" / "python"
    assert str(python) in capsys.readouterr().out
    run = subprocess.run([python, "-c", "import tiny_beta"], check=False)
    assert run.returncode == 0
    assert main(["environment", "import", str(carried), "--data", data]) == 0
    assert (tmp_path / "data" / "checkpoints" / "tiny" / "mask_model" / "model.safetensors").is_file()
    assert main(["environment", "make", str(made), "--from", str(carried)]) == 2
    assert caplog.messages[-1].endswith("is there already; name a new folder.")


def test_a_package_that_is_not_installed_is_one_sentence_of_every_command() -> None:
    program = (
        "import sys; sys.modules['SimpleITK'] = None; from MedVLSAM2Lib.cli import main; "
        "sys.exit(main(['segment', 'x.nrrd', '--point', '0,0,0', '-o', 'y.nrrd']))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == ("The package SimpleITK is not installed; medvlsam2 environment check tells what is needed.\n")
