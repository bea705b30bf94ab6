"""One sitting in front of the panel: the harness in Slicer's place, a real mouse click, a real engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import open_slicer
from MedVLSAM2Lib.commands.demo import DemoError
from MedVLSAM2Lib.commands.positions import Ras
from MedVLSAM2Lib.prompts import nearest_voxel
from MedVLSAM2Lib.scene.volume_node import make_volume_node
from MedVLSAM2Lib.volume import Volume

_MODULE = Path(__file__).resolve().parents[2] / "MedVLSAM2" / "MedVLSAM2.py"
_SLICE_VIEWS = ("Red", "Yellow", "Green")
_SLICE_SIZE, _SURFACE_SIZE = (480, 480), (720, 640)
_PANEL_WIDTH = 420
_ANSWER_S = 240.0


@dataclass(frozen=True)
class DemoResult:
    """What came out.

    Attributes:
        sentence: the segment's name, size and whether the clicked voxel is in it.
        clicked_voxel_inside: whether it is.
        files: what was written.
    """

    sentence: str
    clicked_voxel_inside: bool
    files: tuple[Path, ...]


def show_and_click(volume: Volume, point: Ras, output: Path) -> DemoResult:
    """Open ``volume`` in the panel, click at ``point`` (RAS mm) in the Red view, and save scene, segment and pictures.

    Raises:
        DemoError: the click lies outside the scan, or the panel reports that something did not work.
    """
    if not _voxel_is_in(volume, point):
        raise DemoError(f"The point {point} lies outside {volume.name}; give one inside it with --point.")
    output.mkdir(parents=True, exist_ok=True)
    with open_slicer() as a_slicer:
        sitting = _Sitting(a_slicer, volume)
        sitting.open()
        sitting.click(point)
        return sitting.save(output, point)


class _Sitting:
    """The panel, its views and what is in them."""

    def __init__(self, a_slicer: Any, volume: Volume) -> None:
        self._slicer = a_slicer
        self._volume = volume

    def open(self) -> None:
        """The scan in three slice views, the panel beside them, the engine ready."""
        self._volume_node = make_volume_node(self._volume)
        for view in _SLICE_VIEWS:
            self._slicer.open_view(view, _SLICE_SIZE)
        self._slicer.show_volume(self._volume_node)
        self._module = self._slicer.load_module(_MODULE)
        self._widget = self._module.widget
        self._widget.enter()
        self._widget.ui.volumeSelector.setCurrentNode(self._volume_node)

    def click(self, point: Ras) -> None:
        """Take the point tool, click in the axial view and wait for the answer."""
        segmenter = self._widget.panel.segmenter
        self._widget.ui.pointButton.click()
        for view in _SLICE_VIEWS[1:]:
            self._slicer.mouse(view).pixel_at(point)
        self._slicer.click("Red", point)
        self._wait(lambda: not segmenter.is_busy, _ANSWER_S)
        if not segmenter.can_undo:
            raise DemoError(self._widget.ui.statusLabel.text)

    def save(self, output: Path, point: Ras) -> DemoResult:
        """Write the pictures, the segmentation and the scene."""
        from harness import screenshots

        node, segment_id = self._widget.panel.segmenter.segmentation_node, self._widget.panel.segmenter.segment_id
        self._widget.ui.pointButton.click()
        slices = screenshots.beside(*(self._slicer.pixels(view) for view in _SLICE_VIEWS))
        self._module.panel.resize(_PANEL_WIDTH, self._module.panel.sizeHint.height())
        files = [
            self._slicer.screenshot_widget(self._module.panel, output / "panel.png"),
            screenshots.save_png(slices, output / "slice.png"),
            self._picture_of_surface(node, output / "surface.png"),
            output / "segmentation.seg.nrrd",
            output / "scene.mrb",
        ]
        self._slicer.save_segmentation(node, files[3])
        self._slicer.save_scene(files[4])
        return self._result(node, segment_id, point, tuple(files))

    def _picture_of_surface(self, segmentation_node: Any, path: Path) -> Path:
        view = self._slicer.open_view("3D", _SURFACE_SIZE)
        segmentation_node.CreateClosedSurfaceRepresentation()
        view.get_view_node().SetBoxVisible(False)
        view.get_view_node().SetAxisLabelsVisible(False)
        self._slicer.process_events()
        bounds = [0.0] * 6
        segmentation_node.GetRASBounds(bounds)
        view.first_renderer().ResetCamera(bounds)
        picture: Path = self._slicer.screenshot("3D", path)
        return picture

    def _result(self, node: Any, segment_id: str, point: Ras, files: tuple[Path, ...]) -> DemoResult:
        import slicer

        mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, self._volume_node)
        voxels = int((mask > 0).sum())
        inside = bool(mask[nearest_voxel(self._volume.ras_to_ijk(point))] > 0)
        name = node.GetSegmentation().GetSegment(segment_id).GetName()
        millilitres = voxels * self._volume.voxel_volume_mm3 / 1000
        where = "inside" if inside else "outside"
        sentence = f"{name}: {millilitres:.1f} ml in {voxels} voxels; the clicked voxel is {where}."
        return DemoResult(sentence, inside, files)

    def _wait(self, until: Any, timeout_s: float) -> None:
        try:
            self._slicer.process_events(until=until, timeout_s=timeout_s)
        except TimeoutError as error:
            message = f"No answer within {timeout_s:.0f} s; the panel says: {self._widget.ui.statusLabel.text}"
            raise DemoError(message) from error


def _voxel_is_in(volume: Volume, point: Ras) -> bool:
    return all(0 <= v < n for v, n in zip(nearest_voxel(volume.ras_to_ijk(point)), volume.shape, strict=True))
