"""A Python that separate environments can be made of."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from MedVLSAM2Lib.environment.errors import EnvironmentProblem
from MedVLSAM2Lib.environment.inspection import PYTHONS, inspect_python

_NAMES = ("python3.12", "python3.11", "python3", "python")


def find_base_python(variables: Mapping[str, str], slicer: Path | None = None) -> Path:
    """The first Python that runs and is of a version that was tested.

    Args:
        variables: the environment it will run in; its PATH is looked through.
        slicer: Slicer's own, asked last: not every build of it can make environments.

    Raises:
        EnvironmentProblem: there is none.
    """
    for python in _candidates(variables, slicer):
        try:
            if inspect_python(python, (), variables).python in PYTHONS:
                return python
        except EnvironmentProblem:
            continue  # a name on the PATH without a Python behind it
    raise EnvironmentProblem(
        "No Python 3.11 or 3.12 was found on this machine; install one from python.org, or point at an environment."
    )


def _candidates(variables: Mapping[str, str], slicer: Path | None) -> Iterator[Path]:
    is_slicer = slicer is not None and "slicer" in slicer.name.lower()
    if not is_slicer and Path(sys.executable).stem.lower().startswith("python"):
        yield Path(sys.executable)
    for name in _NAMES:
        found = shutil.which(name, path=variables.get("PATH"))
        if found is not None:
            yield Path(found)
    if slicer is not None:
        yield slicer


def python_of(folder_or_python: Path) -> Path:
    """The interpreter of an environment that a person pointed at: by its folder, or by the interpreter itself."""
    if not folder_or_python.is_dir():
        return folder_or_python
    on_windows, elsewhere = folder_or_python / "Scripts" / "python.exe", folder_or_python / "bin" / "python"
    return on_windows if on_windows.exists() else elsewhere
