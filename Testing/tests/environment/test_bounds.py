"""Which versions were tested together, and what is said of others."""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from MedVLSAM2Lib.environment import (
    EnvironmentProblem,
    Requirement,
    VersionRange,
    inspect_python,
    inspect_this_python,
    plan_install,
    read_requirements,
)
from MedVLSAM2Lib.environment.package_sizes import read_package_sizes, with_what_they_need
from MedVLSAM2Lib.environment.requirements import DICOM_EXPORT, ENGINE, read_pins

ROOT = Path(__file__).resolve().parents[3]
EVERYTHING = (*ENGINE, *DICOM_EXPORT)


@pytest.mark.parametrize("version", ["2.13", "2.13.0", "2.13.5+cpu", "2.13.1.post1"])
def test_what_lies_between_the_bounds_was_tested(version: str) -> None:
    assert version in VersionRange.parse(">=2.13,<2.14")


@pytest.mark.parametrize("version", ["2.12.9", "2.14", "2.14.0rc1", "3", "", "unknown"])
def test_what_lies_outside_was_not(version: str) -> None:
    assert version not in VersionRange.parse(">=2.13,<2.14")


@pytest.mark.parametrize("text", [">=2", "<3", "", "~=2.1", ">=2,!=2.5,<3"])
def test_a_range_without_both_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="bound"):
        VersionRange.parse(text)


def test_every_package_of_the_engine_has_both_bounds_and_is_pinned_between_them() -> None:
    for needed in read_requirements(EVERYTHING):
        assert needed.pinned in needed.range, needed


def test_the_bounds_are_those_that_pip_reads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [str(needed) for needed in read_requirements(("",))] == project["dependencies"]


def test_slicer_gets_the_two_files_in_which_bounds_and_pins_are_written() -> None:
    resources = re.search(
        r"NAME MedVLSAM2Lib.*?RESOURCES ([^\n]+)", (ROOT / "CMakeLists.txt").read_text("utf-8"), re.DOTALL
    )
    assert resources is not None
    assert {"pyproject.toml", "constraints.txt"} <= set(resources[1].split())


def test_here_everything_is_there_and_tested() -> None:
    found = inspect_this_python(read_requirements(EVERYTHING), platform.python_version())
    assert found.sentences == ()


def test_a_version_outside_is_a_sentence_with_package_version_range_and_remedy(
    found_here: Callable[[dict[str, str | None]], None],
) -> None:
    found_here({"transformers": "5.30.1"})
    (sentence,) = inspect_this_python(read_requirements()).sentences
    assert sentence.startswith(
        "transformers 5.30.1 is installed, but MedVLSAM2 was tested with 5.24 up to, but not including, 5.25;"
    )
    assert "install transformers 5.24.0" in sentence
    assert "separate environment" in sentence


def test_one_that_is_missing_is_a_sentence_too_and_several_are_one(
    found_here: Callable[[dict[str, str | None]], None],
) -> None:
    found_here({"torch": None})
    (one,) = inspect_this_python(read_requirements()).sentences
    assert one == "torch is missing, 2.13 up to, but not including, 2.14 is needed; install torch 2.13.0."
    found_here({"torch": None, "scipy": None})
    assert inspect_this_python(read_requirements()).sentences == ("Missing: scipy, torch.",)


def test_an_untested_python_is_told(the_alpha: Requirement) -> None:
    assert inspect_this_python((), "3.9.10").sentences[0].startswith("Python 3.9.10 is used, but")
    assert not inspect_this_python((), "3.12.7").sentences


def test_another_python_is_asked_without_importing_anything(variables: dict[str, str]) -> None:
    found = inspect_python(Path(sys.executable), read_requirements(), variables)
    assert found.python == platform.python_version()
    assert found.sentences == ()


@pytest.mark.parametrize("program", ["/bin/echo", "/nowhere/python"])
def test_what_is_no_python_is_one_sentence(program: str) -> None:
    with pytest.raises(EnvironmentProblem, match=r"^.* does not run as a Python; choose another one\.$"):
        inspect_python(Path(program), read_requirements())


def test_sizes_are_known_for_all_that_a_click_installs_in_the_pinned_versions() -> None:
    sizes, pins = read_package_sizes(), read_pins()
    needed = with_what_they_need((package.name for package in read_requirements(EVERYTHING)), sizes)
    assert len(needed) > 30
    assert {name: sizes[name].version for name in needed if name in pins} == {n: pins[n] for n in needed if n in pins}
    assert set(needed) - pins.keys() <= {"setuptools"}


def test_the_plan_names_packages_versions_and_sizes() -> None:
    sizes = read_package_sizes()
    plan = plan_install(read_requirements(), sizes)
    assert plan.in_words.startswith("numpy 2.4.6, ")
    assert re.search(
        r"and \d\d packages that they need: about \d+ MB to download, \d\.\d GB on the disk\.$", plan.in_words
    )
    assert plan.installed_bytes > plan.download_bytes > sizes["torch"].download


def test_what_is_there_already_is_not_in_the_plan() -> None:
    sizes = read_package_sizes()
    (torch,) = [needed for needed in read_requirements() if needed.name == "torch"]
    whole, rest = plan_install([torch], sizes), plan_install([torch], sizes, present=["sympy", "torch"])
    assert rest.download_bytes == whole.download_bytes - sizes["sympy"].download
    assert plan_install([], sizes).in_words == ""
