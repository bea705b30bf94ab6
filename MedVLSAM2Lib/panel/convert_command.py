"""Published weights made a checkpoint, in a process of its own: torch stays out of Slicer's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from MedVLSAM2Lib.catalogue import CatalogueError, DownloadCancelled, ModelStore
from MedVLSAM2Lib.engine.launcher import LaunchError, running_python

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 0.2


def convert_by_command(
    store: ModelStore,
    name: str,
    cancelled: Callable[[], bool],
    python: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Run ``medvlsam2 models convert`` for a model that is here; blocks.

    Args:
        store: where it is.
        name: the catalogue entry.
        cancelled: asked several times a second.
        python: the interpreter; this process's when None.
        variables: its environment variables; this process's when None.

    Raises:
        CatalogueError: it did not work; the message is the command's own sentence.
        DownloadCancelled: ``cancelled()`` became true; nothing is left behind that is taken for a checkpoint.
    """
    try:
        python = python or running_python()
    except LaunchError as error:
        raise CatalogueError(str(error)) from error
    places = ["--data", str(store.data_folder), "--cache", str(store.hub_cache)]
    command = [str(python), "-m", "MedVLSAM2Lib.cli", "models", "convert", name, *places]
    base = os.environ if variables is None else variables
    path = os.pathsep.join(filter(None, [str(_ROOT), base.get("PYTHONPATH", "")]))
    with subprocess.Popen(
        command,
        env={**base, "PYTHONUTF8": "1", "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as process:
        told = _wait(process, cancelled)
    if process.returncode:
        raise CatalogueError(told.strip().rpartition("\n")[2] or f"The conversion of {name} ended without a word.")


def _wait(process: subprocess.Popen[str], cancelled: Callable[[], bool]) -> str:
    while True:
        try:
            return process.communicate(timeout=_PATIENCE_S)[1]
        except subprocess.TimeoutExpired:
            if cancelled():
                process.kill()
                raise DownloadCancelled("The conversion was stopped; use the model again to begin anew.") from None
