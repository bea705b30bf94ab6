"""Measures the packages: ``python Testing/package_sizes.py PACK ENVIRONMENT`` rewrites ``package_sizes.json``.

PACK is a folder that ``medvlsam2 environment pack --cpu`` wrote on 64-bit Linux, ENVIRONMENT what ``environment make`` made
of it. What is packed and not installed there counts as what is in its wheel.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from MedVLSAM2Lib.environment.pack_list import WHEELS
from MedVLSAM2Lib.environment.package_sizes import SIZES_FILE


def measured(wheels: Path, environment: Path) -> dict[str, dict[str, Any]]:
    """Each wheel's version, bytes packed and installed, and which of the others it needs."""
    found = dict(_measured(wheel) for wheel in sorted(wheels.glob("*.whl")))
    installed = dict(_installed(environment))
    for name, size in found.items():
        size["installed"] = installed.get(name, size["installed"])
        size["needs"] = [name for name in size["needs"] if name in found]
    return dict(sorted(found.items()))


def _measured(wheel: Path) -> tuple[str, dict[str, Any]]:
    with ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")][:1]
        told = HeaderParser().parsestr(archive.read(metadata).decode("utf-8"))
        installed = sum(member.file_size for member in archive.infolist())
    needs = {
        canonicalize_name(needed.name)
        for needed in map(Requirement, told.get_all("Requires-Dist") or ())
        if needed.marker is None or needed.marker.evaluate({"extra": ""})
    }
    version = str(told["Version"]).partition("+")[0]
    size = {"version": version, "download": wheel.stat().st_size, "installed": installed, "needs": sorted(needs)}
    return canonicalize_name(str(told["Name"])), size


def _installed(environment: Path) -> Iterator[tuple[str, int]]:
    """The bytes of each package there, with what Python compiled of it."""
    packages = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    for package in distributions(path=packages):
        files = [Path(str(file.locate())) for file in package.files or ()]
        yield canonicalize_name(package.metadata["Name"]), sum(file.stat().st_size for file in files if file.is_file())


def main() -> int:
    """Rewrite the file."""
    if len(sys.argv) != 3:
        sys.stderr.write(__doc__ or "")
        return 2
    sizes = measured(Path(sys.argv[1]) / WHEELS, Path(sys.argv[2]))
    SIZES_FILE.write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
