"""The model section: which checkpoint is in use, the memory it needs, and choosing another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctk

from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.memory import MemoryEstimate, free_memory_bytes, mask_memory, read_mask_shape
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.typed_text import in_label


class ModelSection:
    """Binds the model widgets of ``MedVLSAM2.ui`` to a ChosenModel.

    Args:
        ui: the widgets by name.
        model: the model.
        volume: the scan it is to work on.
        free_bytes: how much memory is free.
        changed: called when another one was chosen.
    """

    def __init__(
        self,
        ui: Any,
        model: ChosenModel,
        volume: ChosenVolume,
        changed: Callable[[], None],
        free_bytes: Callable[[], int] = free_memory_bytes,
    ) -> None:
        self._ui, self._model, self._volume, self._changed = ui, model, volume, changed
        self._free_bytes = free_bytes
        self._reckoned: tuple[Path, Any] | None = None
        self._is_refreshing = False
        ui.checkpointPath.filters = ctk.ctkPathLineEdit.Dirs
        ui.checkpointPath.connect("currentPathChanged(QString)", self._on_path)
        ui.bundledModelButton.connect("clicked()", lambda: self._use(None))

    def refresh(self, engine_has_stopped: bool) -> None:
        """Show the model as it stands."""
        ui, model = self._ui, self._model
        ui.modelLabel.setText(in_label(model.describe()))
        ui.bundledModelButton.setEnabled(not model.is_bundled)
        ui.restartButton.setVisible(engine_has_stopped)
        self._show_memory()
        self._is_refreshing = True
        if Path(ui.checkpointPath.currentPath or ".") != model.folder:
            ui.checkpointPath.setCurrentPath(str(model.folder))
        self._is_refreshing = False

    def _show_memory(self) -> None:
        """What model and scan need, reckoned once for each pair: what is in use already is free no more."""
        shape = self._volume.shape
        if self._reckoned == (self._model.folder, shape):
            return
        self._reckoned = (self._model.folder, shape)
        mask_model = read_mask_shape(self._model.folder)
        text = "" if mask_model is None else _sentence(mask_memory(mask_model, shape), shape, self._free_bytes())
        self._ui.memoryLabel.setText(text)
        self._ui.memoryLabel.setVisible(bool(text))

    def _on_path(self, path: str) -> None:
        if not self._is_refreshing and path:
            self._use(Path(path))

    def _use(self, folder: Path | None) -> None:
        self._model.use(folder)
        self._changed()


def _sentence(needed: MemoryEstimate, shape: tuple[int, int, int] | None, free: int) -> str:
    what = "with this scan" if shape is not None else "before a scan is open"
    needs = f"It needs about {in_words(needed.total)} of memory {what}"
    if needed.total <= free:
        return f"{needs}; {in_words(free)} are free."
    return f"{needs}, more than the {in_words(free)} that are free: choose a smaller model, or close other programs."
