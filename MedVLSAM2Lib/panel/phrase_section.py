"""Segmenting by name: a line to type a phrase in, and a list of structures to tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.finder import Finder
from MedVLSAM2Lib.panel.phrase_naming import structure_names
from MedVLSAM2Lib.panel.structure_list import StructureList
from MedVLSAM2Lib.panel.tool_rules import why_no_phrases
from MedVLSAM2Lib.panel.typed_text import MOST_TYPED, in_tooltip, typed
from MedVLSAM2Lib.panel.typing_keys import escape_key
from MedVLSAM2Lib.scene.phrase_history import phrases_in_scene
from MedVLSAM2Lib.vocabulary import Vocabulary

_PLACEHOLDER = "Name it: liver, left kidney, all renal cysts…"
_NO_WORDS = "This model does not know words"


class PhraseSection:
    """Binds the widgets of ``MedVLSAM2.ui`` that take names to a Finder.

    Args:
        ui: the widgets by name.
        finder: does the work.
        volume: the chosen scan.
        model: the chosen model.
        vocabulary: what is offered for completion and for ticking.
        scene: whose earlier phrases are offered too.
        on_escape: what the Escape key does, also while something is typed.
    """

    def __init__(
        self,
        ui: Any,
        finder: Finder,
        volume: ChosenVolume,
        model: ChosenModel,
        vocabulary: Vocabulary,
        scene: Any,
        on_escape: Callable[[], None],
    ) -> None:
        self._ui, self._finder, self._volume, self._model, self._scene = ui, finder, volume, model, scene
        self._words = vocabulary.phrases()
        self._structures = StructureList(
            ui.structuresTree, ui.structuresSearch, structure_names(vocabulary), self._show_ticked
        )
        self._offered: tuple[str, ...] = ()
        self._completer = qt.QCompleter(ui.phraseEdit)
        self._completer.setCaseSensitivity(qt.Qt.CaseInsensitive)
        self._completer.setFilterMode(qt.Qt.MatchContains)
        ui.phraseEdit.setMaxLength(MOST_TYPED)
        ui.phraseEdit.setCompleter(self._completer)
        ui.phraseEdit.connect("returnPressed()", self._find)
        ui.phraseButton.connect("clicked()", self._find)
        ui.structuresButton.connect("clicked()", self._find_ticked)
        self._escape_keys = [escape_key(line, on_escape) for line in (ui.phraseEdit, ui.structuresSearch)]
        self._show_ticked()

    def refresh(self) -> None:
        """Show what can be done now."""
        reason, ui = why_no_phrases(self._volume, self._model), self._ui
        for widget in (ui.phraseEdit, ui.phraseButton, ui.structuresTree, ui.structuresSearch):
            widget.setEnabled(not reason)
        ui.phraseEdit.setPlaceholderText(_PLACEHOLDER if "phrase" in self._model.capabilities else _NO_WORDS)
        ui.phraseEdit.setToolTip(
            in_tooltip(reason) or "What is to be segmented, in words; Enter looks for it in the whole scan"
        )
        ui.structuresGroup.setVisible(not reason)
        self._show_ticked()
        if not self._finder.is_busy:
            self._offer(() if reason else (*phrases_in_scene(self._scene), *self._words))

    def _find(self) -> None:
        if self._finder.find([typed(str(self._ui.phraseEdit.text))]):
            self._completer.popup().hide()
            # The text stays, to be mended where nothing was found; the panel's keys work again.
            self._ui.phraseButton.setFocus()

    def _find_ticked(self) -> None:
        if self._finder.find(self._structures.ticked()):
            self._structures.untick()

    def _show_ticked(self) -> None:
        count = len(self._structures.ticked())
        self._ui.structuresButton.setText(f"Segment all {count}" if count > 1 else "Segment all")
        self._ui.structuresButton.setEnabled(count > 0 and not why_no_phrases(self._volume, self._model))

    def _offer(self, phrases: tuple[str, ...]) -> None:
        offered = tuple(dict.fromkeys(phrases))
        if offered != self._offered:
            self._offered = offered
            self._completer.setModel(qt.QStringListModel(list(offered), self._completer))
