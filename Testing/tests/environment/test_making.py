"""Environments, made for real with small packages."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from MedVLSAM2Lib.environment import (
    Cancelled,
    EnvironmentProblem,
    Environments,
    PackageSource,
    Recipe,
    Requirement,
    VersionRange,
    find_base_python,
    inspect_python,
    make_environment,
    marked_inspection,
    python_of,
)
from MedVLSAM2Lib.environment.package_sizes import PackageSize
from MedVLSAM2Lib.environment.pip_failures import sentence_of_failure
from MedVLSAM2Lib.environment.pip_progress import PipProgress
from MedVLSAM2Lib.environment.processes import run_program

HERE = Path(sys.executable)


def recipe(wheels: Path, *requirements: Requirement) -> Recipe:
    return Recipe(requirements, None, PackageSource(wheels))


def test_an_environment_is_made_in_an_odd_folder_and_knows_only_its_own_packages(
    an_odd_folder: Path, some_wheels: Path, the_alpha: Requirement, variables: dict[str, str]
) -> None:
    environments, told = Environments(an_odd_folder), list[str]()
    python = make_environment(environments.new_folder(), HERE, recipe(some_wheels, the_alpha), variables, told.append)
    assert python.is_file()
    assert environments.newest_python() == python
    assert any(line.startswith("Successfully installed") for line in told)
    numpy = Requirement("numpy", VersionRange("1", "9"), "2")
    asked = inspect_python(python, (the_alpha, numpy), variables)
    assert [status.found for status in asked.packages] == ["1.0", ""]
    assert marked_inspection(python, (the_alpha,)).sentences == ()
    program = "import tiny_alpha, tiny_beta; print(tiny_alpha.VERSION, tiny_beta.VERSION)"
    run = subprocess.run([python, "-c", program], env=variables, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1.0", "2.1"]
    # A second one stands beside it, and both can go.
    second = environments.new_folder()
    second.mkdir()
    assert environments.newest_python() == python
    assert environments.remove(keep=python) == 0
    assert not second.exists()
    assert environments.remove() > 1_000_000
    assert environments.newest_python() is None


def test_what_cannot_be_had_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, some_wheels: Path, variables: dict[str, str]
) -> None:
    gamma = Requirement("tiny-gamma", VersionRange("1", "2"), "1.0")
    with pytest.raises(EnvironmentProblem, match=r"^tiny-gamma.* is not to be had for this Python in .*some wheels; "):
        make_environment(tmp_path / "new", HERE, recipe(some_wheels, gamma), variables)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, some_wheels: Path, variables: dict[str, str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(EnvironmentProblem, match="is there already"):
        make_environment(tmp_path, HERE, recipe(some_wheels), variables)
    assert (tmp_path / "mine.txt").read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, some_wheels: Path, variables: dict[str, str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem) as raised:
        make_environment(tmp_path / "file" / "new", HERE, recipe(some_wheels), variables)
    assert str(raised.value).count(". ") == 0


def test_a_stop_ends_pip_and_leaves_nothing(tmp_path: Path, some_wheels: Path, variables: dict[str, str]) -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled, match="stopped"):
        make_environment(tmp_path / "new", HERE, recipe(some_wheels), variables, lambda _: stop.set(), stop.is_set)
    assert not (tmp_path / "new").exists()


def test_a_stop_ends_what_the_program_started_too(tmp_path: Path, variables: dict[str, str]) -> None:
    child = f"import time, pathlib; time.sleep(3); pathlib.Path({str(tmp_path / 'alive')!r}).touch()"
    program = f"import subprocess, sys; print('here', flush=True); subprocess.run([sys.executable, '-c', {child!r}])"
    stop = threading.Event()
    with pytest.raises(Cancelled):
        run_program([sys.executable, "-c", program], variables, lambda _: stop.set(), stop.is_set)
    time.sleep(3.5)
    assert not (tmp_path / "alive").exists()


def test_a_python_is_found_and_names_without_a_python_are_passed_over(
    tmp_path: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_base_python(variables) == HERE
    monkeypatch.setattr(sys, "executable", str(tmp_path / "Slicer"))
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3").symlink_to(HERE.resolve())
    shim.chmod(0o755)
    assert find_base_python({**variables, "PATH": str(tmp_path)}) == tmp_path / "python3"
    (tmp_path / "python3").unlink()
    with pytest.raises(EnvironmentProblem, match=r"No Python 3\.11 or 3\.12 was found"):
        find_base_python({**variables, "PATH": str(tmp_path)})


def test_an_environment_may_be_pointed_at_by_its_folder_or_its_python(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    assert python_of(tmp_path) == tmp_path / "bin" / "python"
    assert python_of(HERE) == HERE


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...", "certificate is not trusted"),
        ("WARNING: Retrying after ProxyError('Cannot connect to proxy.', ...)", "HTTPS_PROXY"),
        ("<pip...HTTPSConnection>: Failed to establish a new connection: [Errno -3]", "cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "did not arrive as it should"),
        ("ERROR: Could not install: [Errno 13] Permission denied: '/opt/x'", "cannot be written"),
        ("ERROR: No matching distribution found for torch==2.13.0 (from x)", "torch==2.13.0 is not to be had"),
        ("/usr/bin/python3: No module named pip", "cannot make environments"),
        ("ERROR: Something nobody thought of.", "Something nobody thought of"),
    ],
)
def test_what_pip_says_becomes_one_sentence_that_says_what_to_do(line: str, words: str) -> None:
    sentence = sentence_of_failure(["Collecting torch", line, "    at the end"])
    assert words in sentence
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0


def test_progress_goes_by_what_has_arrived() -> None:
    sizes = {"torch": PackageSize("2", 900, 1, ()), "numpy": PackageSize("2", 100, 1, ())}
    progress = PipProgress(sizes, sizes)
    fractions = []
    for line in (
        "Collecting torch>=2", "  Downloading torch-2.whl", "Collecting numpy (from torch)",
        "Processing /x y/numpy-2-cp311-none-any.whl", "Installing collected packages: numpy, torch",
        "Successfully installed numpy-2 torch-2",
    ):  # fmt: skip
        progress.hear(line)
        fractions.append(progress.fraction)
    assert fractions == sorted(fractions)
    assert fractions[1] == 0
    assert fractions[2] == pytest.approx(0.72)
    assert fractions[-1] == 1
