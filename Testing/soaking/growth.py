"""The panel used for hours: hundreds of clicks and dozens of scans, and whether memory grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .processes import private_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .processes import Mark

_MODULE = Path(__file__).resolve().parents[2] / "MedVLSAM2" / "MedVLSAM2.py"
_A_WHILE_S = 600.0
_CLICKS_PER_SEGMENT = 5


@dataclass
class Growth:
    """Memory over a number of things done, in bytes, one figure for each.

    Attributes:
        worker: what the worker had that was its own.
        host: what the panel's process had that was its own.
    """

    worker: list[int] = field(default_factory=list)
    host: list[int] = field(default_factory=list)

    def measure(self, worker: int) -> None:
        """Note what there is now."""
        self.worker.append(private_memory(worker))
        self.host.append(private_memory())

    @staticmethod
    def slope(figures: list[int]) -> float:
        """Bytes for each thing done, over the second half: what is filled once was filled before."""
        half = np.array(figures[len(figures) // 2 :], float)
        return float(np.polyfit(np.arange(len(half)), half, 1)[0]) if len(half) > 2 else 0.0


class Desk:
    """The module in the harness, as somebody uses it."""

    def __init__(self, a_slicer: Any, worker_id: Callable[[], int]) -> None:
        self._slicer = a_slicer
        self._worker_id = worker_id
        a_slicer.open_view("Red")
        self._module = a_slicer.load_module(_MODULE)
        self._widget = self._module.widget
        self._widget.enter()
        self.sentences: set[str] = set()

    @property
    def panel(self) -> Any:
        """What the widgets do."""
        return self._widget.panel

    def open(self, voxels: np.ndarray, name: str) -> Any:
        """A new volume node of 1 mm voxels, chosen and shown; the node."""

        def copy(there: np.ndarray) -> None:
            there[:] = voxels

        return self.open_filled(voxels.shape, copy, name)

    def open_filled(self, shape: Sequence[int], fill: Callable[[np.ndarray], object], name: str) -> Any:
        """The same with int16 voxels (K, J, I) that ``fill`` writes in place."""
        import slicer
        import vtk

        image = vtk.vtkImageData()
        image.SetDimensions(*reversed(shape))
        image.AllocateScalars(vtk.VTK_SHORT, 1)
        node = self._slicer.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        node.SetAndObserveImageData(image)
        fill(slicer.util.arrayFromVolume(node))
        node.CreateDefaultDisplayNodes()
        self._slicer.show_volume(node)
        self._widget.ui.volumeSelector.setCurrentNode(node)
        self._wait(lambda: f"{name} is open" in self.says)
        return node

    @property
    def says(self) -> str:
        """The panel's status line."""
        return str(self._widget.ui.statusLabel.text)

    def click(self, position: tuple[float, float, float]) -> None:
        """Click with the point tool and wait for the answer."""
        if not self._widget.ui.pointButton.checked:
            self._widget.ui.pointButton.click()
        self._widget.ui.statusLabel.setText("")
        self._slicer.click("Red", position)
        self._wait(lambda: bool(self.says) and not self.panel.segmenter.is_busy)
        self.sentences.add(self.says)

    def find(self, words: str) -> None:
        """Look for what words name."""
        self._widget.ui.statusLabel.setText("")
        self.panel.finder.find([words])
        self._wait(lambda: bool(self.says) and not self.panel.segmenter.is_busy)

    def draft(self) -> None:
        """Draft a report of what is segmented."""
        self._widget.ui.reportSection.collapsed = False
        self._slicer.process_events()
        self._widget.ui.draftButton.click()
        self._slicer.process_events()
        self._wait(lambda: not self.panel.report.is_busy)

    def delete_segment(self) -> None:
        """Delete the segment that was prompted, and begin another with the next click."""
        segmenter = self.panel.segmenter
        if segmenter.segmentation_node is not None and segmenter.segment_id:
            segmenter.segmentation_node.GetSegmentation().RemoveSegment(segmenter.segment_id)
        self._widget.ui.newSegmentButton.click()

    def delete(self, *nodes: Any) -> None:
        """Delete nodes, as the Data module does."""
        for node in nodes:
            if node is not None and node.GetScene() is not None:
                self._slicer.scene.RemoveNode(node)
        self._slicer.process_events()

    def worker(self) -> int:
        """The worker's process."""
        return self._worker_id()

    def _wait(self, until: Callable[[], bool]) -> None:
        self._slicer.process_events(until=until, timeout_s=_A_WHILE_S)


