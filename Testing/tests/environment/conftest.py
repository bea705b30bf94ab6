"""Small packages that can be installed for real."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from MedVLSAM2Lib.environment import Requirement, VersionRange, variables_for_another_python
from tests.environment.wheels import write_wheel

LONG = "very long " * 12


@pytest.fixture
def variables() -> dict[str, str]:
    """The environment variables of Pythons that are not this one."""
    return variables_for_another_python(os.environ)


@pytest.fixture
def an_odd_folder(tmp_path: Path) -> Path:
    """A folder with a long name, spaces and letters beyond ASCII."""
    folder = tmp_path / "ä ö 日本" / LONG.strip()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def some_wheels(tmp_path: Path) -> Path:
    """A folder with two packages: ``tiny-alpha`` 1.0, which needs ``tiny-beta`` 2.1."""
    folder = tmp_path / "some wheels"
    folder.mkdir()
    write_wheel(folder, "tiny-alpha", "1.0", needs=("tiny-beta>=2",))
    write_wheel(folder, "tiny-beta", "2.1")
    return folder


@pytest.fixture
def the_alpha() -> Requirement:
    """``tiny-alpha``, tested with 1.0 up to 2."""
    return Requirement("tiny-alpha", VersionRange("1.0", "2"), "1.0")


@pytest.fixture
def found_here(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str | None]], None]:
    """Says which versions this Python is to be found to have; None for missing."""
    import importlib.metadata

    real = importlib.metadata.version

    def pretend(versions: dict[str, str | None]) -> None:
        def version(name: str) -> str:
            found = versions.get(name, "")
            if found is None:
                raise importlib.metadata.PackageNotFoundError(name)
            return found or real(name)

        monkeypatch.setattr("MedVLSAM2Lib.environment.inspection.version", version)

    return pretend
