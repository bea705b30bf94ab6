"""What a person does with the report section, and what they see there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import keyboard
from tests.panel.user import unbroken

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

Block = tuple[slice, slice, slice]


def drawn(module: Any, volume: Any, blocks: Mapping[str, Block]) -> dict[str, str]:
    """A segmentation with these blocks as segments, chosen in the panel; ids by name."""
    import slicer

    from MedVLSAM2Lib.scene.segments import create_segment, create_segmentation

    node = create_segmentation(volume)
    ids = {name: create_segment(node, name) for name in blocks}
    for name, block in blocks.items():
        paint(node, ids[name], volume, block)
    module.widget.ui.segmentSelector.setCurrentNode(node)
    assert module.widget.panel.segmenter.segmentation_node is node
    assert isinstance(node, slicer.vtkMRMLSegmentationNode)
    return ids


def paint(segmentation: Any, segment_id: str, volume: Any, block: Block) -> None:
    """Make a segment a block, as another tool of Slicer would."""
    import slicer

    mask = np.zeros(slicer.util.arrayFromVolume(volume).shape, np.uint8)
    mask[block] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, segment_id, volume)


class Reader:
    """One person with a mouse and a keyboard over the report section."""

    def __init__(self, a_slicer: OffscreenSlicer, module: Any) -> None:
        self.slicer = a_slicer
        self.module = module
        self.ui = module.widget.ui
        self.section = module.widget.panel.report
        self.table = self.ui.reportTable

    # Hands

    def open_section(self) -> None:
        """Show the panel with the section unfolded."""
        self.ui.reportSection.collapsed = False
        self.module.panel.show()
        self.module.panel.activateWindow()
        self.slicer.process_events()

    def press(self, button: str) -> None:
        keyboard.click_widget(getattr(self.ui, f"{button}Button"))
        self.settle()

    def press_without_waiting(self, button: str) -> None:
        keyboard.click_widget(getattr(self.ui, f"{button}Button"))

    def draft(self) -> None:
        """Press Draft and wait for the numbers."""
        self.press("draft")

    def choose_template(self, title: str) -> None:
        """Choose another template, as with the mouse in the list that drops down."""
        selector = self.ui.templateSelector
        selector.setCurrentIndex(selector.findText(title))
        selector.activated.emit(selector.currentIndex)

    def export(self, kind: str, folder: Path) -> None:
        """Choose format and folder, press Write and wait."""
        formats = [str(self.ui.exportFormat.itemText(n)) for n in range(self.ui.exportFormat.count)]
        self.ui.exportFormat.setCurrentIndex(next(n for n, text in enumerate(formats) if text.startswith(kind)))
        self.ui.exportFolder.setCurrentPath(str(folder))
        self.press("export")

    def copied_text(self) -> str:
        """Press Copy text; what is on the clipboard then."""
        import qt

        self.press("copyReport")
        return str(qt.QApplication.clipboard().text()).replace("\N{NO-BREAK SPACE}", " ")

    def paint(self, segment_id: str, volume: Any, block: Block, *, wait: bool = True) -> None:
        """Correct a segment with another tool."""
        paint(self.segmentation, segment_id, volume, block)
        if wait:
            self.settle()

    def press_key_in_table(self, key: str, *, alt: bool = False) -> None:
        keyboard.press_key(self.table, key, alt=alt)
        self.settle()

    def type_into(self, widget: str, text: str, key: str = "Return") -> None:
        """Type into a line of the panel and press a key."""
        line = getattr(self.ui, widget)
        keyboard.click_widget(line)
        keyboard.type_text(line, text)
        keyboard.press_key(line, key)
        self.settle()

    def click_sentence(self, start: str) -> None:
        keyboard.click_cell(self.table, self._row(start), 0)
        self.settle()

    def hover_over_sentence(self, start: str) -> None:
        keyboard.hover_over_cell(self.table, self._row(start), 0)
        self.slicer.process_events()

    def rewrite(self, start: str, text: str, key: str = "Return") -> None:
        """Double-click a sentence, type over it, and press a key."""
        editor = self.open_editor(start)
        editor.selectAll()
        keyboard.type_text(editor, text)
        keyboard.press_key(editor, key)
        self.settle()

    def open_editor(self, start: str) -> Any:
        """Double-click a sentence; the line that opens in its place."""
        import qt

        keyboard.click_cell(self.table, self._row(start), 0, double=True)
        self.slicer.process_events()
        return qt.QApplication.focusWidget()

    # Patience

    def settle(self) -> None:
        """Wait until everything is measured, written and shown."""
        self.slicer.process_events()
        self.slicer.process_events(until=lambda: not self.section.is_busy, timeout_s=60)
        self.slicer.process_events()

    def wait_for_numbers(self) -> None:
        """Wait until everything is measured, shown or not."""
        self.slicer.process_events(until=lambda: not self.section.reporter.is_busy, timeout_s=60)

    # Eyes

    @property
    def segmentation(self) -> Any:
        """The chosen one."""
        return self.section.reporter.segmentation_node

    @property
    def progress(self) -> str:
        return str(self.ui.progressLabel.text)

    def slice_offset(self, view: str) -> float:
        """Where a slice view is along its axis, in mm."""
        return float(self.slicer.open_view(view).get_view_node().GetSliceOffset())

    @property
    def lines(self) -> list[str]:
        """All rows of the table."""
        return [str(self.table.item(row, 0).text()).replace("\N{NO-BREAK SPACE}", " ") for row in self._all_rows()]

    @property
    def says(self) -> str:
        """The section's line."""
        return unbroken(self.ui.reportLabel.text)

    @property
    def draft_line(self) -> str:
        return str(self.ui.draftLabel.text)

    def sentence(self, start: str) -> str:
        return self.lines[self._row(start)]

    def has(self, start: str) -> bool:
        return any(line.startswith(start) for line in self.lines)

    def mark_of(self, start: str) -> str:
        return str(self.table.item(self._row(start), 1).text())

    def is_struck(self, start: str) -> bool:
        return bool(self.table.item(self._row(start), 0).font().strikeOut())

    def _all_rows(self) -> range:
        return range(self.table.rowCount)

    def _row(self, start: str) -> int:
        found = [row for row, line in enumerate(self.lines) if line.startswith(start)]
        assert found, f"no row starts with {start!r}: {self.lines}"
        return found[0]
