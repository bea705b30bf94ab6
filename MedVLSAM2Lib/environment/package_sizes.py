"""How large packages are: measured, so that a click can be told from its price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.environment.requirements import normal_name
from MedVLSAM2Lib.plain_json import parse_json

SIZES_FILE = Path(__file__).with_name("package_sizes.json")


@dataclass(frozen=True)
class PackageSize:
    """A package as it was measured.

    Attributes:
        version: that was measured.
        download: bytes of its wheel.
        installed: bytes of the files in it.
        needs: the names of the packages that it needs.
    """

    version: str
    download: int
    installed: int
    needs: tuple[str, ...]


def read_package_sizes() -> dict[str, PackageSize]:
    """All that were measured (64-bit Linux, Python 3.11, torch for the CPU), by their normal names."""
    content = parse_json(SIZES_FILE.read_text(encoding="utf-8"))
    return {
        name: PackageSize(size["version"], size["download"], size["installed"], tuple(size["needs"]))
        for name, size in content.items()
    }


def with_what_they_need(names: Iterable[str], sizes: dict[str, PackageSize]) -> tuple[str, ...]:
    """The normal names of packages, and of all that these need, in order; what was never measured is left out."""
    found: set[str] = set()
    waiting = [normal_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in sizes and name not in found:
            found.add(name)
            waiting += sizes[name].needs
    return tuple(sorted(found))
