"""What the last prompt changed: the outline that its segment had before."""

from __future__ import annotations

import logging
from typing import Any

from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.prompt_step import PromptStep
from MedVLSAM2Lib.panel.segmenter import Segmenter
from MedVLSAM2Lib.panel.step_log import StepLog
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.ghost import Ghost

logger = logging.getLogger(__name__)


class EarlierOutline:
    """Shows the outline while its button is down and its prompt is the last one, on the segment and the scan in hand.

    Args:
        button: the checkable QPushButton.
        ghost: draws it.
        segmenter: knows the segment in hand.
        volume: the chosen scan.
        log: knows the last prompt.
    """

    def __init__(self, button: Any, ghost: Ghost, segmenter: Segmenter, volume: ChosenVolume, log: StepLog) -> None:
        self._button, self._ghost, self._segmenter, self._volume, self._log = button, ghost, segmenter, volume, log
        self._shown: tuple[object, ...] = ()
        self._is_open = False
        button.connect("toggled(bool)", lambda _checked=False: self.refresh())

    def toggle(self) -> None:
        """Press the button, or let it up."""
        self._button.setChecked(not self._button.checked)

    def open(self, is_open: bool) -> None:
        """The module is shown, or another one is."""
        self._is_open = is_open
        self.refresh()

    def refresh(self) -> None:
        """Show what there is to show now."""
        if self._log.is_busy:
            # What is shown was before the prompt that is being answered too, until there is something new to tell.
            return
        step = self._last_step() if self._button.checked and self._is_open else None
        wanted = () if step is None else (step, len(step.writes), step.candidate)
        if wanted != self._shown:
            self._shown = wanted
            self._show(step)

    def _last_step(self) -> PromptStep | None:
        """The last prompt, if it was not taken back and its segment is still worked on."""
        step = self._log.done[-1] if self._log.done and not self._log.undone else None
        if step is None or not step.has_segment or step.volume_node is not self._volume.node:
            return None
        hand = self._segmenter
        return step if (step.segmentation_node, step.segment_id) == (hand.segmentation_node, hand.segment_id) else None

    def _show(self, step: PromptStep | None) -> None:
        self._ghost.hide()
        change = None if step is None else step.change
        if step is None or change is None:
            return
        try:
            self._ghost.show(step.segmentation_node, change)
        except SceneError as error:
            logger.warning("%s", error)
