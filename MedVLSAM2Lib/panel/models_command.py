"""``medvlsam2 models`` in a process of its own, with another Python where the engine has one: torch stays out of Slicer's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from MedVLSAM2Lib.catalogue import (
    CatalogueError,
    DownloadCancelled,
    DownloadError,
    InstalledModel,
    LicenceDiffers,
    ModelStore,
)
from MedVLSAM2Lib.catalogue.progress import Cancelled, DownloadProgress, ProgressListener
from MedVLSAM2Lib.engine.launcher import LaunchError
from MedVLSAM2Lib.environment import Cancelled as Stopped
from MedVLSAM2Lib.environment import EnvironmentProblem
from MedVLSAM2Lib.panel.cli_process import run_cli

_PERCENT = re.compile(r"^(\d+) % of .*?, (.+)$")
_OTHER_LICENCE = re.compile(r" gives the licence .* download again with --accept-licence (\S+) if you agree")


class ModelsCommand:
    """Runs the command.

    Args:
        python: the interpreter; this process's when None.
        variables: its environment variables; this process's when None.
    """

    def __init__(self, python: Path | None = None, variables: Mapping[str, str] | None = None) -> None:
        self._python = python
        self._variables = variables

    def convert(self, store: ModelStore, name: str, cancelled: Cancelled) -> None:
        """Make a checkpoint of a model that is here; blocks.

        Raises:
            CatalogueError: it did not work; the message is the command's own sentence.
            DownloadCancelled: ``cancelled()`` became true; nothing is left behind that is taken for a checkpoint.
        """
        try:
            status, lines = self._run(store, ("convert", name), lambda _: None, cancelled)
        except Stopped:
            raise DownloadCancelled("The conversion was stopped; use the model again to begin anew.") from None
        if status:
            raise CatalogueError(lines[-1] if lines else f"The conversion of {name} ended without a word.")

    def download(
        self, store: ModelStore, name: str, licence: str, told: ProgressListener, cancelled: Cancelled
    ) -> InstalledModel:
        """Fetch a model from the hub; as ``ModelStore.download``, with the user's yes to ``licence``."""
        total = store.catalogue.entry(name).formats[0].size_bytes or 0

        def hear(line: str) -> None:
            found = _PERCENT.match(line)
            if found is not None:
                told(DownloadProgress(int(found[1]) * total // 100, total, found[2]))

        try:
            status, lines = self._run(store, ("download", name, "--accept-licence", licence), hear, cancelled)
        except Stopped:
            raise DownloadCancelled("The download was stopped; what has arrived is kept for the next one.") from None
        said = lines[-1] if lines else f"The download of {name} ended without a word."
        other = _OTHER_LICENCE.search(said)
        if other is not None:
            raise LicenceDiffers(said, other[1])
        complete = [model for model in store.presence(name).models if model.complete]
        if status or not complete:
            raise DownloadError(said)
        return complete[0]

    def _run(
        self, store: ModelStore, arguments: tuple[str, ...], told: Callable[[str], None], cancelled: Cancelled
    ) -> tuple[int, list[str]]:
        places = ["--data", str(store.data_folder), "--cache", str(store.hub_cache)]
        try:
            return run_cli(self._python, self._variables, ["models", *arguments, *places], told, cancelled)
        except Stopped:
            raise
        except (LaunchError, EnvironmentProblem) as error:
            raise CatalogueError(str(error)) from error
