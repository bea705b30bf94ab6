"""The model section: which checkpoint is in use, and choosing another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctk

from MedVLSAM2Lib.panel.chosen_model import ChosenModel


class ModelSection:
    """Binds the model widgets of ``MedVLSAM2.ui`` to a ChosenModel.

    Args:
        ui: the widgets by name.
        model: the model.
        changed: called when another one was chosen.
    """

    def __init__(self, ui: Any, model: ChosenModel, changed: Callable[[], None]) -> None:
        self._ui, self._model, self._changed = ui, model, changed
        self._is_refreshing = False
        ui.checkpointPath.filters = ctk.ctkPathLineEdit.Dirs
        ui.checkpointPath.connect("currentPathChanged(QString)", self._on_path)
        ui.bundledModelButton.connect("clicked()", lambda: self._use(None))

    def refresh(self, engine_has_stopped: bool) -> None:
        """Show the model as it stands."""
        ui, model = self._ui, self._model
        ui.modelLabel.setText(model.describe())
        ui.bundledModelButton.setEnabled(not model.is_bundled)
        ui.restartButton.setVisible(engine_has_stopped)
        self._is_refreshing = True
        if Path(ui.checkpointPath.currentPath or ".") != model.folder:
            ui.checkpointPath.setCurrentPath(str(model.folder))
        self._is_refreshing = False

    def _on_path(self, path: str) -> None:
        if not self._is_refreshing and path:
            self._use(Path(path))

    def _use(self, folder: Path | None) -> None:
        self._model.use(folder)
        self._changed()
