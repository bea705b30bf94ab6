"""Licence and version of everything the project needs: ``python Testing/licences.py`` prints the table."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
SHIPPED = ("", "models", "report")
"""What a user's machine gets: the dependencies themselves, and these extras."""

BESIDE = ("sam2", "slicer-layer-dm")
"""What the Makefile installs without what it asks for."""

_UNTOLD = "unknown"
_LONGEST = 60


@dataclass(frozen=True)
class Dependency:
    """A package that is installed.

    Attributes:
        name: as the registry writes it.
        version: that is installed.
        licence: as the package states it.
        is_shipped: whether users get it, rather than developers alone.
    """

    name: str
    version: str
    licence: str
    is_shipped: bool


def dependencies() -> list[Dependency]:
    """All that the project needs, directly or not, and that is installed here, by name."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    wanted = {"": project["dependencies"], **project["optional-dependencies"]}
    shipped = _closure(line for extra in SHIPPED for line in wanted[extra])
    everything = _closure(line for lines in wanted.values() for line in lines)
    everything |= {name: distribution(name) for name in BESIDE}
    return [_described(everything[name], name in shipped) for name in sorted(everything)]


def _closure(lines: Iterable[str]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(line) for line in lines]
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if name == "medvlsam2" or (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        waiting += _needs(found[name], extras)
    return found


def _needs(package: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    for line in package.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in (*extras, "")):
            yield requirement


def _described(package: Distribution, is_shipped: bool) -> Dependency:
    return Dependency(package.metadata["Name"], package.version, licence_of(package), is_shipped)


def licence_of(package: Distribution) -> str:
    """A package's licence: its SPDX expression, else its classifiers, else the first line of what it says."""
    told = package.metadata
    if told.get("License-Expression"):
        return str(told["License-Expression"])
    classifiers = [line.split(" :: ")[-1] for line in told.get_all("Classifier") or () if line.startswith("License ::")]
    named = [name for name in classifiers if name != "OSI Approved"]
    if named:
        return " / ".join(sorted(named))
    lines = str(told.get("License") or "").strip().splitlines()
    return lines[0].strip()[:_LONGEST] if lines else _UNTOLD


def main() -> int:
    """Print the table."""
    for found in dependencies():
        where = "shipped" if found.is_shipped else "development"
        sys.stdout.write(f"{found.name:32} {found.version:14} {where:12} {found.licence}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
