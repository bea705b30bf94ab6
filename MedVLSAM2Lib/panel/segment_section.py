"""The segment section: its widgets, and what they call."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import qt

from MedVLSAM2Lib.engine import EngineClient
from MedVLSAM2Lib.panel.prompt_placer import PromptPlacer
from MedVLSAM2Lib.panel.prompt_tool import BOX, LASSO, POINT, SCRIBBLE, PromptTool
from MedVLSAM2Lib.panel.segmenter import Segmenter
from MedVLSAM2Lib.panel.shortcuts import Shortcuts

_POLL_MS = 15


class SegmentSection:
    """Binds the widgets of ``MedVLSAM2.ui`` to a Segmenter.

    Args:
        ui: the widgets by name.
        owner: the widget that owns timer and shortcuts.
        scene: the MRML scene.
        application_logic: Slicer's, for placing markups.
        client: the engine; closed by ``close``.
        checkpoint: the model's folder.
    """

    def __init__(
        self, ui: Any, owner: Any, scene: Any, application_logic: Any, client: EngineClient, checkpoint: Path
    ) -> None:
        self._ui, self._client, self._checkpoint = ui, client, checkpoint
        self._tool: PromptTool | None = None
        self._is_refreshing = False
        self._model_asked_for = False
        self.segmenter = Segmenter(client, self.say, self.refresh)
        self.placer = PromptPlacer(scene, application_logic, self.segmenter.prompt)
        self.shortcuts = Shortcuts(owner, self._keys())
        self._connect()
        self._timer = qt.QTimer(owner)
        self._timer.setInterval(_POLL_MS)
        self._timer.connect("timeout()", self.segmenter.poll)
        self.refresh()

    def enter(self) -> None:
        """The module was opened: shortcuts work, and the volume that is chosen is taken up."""
        self.shortcuts.enable(True)
        self._on_volume()

    def exit(self) -> None:
        """Another module was opened: the tool is put down and the keys are free."""
        self.shortcuts.enable(False)
        self._put_down()

    def close(self) -> None:
        """End the engine and the timer; nothing is left behind."""
        self.shortcuts.enable(False)
        self._timer.stop()
        self.placer.put_down()
        self._client.close()

    def scene_closed(self) -> None:
        """The scene was closed."""
        self._put_down()
        self.segmenter.forget_scene()
        self.say("Load a scan and choose it above.")

    def say(self, sentence: str) -> None:
        """Show one sentence in the status line."""
        self._ui.statusLabel.setText(sentence)

    def refresh(self) -> None:
        """Show what can be done now."""
        segmenter, ui = self.segmenter, self._ui
        ui.undoButton.setEnabled(segmenter.can_undo)
        ui.redoButton.setEnabled(segmenter.can_redo)
        ui.smallerButton.setEnabled(segmenter.can_step(-1))
        ui.largerButton.setEnabled(segmenter.can_step(1))
        ui.cancelButton.setEnabled(segmenter.is_busy)
        ui.progressBar.setVisible(segmenter.is_busy)
        ui.progressBar.setRange(0, 100 if segmenter.progress else 0)
        ui.progressBar.setValue(round(100 * segmenter.progress))
        ui.modelLabel.setText(self._model_line())
        self._show_target()

    def _show_target(self) -> None:
        self._is_refreshing = True
        ui, segmenter = self._ui, self.segmenter
        if segmenter.segmentation_node is not ui.segmentSelector.currentNode():
            ui.segmentSelector.setCurrentNode(segmenter.segmentation_node)
        if segmenter.segment_id and segmenter.segment_id != ui.segmentSelector.currentSegmentID():
            ui.segmentSelector.setCurrentSegmentID(segmenter.segment_id)
        ui.targetLabel.setText("" if segmenter.segment_id else "The next prompt starts a new segment.")
        ui.targetLabel.setVisible(not segmenter.segment_id)
        self._is_refreshing = False

    def _model_line(self) -> str:
        if not (self._checkpoint / "model.safetensors").is_file():
            return f"There is no model in {self._checkpoint}; install the extension again."
        return f"Bundled model ({self.segmenter.model_name or 'starts with the first volume'})"

    def _connect(self) -> None:
        ui = self._ui
        ui.volumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_volume)
        ui.segmentSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_target)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self._on_target)
        ui.newSegmentButton.connect("clicked()", self._new_segment)
        for tool in (POINT, BOX, SCRIBBLE, LASSO):
            button = getattr(ui, f"{tool.name}Button")
            button.connect("clicked(bool)", partial(self._on_tool, tool))
        ui.negativeButton.connect("toggled(bool)", self._on_polarity)
        ui.finishButton.connect("clicked()", self.placer.finish)
        ui.undoButton.connect("clicked()", self.segmenter.undo)
        ui.redoButton.connect("clicked()", self.segmenter.redo)
        ui.smallerButton.connect("clicked()", lambda: self.segmenter.step_candidate(-1))
        ui.largerButton.connect("clicked()", lambda: self.segmenter.step_candidate(1))
        ui.cancelButton.connect("clicked()", self.segmenter.cancel)

    def _keys(self) -> dict[str, Any]:
        return {
            "1": lambda: self._choose_tool(POINT, positive=True),
            "2": lambda: self._choose_tool(POINT, positive=False),
            "3": lambda: self._choose_tool(BOX),
            "4": lambda: self._choose_tool(SCRIBBLE),
            "5": lambda: self._choose_tool(LASSO),
            "X": lambda: self._ui.negativeButton.setChecked(not self._ui.negativeButton.checked),
            "N": self._new_segment,
            "Return": self.placer.finish,
            "Z": self.segmenter.undo,
            "Shift+Z": self.segmenter.redo,
            "[": lambda: self.segmenter.step_candidate(-1),
            "]": lambda: self.segmenter.step_candidate(1),
            "Escape": self._escape,
        }

    def _on_volume(self, _node: Any = None) -> None:
        node = self._ui.volumeSelector.currentNode()
        if node is not None:
            self._start_engine()
        self.segmenter.choose_volume(node)

    def _start_engine(self) -> None:
        if not self._model_asked_for:
            self._model_asked_for = True
            self._timer.start()
            self.segmenter.load_model(self._checkpoint)

    def _on_target(self, _value: Any = None) -> None:
        if not self._is_refreshing:
            selector = self._ui.segmentSelector
            self.segmenter.choose_target(selector.currentNode(), selector.currentSegmentID() or "")

    def _new_segment(self) -> None:
        self._ui.negativeButton.setChecked(False)
        self.segmenter.new_segment()

    def _on_tool(self, tool: PromptTool, checked: bool = False) -> None:
        self._choose_tool(tool if checked else None)

    def _choose_tool(self, tool: PromptTool | None, positive: bool | None = None) -> None:
        self._tool = tool
        for other in (POINT, BOX, SCRIBBLE, LASSO):
            getattr(self._ui, f"{other.name}Button").setChecked(other is tool)
        if positive is not None and self._ui.negativeButton.checked == positive:
            self._ui.negativeButton.setChecked(not positive)
        else:
            self._take_in_hand()

    def _take_in_hand(self) -> None:
        if self._tool is None:
            self.placer.put_down()
            return
        self.placer.take(self._tool, not self._ui.negativeButton.checked)
        self._ui.finishButton.setEnabled(self._tool.points is None)
        self.say(self._tool.hint)

    def _on_polarity(self, _checked: bool = False) -> None:
        self._take_in_hand()

    def _put_down(self) -> None:
        self._choose_tool(None)

    def _escape(self) -> None:
        if self.segmenter.is_busy:
            self.segmenter.cancel()
        else:
            self._put_down()
