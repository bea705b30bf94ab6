"""Which packages a Python has, told from what was installed: nothing is imported."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from MedVLSAM2Lib.environment.errors import EnvironmentProblem
from MedVLSAM2Lib.environment.requirements import Requirement
from MedVLSAM2Lib.environment.version_range import VersionRange
from MedVLSAM2Lib.plain_json import parse_json

PYTHONS = VersionRange("3.11", "3.13")
"""The Pythons that everything is tested with."""

_PATIENCE_S = 60
_LOOK = """
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps({"python": platform.python_version(), "packages": found}))
"""


@dataclass(frozen=True)
class PackageStatus:
    """A package that is needed, and the version of it that is there; empty when it is missing."""

    requirement: Requirement
    found: str

    @property
    def is_missing(self) -> bool:
        """Whether it is not there at all."""
        return not self.found

    @property
    def is_tested(self) -> bool:
        """Whether it is there in a version that was tested."""
        return self.found in self.requirement.range

    @property
    def sentence(self) -> str:
        """What to know and do about it; empty when all is well."""
        needed = self.requirement
        if self.is_missing:
            return (
                f"{needed.name} is missing, {needed.range.in_words} is needed; install {needed.name} {needed.pinned}."
            )
        if self.is_tested:
            return ""
        return (
            f"{needed.name} {self.found} is installed, but MedVLSAM2 was tested with {needed.range.in_words}; install "
            f"{needed.name} {needed.pinned}, or let the engine run in a separate environment."
        )


@dataclass(frozen=True)
class Inspection:
    """What a Python has of what is needed.

    Attributes:
        python: its version.
        packages: each that is needed.
    """

    python: str
    packages: tuple[PackageStatus, ...]

    @property
    def missing(self) -> tuple[PackageStatus, ...]:
        """What is not there."""
        return tuple(status for status in self.packages if status.is_missing)

    @property
    def untested(self) -> tuple[PackageStatus, ...]:
        """What is there in a version that was not tested."""
        return tuple(status for status in self.packages if not status.is_missing and not status.is_tested)

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is to be said, what is missing in one sentence; none when all is well."""
        told = []
        if self.python and self.python not in PYTHONS:
            told.append(f"Python {self.python} is used, but MedVLSAM2 was tested with Python {PYTHONS.in_words}.")
        if len(self.missing) == 1:
            told.append(self.missing[0].sentence)
        elif self.missing:
            told.append(f"Missing: {', '.join(status.requirement.name for status in self.missing)}.")
        return (*told, *(status.sentence for status in self.untested))


def inspect_this_python(requirements: Iterable[Requirement], python: str = "") -> Inspection:
    """What the running Python has."""
    return Inspection(python, tuple(PackageStatus(needed, _version(needed.name)) for needed in requirements))


def inspect_python(
    python: Path, requirements: Sequence[Requirement], variables: Mapping[str, str] | None = None
) -> Inspection:
    """What another Python has; it is run for a moment.

    Args:
        python: the interpreter.
        requirements: what is needed.
        variables: of its environment; this process's own when None.

    Raises:
        EnvironmentProblem: it does not run.
    """
    names = [needed.name for needed in requirements]
    try:
        run = subprocess.run(
            [str(python), "-c", _LOOK, *names],
            env=None if variables is None else dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        told = parse_json(run.stdout)
        return Inspection(
            told["python"], tuple(PackageStatus(need, told["packages"].get(need.name, "")) for need in requirements)
        )
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise EnvironmentProblem(f"{python} does not run as a Python; choose another one.") from error


def _version(name: str) -> str:
    try:
        return version(name) or ""
    except PackageNotFoundError:
        return ""
