"""Where the engine runs: in Slicer's own Python, in a separate one, or on another machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.catalogue import CatalogueError, InstalledModel, ModelStore
from MedVLSAM2Lib.catalogue.progress import ProgressListener
from MedVLSAM2Lib.engine import LaunchError, RemoteMachine, WorkerLauncher, WorkerProcess
from MedVLSAM2Lib.engine.launcher import LocalLauncher
from MedVLSAM2Lib.environment import inspect_this_python, read_requirements, variables_for_another_python
from MedVLSAM2Lib.panel.models_command import ModelsCommand
from MedVLSAM2Lib.panel.training_command import TrainingCommand

_PLACE, _PYTHON = "MedVLSAM2/EnginePlace", "MedVLSAM2/EnginePython"
_HOST, _COMMAND = "MedVLSAM2/EngineHost", "MedVLSAM2/EngineCommand"

RemoteLauncher = Callable[[RemoteMachine, Mapping[str, str]], WorkerLauncher]
"""Makes a launcher for a machine; its program for SSH is run with these environment variables."""


class Place(Enum):
    """Where the engine runs."""

    SLICER = "slicer"
    ENVIRONMENT = "environment"
    REMOTE = "remote"


class EnginePlace:
    """The chosen place, remembered in the user's settings. Starts nothing and asks nothing of a network.

    Args:
        settings: the application's QSettings.
        in_slicer: launches workers in Slicer's own Python.
        before: the environment variables with which Slicer was started.
        remote: makes launchers for other machines; None where there are none.

    Attributes:
        kind: the place.
        python: the interpreter of the separate environment; None when none was chosen.
        host: the other machine, as for ``ssh``.
        command: the program there.
    """

    def __init__(
        self,
        settings: Any,
        in_slicer: WorkerLauncher,
        before: Mapping[str, str],
        remote: RemoteLauncher | None = None,
    ) -> None:
        self._settings = settings
        self._in_slicer = in_slicer
        self._before = dict(before)
        self._remote = remote
        self.kind = _known(str(settings.value(_PLACE) or ""), has_remote=remote is not None)
        python = str(settings.value(_PYTHON) or "")
        self.python = Path(python) if python else None
        self.host = str(settings.value(_HOST) or "")
        self.command = str(settings.value(_COMMAND) or "") or "medvlsam2"

    @property
    def has_remote(self) -> bool:
        """Whether the engine can run on another machine."""
        return self._remote is not None

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of Pythons that are not Slicer's."""
        return variables_for_another_python(self._before)

    def choose(self, kind: Place) -> None:
        """Run the engine there from its next start on."""
        self.kind = kind
        self._settings.setValue(_PLACE, kind.value)

    def use_python(self, python: Path | None) -> None:
        """Take this interpreter as the separate environment's; None for none."""
        self.python = python
        self._settings.setValue(_PYTHON, "" if python is None else str(python))

    def use_machine(self, host: str, command: str) -> None:
        """Take this machine as the other one; LaunchError, and nothing changed, when it cannot be one."""
        RemoteMachine.parse(host, command)
        self.host, self.command = host, command
        self._settings.setValue(_HOST, host)
        self._settings.setValue(_COMMAND, command)

    def launcher(self) -> WorkerLauncher:
        """What starts workers there; LaunchError, which says what to do, when nothing can."""
        if self.kind is Place.REMOTE and self._remote is not None:
            if not self.host:
                raise LaunchError("No machine is chosen for the engine; write its name under Installation.")
            return self._remote(RemoteMachine.parse(self.host, self.command), self._before)
        if self.kind is Place.ENVIRONMENT:
            return LocalLauncher(self._python(), base=self.variables)
        missing = inspect_this_python(read_requirements()).missing
        if missing:
            names = ", ".join(status.requirement.name for status in missing)
            raise LaunchError(
                f"The engine needs packages that are missing ({names}); press Install under Installation."
            )
        return self._in_slicer

    def convert(self, store: ModelStore, name: str, cancelled: Callable[[], bool]) -> None:
        """Make a checkpoint of published weights, with the Python of this machine's engine."""
        self._command().convert(store, name, cancelled)

    def download(
        self,
        store: ModelStore,
        name: str,
        licence: str,
        told: ProgressListener,
        cancelled: Callable[[], bool],
    ) -> InstalledModel:
        """Fetch a model; in a separate environment with the hub's library there, as Slicer's Python need not have it."""
        if self.kind is Place.ENVIRONMENT:
            return self._command().download(store, name, licence, told, cancelled)
        return store.download(name, licence, told=told, cancelled=cancelled)

    def training(self) -> TrainingCommand:
        """What trains with the Python of this machine's engine; LaunchError, which says what to do, when nothing can."""
        if self.kind is Place.REMOTE:
            raise LaunchError(
                f"The engine runs on {self.host or 'another machine'}; learn there with medvlsam2 train finetune."
            )
        if self.kind is Place.ENVIRONMENT:
            return TrainingCommand(self._python(), self.variables)
        self.launcher()
        return TrainingCommand()

    def _command(self) -> ModelsCommand:
        if self.kind is not Place.ENVIRONMENT:
            return ModelsCommand()
        try:
            return ModelsCommand(self._python(), self.variables)
        except LaunchError as error:
            raise CatalogueError(str(error)) from error

    def _python(self) -> Path:
        if self.python is None:
            raise LaunchError("There is no separate environment yet; press Install under Installation.")
        if not self.python.is_file():
            raise LaunchError(f"There is no {self.python} any more; press Install under Installation to make another.")
        return self.python


class ChosenLauncher:
    """Launches workers wherever the place is when one is needed."""

    def __init__(self, place: EnginePlace) -> None:
        """Nothing is started yet."""
        self._place = place

    @property
    def is_remote(self) -> bool:
        """Whether its workers are on another machine."""
        return self._place.kind is Place.REMOTE

    @property
    def shares_memory(self) -> bool:
        """Whether its workers can map this process's shared memory."""
        launcher = self._launcher()
        return launcher is not None and launcher.shares_memory

    def folder_there(self, folder: Path) -> str:
        """What its workers call a checkpoint folder."""
        launcher = self._launcher()
        return str(folder) if launcher is None else launcher.folder_there(folder)

    def launch(self) -> WorkerProcess:
        """Start a worker; LaunchError when that does not work."""
        return self._place.launcher().launch()

    def _launcher(self) -> WorkerLauncher | None:
        """None where nothing can be started: ``launch`` says why."""
        try:
            return self._place.launcher()
        except LaunchError:
            return None


def _known(text: str, *, has_remote: bool) -> Place:
    known = {place.value: place for place in Place if has_remote or place is not Place.REMOTE}
    return known.get(text, Place.SLICER)
