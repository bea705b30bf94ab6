"""``medvlsam2`` in a process of its own, with another Python where the engine has one: torch stays out of Slicer's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from MedVLSAM2Lib.engine.launcher import running_python
from MedVLSAM2Lib.environment.processes import run_program

_ROOT = Path(__file__).resolve().parents[2]


def run_cli(
    python: Path | None,
    variables: Mapping[str, str] | None,
    arguments: Sequence[str],
    told: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> tuple[int, list[str]]:
    """Run ``medvlsam2`` with ``arguments``: its exit status and its last lines.

    Args:
        python: the interpreter; this process's when None.
        variables: its environment variables; this process's when None.
        arguments: of the command.
        told: hears every line, on another thread.
        cancelled: asked ten times a second.

    Raises:
        LaunchError: there is no interpreter.
        Cancelled, EnvironmentProblem: as ``run_program``.
    """
    base = os.environ if variables is None else variables
    path = os.pathsep.join(filter(None, [str(_ROOT), base.get("PYTHONPATH", "")]))
    command = [str(python or running_python()), "-m", "MedVLSAM2Lib.cli", *arguments]
    return run_program(command, {**base, "PYTHONUTF8": "1", "PYTHONPATH": path}, told, cancelled)
