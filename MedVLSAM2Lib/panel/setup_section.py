"""The installation section: what the engine needs, what is there, and where the engine runs."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import ctk
import qt

from MedVLSAM2Lib.catalogue import CatalogueError, ModelStore
from MedVLSAM2Lib.engine import LaunchError
from MedVLSAM2Lib.engine.launcher import running_python
from MedVLSAM2Lib.environment import (
    EnvironmentProblem,
    Environments,
    Inspection,
    PackageSource,
    Requirement,
    inspect_this_python,
    marked_inspection,
    open_pack,
    plan_install,
    read_requirements,
)
from MedVLSAM2Lib.environment.requirements import DICOM_EXPORT, ENGINE, normal_name
from MedVLSAM2Lib.panel.engine_place import EnginePlace, Place
from MedVLSAM2Lib.panel.installer import Installer, SetupEnd
from MedVLSAM2Lib.panel.slicer_packages import OF_SLICER, SlicerPackages
from MedVLSAM2Lib.panel.typed_text import in_label, show_only_plain_text

logger = logging.getLogger(__name__)

_HEADINGS = ("Package", "Installed", "Tested with")
_POLL_MS, _ROW_PX = 100, 22
_PLACES = {
    Place.SLICER: "In Slicer's own Python",
    Place.ENVIRONMENT: "In a separate Python environment",
    Place.REMOTE: "On another machine, by SSH",
}


class SetupSection:
    """Binds the widgets of ``Setup.ui``. Opening it installs, starts and imports nothing.

    Args:
        ui: the widgets by name.
        owner: the widget that owns the timer.
        place: where the engine runs.
        installer: makes separate environments.
        packages: installs into Slicer's own Python.
        say: shows one sentence in the panel's status line.
        moved: called when the engine is to run elsewhere, or with other packages.
    """

    def __init__(
        self,
        ui: Any,
        owner: Any,
        place: EnginePlace,
        installer: Installer,
        packages: SlicerPackages,
        say: Callable[[str], None],
        moved: Callable[[], None],
    ) -> None:
        self._ui, self._place, self._installer, self._packages = ui, place, installer, packages
        self._say, self._moved = say, moved
        self._inspection = Inspection("", ())
        self._timer = qt.QTimer(owner)
        self._timer.setInterval(_POLL_MS)
        self._timer.connect("timeout()", self._poll)
        self._kinds = [kind for kind in _PLACES if kind is not Place.REMOTE or place.has_remote]
        for kind in self._kinds:
            ui.placeSelector.addItem(_PLACES[kind])
        ui.placeSelector.setCurrentIndex(self._kinds.index(place.kind))
        ui.hostEdit.setText(place.host)
        ui.commandEdit.setText(place.command)
        ui.cpuOnlyBox.setChecked(shutil.which("nvidia-smi") is None)
        ui.packPath.filters = ctk.ctkPathLineEdit.Dirs
        ui.packagesTable.setColumnCount(len(_HEADINGS))
        ui.packagesTable.verticalHeader().setDefaultSectionSize(_ROW_PX)
        ui.packagesTable.setHorizontalHeaderLabels(list(_HEADINGS))
        ui.placeSelector.connect("currentIndexChanged(int)", self._on_place)
        ui.usePythonButton.connect("clicked()", self._on_use_python)
        ui.useMachineButton.connect("clicked()", self._on_use_machine)
        ui.installButton.connect("clicked()", self._on_install)
        ui.removeButton.connect("clicked()", self._on_remove)
        ui.cancelSetupButton.connect("clicked()", self._on_cancel)
        ui.pythonPath.connect("currentPathChanged(QString)", self._on_text)
        ui.packPath.connect("currentPathChanged(QString)", self._on_text)
        ui.hostEdit.connect("textChanged(QString)", self._on_text)
        show_only_plain_text(vars(ui).values())
        self._refresh()

    def show(self) -> None:
        """Show how it stands now; what is missing unfolds the section."""
        self._look()
        self._refresh()
        if self._problem() or self._of_engine().untested:
            self._ui.setupSection.setCollapsed(False)

    def close(self) -> None:
        """Stop what is running."""
        self._timer.stop()
        self._installer.cancel()

    # --- what there is

    def _look(self) -> None:
        if self._place.kind is Place.SLICER:
            needed = read_requirements((*ENGINE, *DICOM_EXPORT))
            self._inspection = inspect_this_python(needed, ".".join(map(str, sys.version_info[:3])))
        elif self._place.python is None:
            self._inspection = Inspection("", ())
        elif self._installer.is_ours(self._place.python):
            self._inspection = marked_inspection(self._place.python, self._installer.requirements)

    def _wanted(self) -> tuple[Requirement, ...]:
        """What the button installs."""
        if self._place.kind is Place.ENVIRONMENT:
            return self._installer.requirements
        wrong = (*self._inspection.missing, *self._inspection.untested)
        return tuple(status.requirement for status in wrong if status.requirement.name not in OF_SLICER)

    def _problem(self) -> str:
        """Why the engine cannot start; empty when it can."""
        try:
            self._place.launcher()
        except LaunchError as error:
            return str(error)
        return ""

    # --- how it is shown

    def _refresh(self) -> None:
        ui, kind, is_free = self._ui, self._place.kind, not self._installer.is_busy
        ui.environmentPane.setVisible(kind is Place.ENVIRONMENT)
        ui.packPane.setVisible(kind is not Place.REMOTE)
        ui.remotePane.setVisible(kind is Place.REMOTE)
        ui.cpuOnlyBox.setVisible(sys.platform == "linux")
        ui.placeSelector.setEnabled(is_free)
        ui.usePythonButton.setEnabled(is_free and bool(ui.pythonPath.currentPath))
        ui.useMachineButton.setEnabled(bool(str(ui.hostEdit.text).strip()))
        ui.installButton.setVisible(kind is not Place.REMOTE)
        ui.installButton.setEnabled(is_free and bool(self._wanted()))
        ui.removeButton.setVisible(kind is Place.ENVIRONMENT)
        ui.removeButton.setEnabled(is_free and self._installer.has_environments)
        ui.setupProgressBar.setVisible(not is_free)
        ui.cancelSetupButton.setVisible(not is_free)
        ui.setupLabel.setText(in_label(self._state()))
        ui.planLabel.setText(self._plan())
        ui.planLabel.setVisible(bool(ui.planLabel.text))
        self._show_packages()
        self._show_progress()

    def _state(self) -> str:
        """How it stands, a sentence a line."""
        problem, place = self._problem(), self._place
        if place.kind is Place.REMOTE:
            return problem or f"The engine runs on {place.host}; scans are sent there through SSH."
        if place.kind is Place.ENVIRONMENT:
            told = (
                f"The engine runs with {place.python}; Slicer's own Python is left as it is.",
                *self._of_engine().sentences,
            )
            return problem or "\n".join(told)
        told = (*self._of_engine().sentences, *self._of_export())
        return "\n".join(told) or "All packages are there, in versions that were tested together."

    def _of_engine(self) -> Inspection:
        """What the engine's packages are like."""
        names = {needed.name for needed in self._installer.requirements}
        of_engine = tuple(status for status in self._inspection.packages if status.requirement.name in names)
        return Inspection(self._inspection.python, of_engine)

    def _of_export(self) -> tuple[str, ...]:
        """What is to be said of the packages that only an export as DICOM needs."""
        names = {needed.name for needed in read_requirements(DICOM_EXPORT)}
        missing = [status.requirement.name for status in self._inspection.missing if status.requirement.name in names]
        return (f"Missing, and needed only for the export as DICOM: {', '.join(missing)}.",) if missing else ()

    def _plan(self) -> str:
        """What the button does, before it is pressed."""
        if self._place.kind is Place.REMOTE:
            return ""
        present = [] if self._place.kind is Place.ENVIRONMENT else _present(self._installer.sizes)
        plan = plan_install(self._wanted(), self._installer.sizes, present)
        if not plan.wanted:
            return ""
        where = "a new environment" if self._place.kind is Place.ENVIRONMENT else "Slicer's own Python"
        return f"Install puts into {where}: {plan.in_words}"

    def _show_packages(self) -> None:
        table, packages = self._ui.packagesTable, self._inspection.packages
        table.setVisible(bool(packages) and self._place.kind is not Place.REMOTE)
        table.setRowCount(len(packages))
        for row, status in enumerate(packages):
            cells = (status.requirement.name, status.found or "missing", status.requirement.range.in_short)
            for column, text in enumerate(cells):
                table.setItem(row, column, qt.QTableWidgetItem(text))
        table.resizeColumnsToContents()

    def _show_progress(self) -> None:
        progress = self._installer.progress
        self._ui.setupProgressBar.setRange(0, 100 if progress else 0)
        self._ui.setupProgressBar.setValue(round(100 * progress.fraction) if progress else 0)
        line = progress.line if progress is not None else ""
        self._ui.pipLabel.setText(line)
        self._ui.pipLabel.setVisible(bool(line))

    # --- what is done

    def _on_place(self, index: int) -> None:
        kind = self._kinds[index]
        if kind is Place.REMOTE or kind is self._place.kind:
            # Nothing is sent anywhere before the button that names the machine was pressed.
            self._show_choice(kind)
            return
        self._place.choose(kind)
        self._use()

    def _show_choice(self, kind: Place) -> None:
        if kind is Place.REMOTE and self._place.kind is not Place.REMOTE:
            self._ui.remotePane.setVisible(True)
            for pane in (self._ui.environmentPane, self._ui.packPane, self._ui.packagesTable, self._ui.installButton):
                pane.setVisible(False)
            self._ui.setupLabel.setText("Write the machine's name and agree that scans are sent there.")
            self._ui.planLabel.setVisible(False)
        else:
            self._refresh()

    def _on_use_machine(self) -> None:
        try:
            self._place.use_machine(str(self._ui.hostEdit.text).strip(), str(self._ui.commandEdit.text).strip())
        except LaunchError as error:
            self._tell(str(error))
            return
        self._place.choose(Place.REMOTE)
        self._use()

    def _on_use_python(self) -> None:
        self._installer.look(Path(self._ui.pythonPath.currentPath))
        self._started()

    def _on_install(self) -> None:
        folder = Path(self._ui.packPath.currentPath) if self._ui.packPath.currentPath else None
        if self._place.kind is Place.ENVIRONMENT:
            self._installer.make(folder, bool(self._ui.cpuOnlyBox.checked) and sys.platform == "linux")
            self._started()
        else:
            self._install_in_slicer(folder)

    def _install_in_slicer(self, folder: Path | None) -> None:
        self._ui.installButton.setEnabled(False)
        try:
            pack = None if folder is None else open_pack(folder)
            self._packages.install(self._wanted(), PackageSource() if pack is None else pack.source, self._tell)
            if pack is not None:
                self._installer.take_models(pack)
        except (EnvironmentProblem, CatalogueError) as error:
            logger.warning("%s", error)
            self._tell(str(error))
        else:
            self._tell("The packages are installed.")
        self._use()

    def _on_remove(self) -> None:
        if self._installer.is_ours(self._place.python):
            self._place.use_python(None)
            self._moved()
        self._installer.remove()
        self._started()

    def _on_cancel(self) -> None:
        self._installer.cancel()
        self._tell("Stopping…")

    def _on_text(self, _text: str) -> None:
        self._ui.usePythonButton.setEnabled(not self._installer.is_busy and bool(self._ui.pythonPath.currentPath))
        self._ui.useMachineButton.setEnabled(bool(str(self._ui.hostEdit.text).strip()))

    def _started(self) -> None:
        self._tell(self._installer.doing)
        self._timer.start()
        self._refresh()

    def _poll(self) -> None:
        end = self._installer.take()
        if end is None:
            self._show_progress()
            return
        self._timer.stop()
        self._finish(end)

    def _finish(self, end: SetupEnd) -> None:
        if end.inspection is not None:
            self._inspection = end.inspection
        if end.python is not None:
            self._place.use_python(end.python)
            self._use()
        else:
            self._refresh()
        self._tell(end.sentence)

    def _use(self) -> None:
        """The engine runs as it was chosen, from now on."""
        self._look()
        self._refresh()
        if not self._problem():
            self._moved()

    def _tell(self, sentence: str) -> None:
        self._ui.resultLabel.setText(in_label(sentence))
        self._say(sentence)


def open_setup_section(
    ui: Any, owner: Any, place: EnginePlace, store: ModelStore, say: Callable[[str], None], moved: Callable[[], None]
) -> SetupSection:
    """The section with what it works with in Slicer."""
    try:
        slicer_python: Path | None = running_python()
    except LaunchError:
        slicer_python = None
    installer = Installer(place.variables, Environments(), store, slicer_python)
    return SetupSection(ui, owner, place, installer, SlicerPackages(), say, moved)


def _present(names: Iterable[str]) -> list[str]:
    """Those of the packages that Slicer's Python has, whatever their version."""
    installed = {normal_name(found.metadata["Name"] or "") for found in distributions()}
    return [name for name in names if name in installed]
