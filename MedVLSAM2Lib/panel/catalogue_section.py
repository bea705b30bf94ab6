"""The catalogue: which models there are and what is here; use, download, import and remove them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctk
import qt

from MedVLSAM2Lib.catalogue import CatalogueEntry
from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.model_shelf import MASK_MODELS, JobEnd, ModelShelf
from MedVLSAM2Lib.panel.remaining_time import RemainingTime
from MedVLSAM2Lib.panel.typed_text import in_label

_HEADINGS = ("Model", "Here", "Size", "Licence", "Memory on CPU / GPU", "Can do")
_POLL_MS, _ROW_PX = 50, 22


class CatalogueSection:
    """Binds the catalogue's widgets of ``MedVLSAM2.ui`` to a ModelShelf.

    Nothing is downloaded before the button that names size and licence was pressed.

    Args:
        ui: the widgets by name.
        owner: the widget that owns the timer.
        shelf: the models and the jobs on them.
        model: the model in use.
        say: shows one sentence in the status line.
        changed: called when another model was chosen.
    """

    def __init__(
        self,
        ui: Any,
        owner: Any,
        shelf: ModelShelf,
        model: ChosenModel,
        say: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._ui, self._shelf, self._model, self._say, self._changed = ui, shelf, model, say, changed
        self._licence = ""
        self._remaining: RemainingTime | None = None
        self._timer = qt.QTimer(owner)
        self._timer.setInterval(_POLL_MS)
        self._timer.connect("timeout()", self._poll)
        ui.importPath.filters = ctk.ctkPathLineEdit.Dirs
        ui.catalogueTable.setColumnCount(len(_HEADINGS))
        ui.catalogueTable.setHorizontalHeaderLabels(list(_HEADINGS))
        ui.catalogueTable.verticalHeader().setDefaultSectionSize(_ROW_PX)
        ui.catalogueTable.connect("itemSelectionChanged()", self._on_selected)
        ui.useModelButton.connect("clicked()", self._on_use)
        ui.downloadModelButton.connect("clicked()", self._on_download)
        ui.acceptLicenceButton.connect("clicked()", self._on_accept)
        ui.declineLicenceButton.connect("clicked()", self._on_selected)
        ui.removeModelButton.connect("clicked()", self._on_remove)
        ui.importModelButton.connect("clicked()", self._on_import)
        ui.importPath.connect("currentPathChanged(QString)", self._on_import_path)
        ui.cancelModelButton.connect("clicked()", self._on_cancel)
        self._refresh()

    def show(self) -> None:
        """Show what is on this machine now."""
        table, entries = self._ui.catalogueTable, self._shelf.entries
        table.setRowCount(len(entries))
        for row, entry in enumerate(entries):
            for column, text in enumerate(self._shelf.cells(entry)):
                table.setItem(row, column, qt.QTableWidgetItem(text))
        table.resizeColumnsToContents()
        self._refresh()

    def close(self) -> None:
        """Stop what is running."""
        self._timer.stop()
        self._shelf.cancel()

    @property
    def _entry(self) -> CatalogueEntry | None:
        row = self._ui.catalogueTable.currentRow()
        return self._shelf.entries[row] if 0 <= row < len(self._shelf.entries) else None

    def _refresh(self) -> None:
        ui, shelf, entry = self._ui, self._shelf, self._entry
        is_free = not shelf.is_busy and not self._licence
        is_here = entry is not None and shelf.is_here(entry)
        is_mask_model = entry is not None and entry.kind in MASK_MODELS
        ui.useModelButton.setEnabled(is_free and is_here and is_mask_model)
        ui.downloadModelButton.setEnabled(is_free and entry is not None and not is_here)
        ui.removeModelButton.setEnabled(is_free and entry is not None and shelf.can_remove(entry))
        ui.importModelButton.setEnabled(is_free and bool(ui.importPath.currentPath))
        ui.modelDetailsLabel.setText("" if entry is None else in_label(_details(entry)))
        question = _question(entry, self._licence) if entry is not None and self._licence else ""
        ui.licenceLabel.setText(in_label(question))
        for widget in (ui.licenceLabel, ui.acceptLicenceButton, ui.declineLicenceButton):
            widget.setVisible(bool(self._licence))
        ui.cancelModelButton.setVisible(shelf.is_busy and shelf.can_cancel)
        ui.modelProgressBar.setVisible(shelf.is_busy)
        self._show_progress()

    def _show_progress(self) -> None:
        progress = self._shelf.progress
        self._ui.modelProgressBar.setRange(0, 100 if progress else 0)
        self._ui.modelProgressBar.setValue(round(100 * progress.fraction) if progress else 0)
        if progress is None:
            self._remaining = None
        elif self._remaining is None:
            self._remaining = RemainingTime()
            self._remaining.begin(progress.fraction)
        left = self._remaining.at(progress.fraction) if self._remaining is not None and progress is not None else ""
        self._ui.modelProgressBar.setFormat(f"%p %, {left}" if left else "%p %")

    def _on_selected(self) -> None:
        self._licence = ""
        self._refresh()

    def _on_use(self) -> None:
        entry = self._entry
        if entry is not None and entry.is_bundled:
            self._take(None, f"{entry.title} is used from now on.")
        else:
            self._begin(self._shelf.use)

    def _on_download(self) -> None:
        if self._entry is not None:
            self._licence = self._entry.licence.tag
            self._refresh()

    def _on_accept(self) -> None:
        licence, self._licence = self._licence, ""
        self._begin(lambda entry: self._shelf.download(entry, licence))

    def _on_remove(self) -> None:
        entry = self._entry
        if entry is not None and self._model.folder == self._shelf.checkpoint_folder(entry):
            self._say(f"{entry.title} is in use; choose another model before it is removed.")
        else:
            self._begin(self._shelf.remove)

    def _on_import(self) -> None:
        self._shelf.import_folder(Path(self._ui.importPath.currentPath))
        self._started()

    def _on_import_path(self, _path: str) -> None:
        self._refresh()

    def _on_cancel(self) -> None:
        self._shelf.cancel()
        self._say("Stopping…")

    def _begin(self, job: Callable[[CatalogueEntry], None]) -> None:
        entry = self._entry
        if entry is not None and not self._shelf.is_busy:
            job(entry)
            self._started()

    def _started(self) -> None:
        self._say(self._shelf.doing)
        self._timer.start()
        self._refresh()

    def _poll(self) -> None:
        end = self._shelf.take()
        if end is None:
            self._show_progress()
            return
        self._timer.stop()
        self._finish(end)

    def _finish(self, end: JobEnd) -> None:
        self._licence = end.licence
        self.show()
        if end.checkpoint is not None:
            self._take(end.checkpoint, end.sentence)
        else:
            self._say(end.sentence)

    def _take(self, checkpoint: Path | None, sentence: str) -> None:
        self._model.use(checkpoint)
        self._say(self._model.problem or sentence)
        self._changed()


def _details(entry: CatalogueEntry) -> str:
    trained = "; ".join(entry.trained_on)
    purpose = "" if entry.kind in MASK_MODELS else " It answers questions and has no masks of its own."
    memory = f"{in_words(entry.memory.cpu_bytes)} of memory on the CPU, {in_words(entry.memory.gpu_bytes)} on a GPU"
    about = f"{entry.title} needs {memory}. Licence: {entry.licence.tag}, {entry.licence.url}."
    return f"{about}{purpose} Trained on: {trained}."


def _question(entry: CatalogueEntry, licence: str) -> str:
    size = in_words(entry.formats[0].size_bytes)
    page = " You must also have accepted its terms on its page, with a Hugging Face account."
    url = entry.licence.url if licence == entry.licence.tag else entry.page
    told = f"{entry.title} is {size} from {entry.page}, under the licence {licence} ({url}). {entry.licence.note}"
    return told.rstrip() + (page if entry.licence.accepted_on_hub else "")
