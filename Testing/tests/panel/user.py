"""What a person does in front of the panel, and what they see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import keyboard

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

Ras = tuple[float, float, float]

INSIDE = (0.0, 0.0, 0.0)
"""World position of the middle of the bright block: voxel (30, 25, 20)."""
BESIDE = (-30.0, 0.0, 0.0)


def unbroken(text: str) -> str:
    """What a label shows, without the places where its long words may break."""
    return str(text).replace("\N{ZERO WIDTH SPACE}", "")


class User:
    """One person with a mouse and a keyboard."""

    def __init__(self, a_slicer: OffscreenSlicer, module: Any, worker_folder: Path) -> None:
        self.slicer = a_slicer
        self.module = module
        self.ui = module.widget.ui
        self.panel = module.widget.panel
        self._behaviour = worker_folder / "behaviour.json"

    # Hands

    def press(self, button: str) -> None:
        """Click a button of the panel by its name."""
        keyboard.click_widget(getattr(self.ui, f"{button}Button"))

    def take(self, tool: str) -> None:
        """Have a tool in hand: press its button unless it is down."""
        if not getattr(self.ui, f"{tool}Button").checked:
            self.press(tool)

    def key(self, name: str, *, shift: bool = False) -> None:
        """Press a key over the panel."""
        panel = self.module.panel
        panel.show()
        panel.activateWindow()
        self.slicer.process_events()
        keyboard.press_key(panel, name, shift=shift)

    def show_panel(self) -> None:
        """Bring the panel to the front, so that keys reach it."""
        self.module.panel.show()
        self.module.panel.activateWindow()
        self.slicer.process_events()

    def type(self, line: str, text: str) -> None:
        """Click into a line of the panel and type instead of what is there."""
        self.show_panel()
        edit = getattr(self.ui, f"{line}Edit")
        keyboard.click_widget(edit)
        edit.selectAll()
        keyboard.type_text(edit, text)

    def enter(self, line: str, text: str = "") -> None:
        """Type into a line, if there is anything to type, and press Enter in it."""
        edit = getattr(self.ui, f"{line}Edit")
        if text:
            self.type(line, text)
            self._close_completions(edit)
        else:
            self.show_panel()
            keyboard.click_widget(edit)
        keyboard.press_key(edit, "Return")

    def find(self, phrase: str) -> None:
        """Name something and wait for the answer."""
        self.enter("phrase", phrase)
        self.wait()

    def ask(self, question: str) -> None:
        """Ask something and wait for the answer."""
        self.enter("question", question)
        self.wait(lambda: not self.panel.asker.is_busy)

    def follow(self, words: str) -> None:
        """Click on words of the conversation, in the text view."""
        view = self.ui.conversationView
        keyboard.click_words(view, words)
        self.slicer.process_events()

    def click(self, position: Ras, view: str = "Red") -> None:
        """Click in a slice view and wait until the panel says something about it."""
        self._until_said(lambda: self.slicer.click(view, position))

    def drag(self, *positions: Ras, view: str = "Red") -> None:
        """Press, drag and release in a slice view and wait until the panel says something about it."""
        self._until_said(lambda: self.slicer.drag(view, *positions))

    def prompt(self, position: Ras) -> None:
        """Click and wait for the answer."""
        self.click(position)
        self.wait()

    # Patience

    def wait(self, until: Callable[[], bool] | None = None) -> None:
        """Wait until something is so, or until nothing is being answered."""
        self.slicer.process_events(until=until or (lambda: not self.panel.segmenter.is_busy), timeout_s=60)

    def wait_to_read(self, words: str) -> None:
        """Wait until the panel says ``words``."""
        self.slicer.process_events(until=lambda: words in self.says, timeout_s=60)

    # Eyes

    @property
    def says(self) -> str:
        """The status line."""
        return unbroken(self.ui.statusLabel.text)

    @property
    def conversation(self) -> str:
        """The conversation as it is read, a paragraph a line."""
        return "\n".join(line for line in str(self.ui.conversationView.toPlainText()).split("\n") if line)

    @property
    def reason(self) -> str:
        """Why tools are off, as the panel tells it."""
        return unbroken(self.ui.reasonLabel.text) if not self.ui.reasonLabel.isHidden() else ""

    def tools(self) -> list[str]:
        """The tools that can be taken."""
        names = ("point", "box", "scribble", "lasso")
        return [name for name in names if getattr(self.ui, f"{name}Button").enabled]

    def mask(self, volume: Any, segment_id: str | None = None, segmentation: Any = None) -> np.ndarray:
        """The chosen segment, or another, on the volume's voxels; nothing where there is none."""
        import slicer

        segmenter = self.panel.segmenter
        node, identifier = segmentation or segmenter.segmentation_node, segment_id or segmenter.segment_id
        is_there = node is not None and node.GetSegmentation().GetSegment(identifier) is not None
        array = slicer.util.arrayFromSegmentBinaryLabelmap(node, identifier, volume) if is_there else None
        return np.zeros((40, 50, 60), bool) if array is None else array > 0

    def segments(self) -> dict[str, str]:
        """The ids of the chosen segmentation's segments by their names."""
        from MedVLSAM2Lib.scene.segments import list_segments

        node = self.panel.segmenter.segmentation_node
        return {} if node is None else {info.name: info.segment_id for info in list_segments(node)}

    def prompts(self, volume: Any) -> tuple[Any, ...]:
        """What is kept with the chosen segment."""
        from MedVLSAM2Lib.scene.segment_prompts import prompts_of_segment

        segmenter = self.panel.segmenter
        return prompts_of_segment(segmenter.segmentation_node, segmenter.segment_id, volume)

    def prompts_in_view(self) -> list[Any]:
        """The markups of finished prompts that are shown."""
        scene = self.slicer.scene
        nodes = [scene.GetNthNodeByClass(n, "vtkMRMLMarkupsNode") for n in range(self._count("vtkMRMLMarkupsNode"))]
        return [node for node in nodes if node.GetLocked() and node.GetDisplayNode().GetVisibility()]

    # The worker's mood

    def worker_will_also(self, **behaviour: Any) -> None:
        """What the worker does differently from now on."""
        self.worker_will(**(json.loads(self._behaviour.read_text("utf-8")) | behaviour))

    def worker_will(self, **behaviour: Any) -> None:
        """What the worker does from now on: ``pause_s``, ``trouble``."""
        self._behaviour.write_text(json.dumps(behaviour))

    def _count(self, class_name: str) -> int:
        return int(self.slicer.scene.GetNumberOfNodesByClass(class_name))

    def _close_completions(self, edit: Any) -> None:
        """Off screen, Qt takes the list of completions for the active window, and its keys for lost."""
        if edit.completer() is not None:
            edit.completer().popup().hide()
            self.show_panel()

    def _until_said(self, act: Callable[[], object]) -> None:
        self.ui.statusLabel.setText("")
        act()
        self.slicer.process_events(until=lambda: bool(self.says), timeout_s=10)