@contextmanager
def open_desk(mark: Mark, checkpoint: Path | None = None, worker: tuple[str, ...] | None = None) -> Iterator[Desk]:
    """The module with the engine that comes with it, or with another checkpoint and worker; it bears ``mark``."""
    import MedVLSAM2Lib.bundled_checkpoint
    import MedVLSAM2Lib.engine
    from harness import open_slicer
    from MedVLSAM2Lib.engine import LocalLauncher
    from MedVLSAM2Lib.engine.launcher import WORKER_MODULE

    from .kills import KillableLauncher

    launcher = KillableLauncher(arguments=worker or ("-m", WORKER_MODULE), environment=mark.environment)
    folder = checkpoint or MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint()
    earlier = MedVLSAM2Lib.engine.LocalLauncher, MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint
    assert earlier[0] is LocalLauncher
    MedVLSAM2Lib.engine.LocalLauncher = lambda: launcher  # type: ignore[assignment,misc]
    MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint = lambda: folder
    try:
        with open_slicer() as a_slicer:
            yield Desk(a_slicer, launcher.process_id)
            a_slicer.close_modules()
    finally:
        MedVLSAM2Lib.engine.LocalLauncher, MedVLSAM2Lib.bundled_checkpoint.bundled_checkpoint = earlier


def grow_by_clicks(desk: Desk, voxels: np.ndarray, clicks: int, tell: Callable[[str], None]) -> Growth:
    """Click so often, a segment for every few clicks, each of them deleted."""
    growth, random = Growth(), np.random.default_rng(1)
    node = desk.open(voxels, "clicked")
    for number in range(clicks):
        desk.click(_position(voxels.shape, random))
        if number % _CLICKS_PER_SEGMENT == _CLICKS_PER_SEGMENT - 1:
            desk.delete_segment()
        growth.measure(desk.worker())
        tell(f"{number + 1} of {clicks} clicks")
    desk.delete(desk.panel.segmenter.segmentation_node, node)
    return growth


def grow_by_volumes(desk: Desk, scans: Iterable[np.ndarray], tell: Callable[[str], None]) -> Growth:
    """Open scans (K, J, I) one after another, click in each, and delete it and its segmentation."""
    growth, random = Growth(), np.random.default_rng(2)
    for number, voxels in enumerate(scans, start=1):
        node = desk.open(voxels, f"scan {number}")
        desk.click(_position(voxels.shape, random))
        desk.delete(desk.panel.segmenter.segmentation_node, node)
        growth.measure(desk.worker())
        tell(f"{number} volumes")
    return growth


def scans_of_many_sizes(voxels: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """So many corners of ``voxels``, none like another: memory that is kept by size does not fit the next one."""
    random = np.random.default_rng(3)
    for number in range(count):
        k, j, i = (random.integers(size // 2, size, endpoint=True) for size in voxels.shape)
        yield voxels[:k, :j, :i] + np.int16(number)


def _position(shape: tuple[int, ...], random: np.random.Generator) -> tuple[float, float, float]:
    """Somewhere in the slice that is shown, away from its rim; R, A, S in mm."""
    i, j = (random.uniform(0.3, 0.7) * size for size in reversed(shape[1:]))
    return float(i), float(j), shape[0] / 2
