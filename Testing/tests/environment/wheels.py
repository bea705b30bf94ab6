"""Wheels made on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile


def write_wheel(folder: Path, name: str, version: str, needs: Sequence[str] = ()) -> Path:
    """A package with one module that knows its version."""
    module = name.replace("-", "_")
    information = f"{module}-{version}.dist-info"
    required = "".join(f"Requires-Dist: {needed}\n" for needed in needs)
    files = {
        f"{module}.py": f"VERSION = {version!r}\n",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{information}/RECORD"))
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for path, content in {**files, f"{information}/RECORD": record}.items():
            archive.writestr(path, content)
    return wheel
