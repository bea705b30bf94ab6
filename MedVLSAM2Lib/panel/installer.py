"""Separate environments for the engine, made, looked at and removed beside the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from MedVLSAM2Lib.catalogue import CatalogueError, ModelStore
from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.environment import (
    Cancelled,
    EnvironmentProblem,
    Environments,
    Inspection,
    Pack,
    PackageSource,
    Recipe,
    Requirement,
    constraints_file,
    find_base_python,
    inspect_python,
    make_environment,
    open_pack,
    python_of,
    read_requirements,
)
from MedVLSAM2Lib.environment.package_sizes import PackageSize, read_package_sizes, with_what_they_need
from MedVLSAM2Lib.environment.pip_progress import PipProgress
from MedVLSAM2Lib.panel.background_job import BackgroundJob

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SetupEnd:
    """How a job ended.

    Attributes:
        sentence: for the status line.
        python: the interpreter of the environment that was made; None for none.
        inspection: what was found in an environment that was looked at.
        removed: whether environments were removed.
    """

    sentence: str
    python: Path | None = None
    inspection: Inspection | None = None
    removed: bool = False


class Installer:
    """Does one job at a time in a thread; ``take``, called by a timer of the GUI thread, tells when it has ended.

    Args:
        variables: the environment variables of the Pythons it runs.
        environments: where it makes them.
        store: where the models of an imported folder go.
        slicer_python: Slicer's own interpreter; None where there is none.
        requirements: what goes into an environment.
        constraints: the file with all versions; None for the newest that fit.

    Attributes:
        progress: how far pip is; None for anything else.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        environments: Environments,
        store: ModelStore,
        slicer_python: Path | None = None,
        requirements: Sequence[Requirement] | None = None,
        constraints: Path | None = None,
    ) -> None:
        self._variables = dict(variables)
        self._environments = environments
        self._store = store
        self._slicer_python = slicer_python
        self.requirements = tuple(requirements if requirements is not None else read_requirements())
        self._constraints = constraints if requirements is not None else constraints_file()
        self.sizes: dict[str, PackageSize] = read_package_sizes()
        self._job = BackgroundJob("medvlsam2-setup", _failed, _lost)
        self.progress: PipProgress | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return self._job.is_busy

    @property
    def doing(self) -> str:
        """What is being done, for the status line."""
        return self._job.doing

    @property
    def has_environments(self) -> bool:
        """Whether there is anything to remove."""
        return self._environments.folder.is_dir() and any(self._environments.folder.iterdir())

    def is_ours(self, python: Path | None) -> bool:
        """Whether this program made the environment of that interpreter."""
        return python is not None and python.is_relative_to(self._environments.folder)

    def make(self, pack_folder: Path | None, cpu_only: bool) -> None:
        """Make an environment, from the registry or from a folder for machines without a network."""

        def work() -> SetupEnd:
            pack = None if pack_folder is None else open_pack(pack_folder)
            base = find_base_python(self._variables, self._slicer_python)
            source = PackageSource(cpu_only=cpu_only)
            if pack is not None:
                pack.check_python(inspect_python(base, (), self._variables).python)
                source = pack.source
            names = with_what_they_need((needed.name for needed in self.requirements), self.sizes)
            progress = self.progress = PipProgress(self.sizes, names)
            recipe = Recipe(self.requirements, self._constraints, source)
            folder = self._environments.new_folder()
            folder.parent.mkdir(parents=True, exist_ok=True)
            python = make_environment(folder, base, recipe, self._variables, progress.hear, self._job.is_cancelled)
            more = self.take_models(pack) if pack is not None else ""
            return SetupEnd(f"The engine's environment is ready in {folder}.{more}", python)

        self._job.start("Installing the engine's environment…", work)

    def take_models(self, pack: Pack) -> str:
        """Take the models and checkpoints of a folder; a sentence that names them, after a space, or nothing.

        CatalogueError when one cannot be taken.
        """
        names = [model.name for model in pack.import_models(self._store)]
        names += [str(folder) for folder in pack.copy_checkpoints(self._store)]
        return f" With it came: {', '.join(names)}." if names else ""

    def look(self, folder_or_python: Path) -> None:
        """See what an environment has that somebody pointed at."""

        def work() -> SetupEnd:
            python = python_of(folder_or_python)
            found = inspect_python(python, self.requirements, self._variables)
            if found.missing:
                return SetupEnd(f"{folder_or_python} cannot be used: {found.sentences[0]}", None, found)
            return SetupEnd(" ".join(found.sentences) or f"The engine runs in {folder_or_python}.", python, found)

        self._job.start(f"Looking at {folder_or_python}…", work)

    def remove(self) -> None:
        """Delete the environments that this program made."""

        def work() -> SetupEnd:
            freed = self._environments.remove()
            return SetupEnd(f"The separate environment was removed; {in_words(freed)} are free again.", removed=True)

        self._job.start("Removing the separate environment…", work)

    def cancel(self) -> None:
        """End the job as soon as it lets itself be ended."""
        self._job.cancel()

    def take(self) -> SetupEnd | None:
        """How the job ended, once; None while it runs."""
        end = self._job.take()
        if end is not None:
            self.progress = None
        return end


def _failed(error: Exception) -> SetupEnd | None:
    if isinstance(error, Cancelled):
        return SetupEnd(str(error))
    if isinstance(error, EnvironmentProblem | CatalogueError):
        logger.warning("%s", error)
        return SetupEnd(str(error))
    return None


def _lost(error: Exception) -> SetupEnd:
    return SetupEnd(f"That did not work ({type(error).__name__}: {error}); the log tells more.")
