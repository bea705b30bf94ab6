"""The segment section: its widgets, and what they call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import qt

from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.prompt_placer import PromptPlacer
from MedVLSAM2Lib.panel.prompt_tool import BOX, LASSO, POINT, SCRIBBLE, TOOLS, PromptTool
from MedVLSAM2Lib.panel.segmenter import Segmenter
from MedVLSAM2Lib.panel.tool_rules import why_no_tool, why_not
from MedVLSAM2Lib.panel.typed_text import in_label, in_tooltip


class SegmentSection:
    """Binds the widgets of ``MedVLSAM2.ui`` that prompt and refine to a Segmenter.

    Args:
        ui: the widgets by name.
        segmenter: does the work.
        volume: the chosen scan.
        model: the chosen model.
        say: shows one sentence in the status line.
        make_placer: makes the placer, from what it calls when a prompt was drawn and when the tool was taken away.
    """

    def __init__(
        self,
        ui: Any,
        segmenter: Segmenter,
        volume: ChosenVolume,
        model: ChosenModel,
        say: Callable[[str], None],
        make_placer: Callable[[Callable[[PromptTool, bool, Any], None], Callable[[], None]], PromptPlacer],
    ) -> None:
        self._ui, self._segmenter, self._volume, self._model = ui, segmenter, volume, model
        self._say = say
        self._tool: PromptTool | None = None
        self._is_refreshing = False
        self._tooltips = {tool: str(self._button(tool).toolTip) for tool in TOOLS}
        self.placer = make_placer(segmenter.prompt, self.put_down)
        self._that_stay_down = (*map(self._button, TOOLS), ui.negativeButton, ui.beforeButton, ui.waitButton)
        self._connect()

    def actions(self) -> dict[str, Callable[[], object]]:
        """What the keys do, by the names of the key map."""
        segmenter = self._segmenter
        return {
            "positive_point": lambda: self._choose_tool(POINT, positive=True),
            "negative_point": lambda: self._choose_tool(POINT, positive=False),
            "box": lambda: self._choose_tool(BOX),
            "scribble": lambda: self._choose_tool(SCRIBBLE),
            "lasso": lambda: self._choose_tool(LASSO),
            "polarity": lambda: self._ui.negativeButton.setChecked(not self._ui.negativeButton.checked),
            "finish": self.placer.finish,
            "wait": lambda: self._ui.waitButton.setChecked(not self._ui.waitButton.checked),
            "go": segmenter.go,
            "undo": segmenter.undo,
            "redo": segmenter.redo,
            "smaller": partial(segmenter.step_candidate, -1),
            "larger": partial(segmenter.step_candidate, 1),
            "new_segment": self._new_segment,
            "count_lesions": segmenter.count_lesions,
        }

    def refresh(self) -> None:
        """Show what can be done now."""
        segmenter, ui = self._segmenter, self._ui
        self._show_waiting()
        ui.undoButton.setEnabled(segmenter.can_undo)
        ui.redoButton.setEnabled(segmenter.can_redo)
        ui.smallerButton.setEnabled(segmenter.can_step(-1))
        ui.largerButton.setEnabled(segmenter.can_step(1))
        ui.cancelButton.setEnabled(segmenter.is_busy)
        ui.progressBar.setVisible(segmenter.is_busy)
        ui.progressBar.setRange(0, 100 if segmenter.progress else 0)
        ui.progressBar.setValue(round(100 * segmenter.progress))
        ui.remainingLabel.setText(segmenter.remaining if segmenter.is_busy else "")
        ui.remainingLabel.setVisible(bool(ui.remainingLabel.text))
        self._show_tools()
        self._show_target()

    def show_in_new_colours(self) -> None:
        """Show which buttons are down, so that it can be told at a glance in dark themes too."""
        colours = self._ui.segmentSection.palette
        down = qt.QPalette(colours)
        down.setColor(qt.QPalette.Button, colours.color(qt.QPalette.Highlight))
        down.setColor(qt.QPalette.ButtonText, colours.color(qt.QPalette.HighlightedText))
        for button in self._that_stay_down:
            button.setPalette(down if button.checked else qt.QPalette())

    def put_down(self) -> None:
        """Put the tool down."""
        self._choose_tool(None)

    def escape(self) -> None:
        """Cancel what is being answered, or put the tool down."""
        if self._segmenter.is_busy:
            self._segmenter.cancel()
        else:
            self.put_down()

    def _show_tools(self) -> None:
        off = {tool: why_not(tool, self._volume, self._model) for tool in TOOLS}
        for tool, reason in off.items():
            self._button(tool).setEnabled(not reason)
            self._button(tool).setToolTip(in_tooltip(reason) or self._tooltips[tool])
        missing = [tool.name for tool, reason in off.items() if reason]
        reason = why_no_tool(self._volume, self._model)
        for button in (self._ui.negativeButton, self._ui.waitButton, self._ui.beforeButton):
            button.setEnabled(not reason)
        if not reason and missing:
            reason = f"This model was not trained for: {', '.join(missing)}."
        self._ui.reasonLabel.setText(in_label(reason))
        self._ui.reasonLabel.setVisible(bool(reason))
        if self._tool is not None and off[self._tool]:
            self.put_down()

    def _show_waiting(self) -> None:
        waiting, button = self._segmenter.waiting, self._ui.goButton
        count = f" ({len(waiting)})" if len(waiting) > 1 else ""
        button.setText(f"Go{count}" if waiting.is_collecting or not waiting else f"Try again{count}")
        button.setEnabled(bool(waiting) and not self._segmenter.is_busy)

    def _show_target(self) -> None:
        self._is_refreshing = True
        ui, segmenter = self._ui, self._segmenter
        node = segmenter.segmentation_node
        if node is not None and node is not ui.segmentSelector.currentNode():
            ui.segmentSelector.setCurrentNode(node)
        if segmenter.segment_id != (ui.segmentSelector.currentSegmentID() or ""):
            ui.segmentSelector.setCurrentSegmentID(segmenter.segment_id)
        is_new = self._volume.node is not None and (segmenter.is_counting or not segmenter.segment_id)
        what = (
            "Each click starts a new lesion (M)." if segmenter.is_counting else "The next prompt starts a new segment."
        )
        ui.targetLabel.setText(what if is_new else "")
        ui.targetLabel.setVisible(is_new)
        ui.newSegmentButton.setEnabled(bool(segmenter.segment_id))
        self._is_refreshing = False

    def _connect(self) -> None:
        ui, segmenter = self._ui, self._segmenter
        ui.segmentSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_target)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self._on_target)
        ui.newSegmentButton.connect("clicked()", self._new_segment)
        for tool in TOOLS:
            self._button(tool).connect("clicked(bool)", partial(self._on_tool, tool))
        for button in self._that_stay_down:
            button.connect("toggled(bool)", lambda _checked=False: self.show_in_new_colours())
        ui.negativeButton.connect("toggled(bool)", self._on_polarity)
        ui.finishButton.connect("clicked()", self.placer.finish)
        ui.waitButton.connect("toggled(bool)", segmenter.collect)
        ui.goButton.connect("clicked()", segmenter.go)
        ui.undoButton.connect("clicked()", segmenter.undo)
        ui.redoButton.connect("clicked()", segmenter.redo)
        ui.smallerButton.connect("clicked()", lambda: segmenter.step_candidate(-1))
        ui.largerButton.connect("clicked()", lambda: segmenter.step_candidate(1))
        ui.cancelButton.connect("clicked()", segmenter.cancel)

    def _button(self, tool: PromptTool) -> Any:
        return getattr(self._ui, f"{tool.name}Button")

    def _on_target(self, _value: Any = None) -> None:
        if not self._is_refreshing:
            selector = self._ui.segmentSelector
            self._ui.negativeButton.setChecked(False)
            self._segmenter.choose_target(selector.currentNode(), selector.currentSegmentID() or "")

    def _new_segment(self) -> None:
        self._ui.negativeButton.setChecked(False)
        self._segmenter.new_segment()

    def _on_tool(self, tool: PromptTool, checked: bool = False) -> None:
        self._choose_tool(tool if checked else None)

    def _choose_tool(self, tool: PromptTool | None, positive: bool | None = None) -> None:
        reason = why_not(tool, self._volume, self._model) if tool is not None else ""
        if reason:
            self._say(reason)
            return
        self._tool = tool
        for other in TOOLS:
            self._button(other).setChecked(other is tool)
        if positive is not None and self._ui.negativeButton.checked == positive:
            self._ui.negativeButton.setChecked(not positive)
        else:
            self._take_in_hand()

    def _take_in_hand(self) -> None:
        tool = self._tool
        self._ui.finishButton.setEnabled(tool is not None and tool.points is None)
        if tool is None:
            self.placer.put_down()
            return
        self.placer.take(tool, not self._ui.negativeButton.checked)
        self._say(tool.hint)

    def _on_polarity(self, _checked: bool = False) -> None:
        self._take_in_hand()
