"""The packages that the engine needs: read from ``pyproject.toml``, the one place where their bounds are written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.environment.errors import EnvironmentProblem
from MedVLSAM2Lib.environment.version_range import VersionRange

_ROOT = Path(__file__).resolve().parents[2]
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*([><=].*)")
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==(\S+)$", re.MULTILINE)
ENGINE = ("", "models")
"""Dependencies without a name, and the extra for language and published weights: what the engine runs with."""

DICOM_EXPORT = ("report",)
"""What the panel writes DICOM with, in Slicer's own Python."""


@dataclass(frozen=True)
class Requirement:
    """A package, the versions of it that were tested together with the others, and the one that is installed.

    Attributes:
        name: as the registry writes it.
        range: what was tested.
        pinned: the version that is installed when it is missing.
    """

    name: str
    range: VersionRange
    pinned: str

    def __str__(self) -> str:
        """As pip takes it."""
        return f"{self.name}{self.range}"


def constraints_file() -> Path:
    """The versions that are installed, of all packages and what they need themselves."""
    return _ROOT / "constraints.txt"


def read_requirements(extras: Iterable[str] = ENGINE) -> tuple[Requirement, ...]:
    """The packages of these extras, the empty one being the dependencies themselves.

    EnvironmentProblem in an installation without ``pyproject.toml``.
    """
    project = tomllib.loads(_text_of(_ROOT / "pyproject.toml"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    pins = read_pins()
    return tuple(_requirement(line, pins) for extra in extras for line in groups[extra])


def read_pins() -> dict[str, str]:
    """The version of each package in ``constraints.txt``, by its normal name."""
    found = _PIN.findall(_text_of(constraints_file()))
    return {normal_name(name): version for name, version in found}


def normal_name(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _text_of(path: Path) -> str:
    """What a file beside the library says; EnvironmentProblem in an installation without it."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EnvironmentProblem(
            f"{path.name} is missing beside MedVLSAM2Lib; install the extension again, or a clone with pip install --editable."
        ) from error


def _requirement(line: str, pins: dict[str, str]) -> Requirement:
    found = _REQUIREMENT.fullmatch(line)
    if found is None:
        raise ValueError(f"{line!r} in pyproject.toml is no package with bounds")
    return Requirement(found[1], VersionRange.parse(found[2]), pins[normal_name(found[1])])
