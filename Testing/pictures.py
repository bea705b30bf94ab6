"""Pictures of every section of the panel: ``python Testing/pictures.py FOLDER``, to be looked at.

Each section is taken empty and full, 380 and 720 pixels wide, light and dark; ``sheet-*.png`` show those of one look beside
each other. The scan is the CT phantom, and segments and answers are the bundled checkpoint's. ``--readme`` writes the
pictures of the README instead.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT)]

from harness import open_slicer
from MedVLSAM2Lib.report import SectionKey
from MedVLSAM2Lib.training.phantom import make_phantom

WIDTHS = (380, 720)
SECTIONS = ("input", "segment", "ask", "report", "keys", "model", "teach", "setup")
CLICKED = ("liver", "spleen", "urinary bladder")
TICKED = ("liver", "spleen", "left kidney", "right kidney")
LOOKED_FOR = "left lung"
QUESTIONS = ("Is the liver in this scan?", "How large is the left lung?")
_PATIENCE_S = 300.0
_A_POLL_S = 0.05


class Studio:
    """The panel in the harness, posed."""

    def __init__(self, a_slicer: Any) -> None:
        self._slicer = a_slicer
        self.module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
        self.ui = self.module.widget.ui
        self._other_ui = {"teach": self.module.widget.teachUi, "setup": self.module.widget.setupUi}
        self._panel = self.module.widget.panel
        self.module.widget.enter()

    def fill(self) -> None:
        """A scan with a few segments, a draft of them, a conversation and a model of the catalogue."""
        phantom = make_phantom()
        self._volume = self._shown(phantom.volume)
        for name in CLICKED:
            self._click(phantom.innermost(name))
            segmentation = self._panel.segmenter.segmentation_node
            segmentation.GetSegmentation().GetSegment(self._panel.segmenter.segment_id).SetName(name)
            self.ui.newSegmentButton.click()
        self._find(LOOKED_FOR)
        self._tick()
        self._converse()
        self._draft()
        self.ui.catalogueTable.setCurrentCell(1, 0)
        self._take_point()

    def look_again(self) -> None:
        """Let the panel see that the colours are others."""
        for _ in range(2):
            time.sleep(_A_POLL_S)
            self._slicer.process_events()

    def pose(self, section: str, width: int) -> Any:
        """Unfold one section alone, ``width`` pixels wide; its pixels."""
        # Not at the top, here and below: the harness prepares Qt before anything imports it.
        from harness.screenshots import pixels_of_widget

        for other in SECTIONS:
            self._section(other).collapsed = other != section
        self.ui.structuresGroup.collapsed = section != "segment"
        panel = self.module.panel
        panel.show()
        # A layout within a layout hears of a new size one round later.
        for _ in range(4):
            panel.resize(width, panel.heightForWidth(width) if panel.hasHeightForWidth() else panel.sizeHint.height())
            self._slicer.process_events()
        return pixels_of_widget(self._section(section))

    def _section(self, name: str) -> Any:
        return getattr(self._other_ui.get(name, self.ui), f"{name}Section")

    def _shown(self, volume: Any) -> Any:
        import slicer

        node = slicer.util.addVolumeFromArray(volume.array, volume.ijk_to_ras, "CT trunk")
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetAutoWindowLevel(False)
        node.GetDisplayNode().SetWindowLevel(volume.window.width, volume.window.centre)
        self._slicer.open_view("Red")
        self._slicer.show_volume(node)
        self.ui.volumeSelector.setCurrentNode(node)
        self._wait(lambda: self._panel.model.info is not None and "is open" in str(self.ui.statusLabel.text))
        return node

    def _click(self, position: Any) -> None:
        self._take_point()
        self._slicer.click("Red", position)
        self._wait(lambda: not self._panel.segmenter.is_busy)

    def _take_point(self) -> None:
        if not self.ui.pointButton.checked:
            self.ui.pointButton.click()

    def _find(self, phrase: str) -> None:
        self.ui.phraseEdit.setText(phrase)
        self.ui.phraseButton.click()
        self._wait(lambda: not self._panel.segmenter.is_busy)

    def _tick(self) -> None:
        from PySide6 import QtCore

        self.ui.structuresSearch.setText("kidney")
        items = self.ui.structuresTree.findItems(
            "", QtCore.Qt.MatchFlag.MatchContains | QtCore.Qt.MatchFlag.MatchRecursive
        )
        for item in items:
            if item.text(0) in TICKED:
                item.setCheckState(0, QtCore.Qt.CheckState.Checked)

    def _converse(self) -> None:
        for question in QUESTIONS:
            self.ui.questionEdit.setText(question)
            self.ui.askButton.click()
            self._wait(lambda: not self._panel.asker.is_busy)

    def _draft(self) -> None:
        self.ui.indicationEdit.setText("Flank pain on the left.")
        self.ui.draftButton.click()
        self._wait(lambda: not self._panel.report.is_busy)
        reporter = self._panel.report.reporter
        reporter.add(SectionKey.IMPRESSION, "", "No earlier scan to compare with.")
        first = next(one for one in reporter.report.statements if one.source == "measured")
        reporter.edit(first.statement_id, f"{reporter.report.text_of(first)} Homogeneous.")
        self._wait(lambda: not self._panel.report.is_busy)
        self.ui.reportTable.setCurrentCell(3, 0)

    def _wait(self, until: Callable[[], bool]) -> None:
        self._slicer.process_events(until=until, timeout_s=_PATIENCE_S)
        self._slicer.process_events()


def take_all(studio: Studio, state: str, folder: Path) -> None:
    """Every section in every look, each in a file of its own, and a sheet of each look."""
    from harness import screenshots
    from harness.themes import Theme, themed

    for theme in Theme:
        for width in WIDTHS:
            with themed(theme):
                studio.look_again()
                taken = {section: studio.pose(section, width) for section in SECTIONS}
            for section, pixels in taken.items():
                screenshots.save_png(pixels, folder / f"{section}-{state}-{width}-{theme}.png")
            screenshots.save_png(screenshots.beside(*taken.values()), folder / f"sheet-{state}-{width}-{theme}.png")


def take_best(studio: Studio, folder: Path) -> None:
    """Those of the README."""
    from harness import screenshots
    from harness.themes import Theme, themed

    with themed(Theme.LIGHT):
        studio.look_again()
        for section in ("segment", "ask", "report"):
            screenshots.save_png(studio.pose(section, 420), folder / f"{section}.png")
    with themed(Theme.DARK):
        studio.look_again()
        screenshots.save_png(studio.pose("report", 420), folder / "report-dark.png")


def main() -> int:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", action="store_true", help="the pictures of the README alone")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with open_slicer() as a_slicer:
        studio = Studio(a_slicer)
        if not arguments.readme:
            take_all(studio, "empty", arguments.folder)
        studio.fill()
        if arguments.readme:
            take_best(studio, arguments.folder)
        else:
            take_all(studio, "full", arguments.folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
