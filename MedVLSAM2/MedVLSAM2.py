"""The MedVLSAM2 module as Slicer loads it: metadata and a thin shell around MedVLSAM2Lib."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

_BUTTONS_WITH_ICONS = (
    "point",
    "box",
    "scribble",
    "lasso",
    "negative",
    "finish",
    "before",
    "undo",
    "redo",
    "smaller",
    "larger",
    "newSegment",
    "cancel",
)


class MedVLSAM2(ScriptedLoadableModule):
    """The module's metadata."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        parent.title = _("MedVL-SAM2")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = []
        parent.contributors = ["The MedVLSAM2 developers"]
        parent.helpText = _("Click in a slice of a CT or MR scan and get a 3D segment, on your own machine.")
        parent.acknowledgementText = _("After MedVL-SAM2 (arXiv 2601.09879).")
        _find_library()
        slicer.app.connect("startupCompleted()", self.registerSampleData)

    def registerSampleData(self) -> None:
        """Slicer has started: offer a scan to try the module with."""
        from MedVLSAM2Lib.sample_data import register_sample_data

        register_sample_data(Path(__file__).parent / "Resources" / "Icons" / "MedVLSAM2.png")


class MedVLSAM2Widget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The module's panel."""

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)

    def setup(self) -> None:
        """Build the panel; nothing is started or imported that takes long."""
        super().setup()
        from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
        from MedVLSAM2Lib.catalogue import ModelStore
        from MedVLSAM2Lib.engine import EngineClient, LocalLauncher, SshLauncher
        from MedVLSAM2Lib.panel.engine_place import ChosenLauncher, EnginePlace
        from MedVLSAM2Lib.panel.panel import Panel
        from MedVLSAM2Lib.panel.setup_section import open_setup_section
        from MedVLSAM2Lib.panel.teach_section import open_teach_section

        widget = slicer.util.loadUI(self.resourcePath("UI/MedVLSAM2.ui"))
        self.layout.addWidget(widget)
        self.ui = slicer.util.childWidgetVariables(widget)
        widget.setMRMLScene(slicer.mrmlScene)
        place = EnginePlace(
            slicer.app.userSettings(),
            LocalLauncher(),
            slicer.util.startupEnvironment(),
            lambda machine, variables: SshLauncher(machine, base=variables),
        )
        client, store = EngineClient(ChosenLauncher(place)), ModelStore()
        self.panel = Panel(
            self.ui,
            widget,
            slicer.app,
            slicer.mrmlScene,
            client,
            bundled_checkpoint(),
            store,
            place.convert,
            place.download,
        )
        teach = slicer.util.loadUI(self.resourcePath("UI/Teach.ui"))
        widget.layout().insertWidget(widget.layout().count() - 1, teach)
        self.teachUi = slicer.util.childWidgetVariables(teach)
        self.teachSection = open_teach_section(
            self.teachUi, teach, slicer.mrmlScene, place, self.panel.model, self.panel.say, self.panel.refresh
        )
        setup = slicer.util.loadUI(self.resourcePath("UI/Setup.ui"))
        widget.layout().insertWidget(widget.layout().count() - 1, setup)
        self.setupUi = slicer.util.childWidgetVariables(setup)
        self.setupSection = open_setup_section(
            self.setupUi, setup, place, store, self.panel.say, self.panel.move_engine
        )
        self.logic = MedVLSAM2Logic(self.panel)
        for button in _BUTTONS_WITH_ICONS:
            icon = qt.QIcon(self.resourcePath(f"Icons/{button}.png"))
            getattr(self.ui, f"{button}Button").setIcon(icon)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneClosed)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneLoaded)

    def enter(self) -> None:
        """Slicer shows the module."""
        self.setupSection.show()
        self.teachSection.show()
        self.panel.enter()

    def exit(self) -> None:
        """Slicer shows another module."""
        self.panel.exit()

    def cleanup(self) -> None:
        """Slicer ends, or the module is reloaded."""
        self.removeObservers()
        self.setupSection.close()
        self.teachSection.close()
        self.panel.close()

    def onSceneClosed(self, _caller: Any, _event: Any) -> None:
        """Forget what belonged to the scene."""
        self.panel.scene_closed()

    def onSceneLoaded(self, _caller: Any, _event: Any) -> None:
        """Take up what was chosen and asked in the scene."""
        self.panel.scene_loaded()


class MedVLSAM2Logic(ScriptedLoadableModuleLogic):
    """The module's tasks for Slicer's Python console: ``logic = slicer.util.getModuleLogic("MedVLSAM2")``.

    Each returns when it is done. What cannot be done is a ValueError whose message is one sentence. Positions are R, A, S in
    mm, as Slicer shows them. Results are those of the panel: they can be undone, corrected and saved there.

    Args:
        panel: the module's panel.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        from MedVLSAM2Lib.panel.console import Console

        self._console = Console(panel, slicer.mrmlScene, slicer.app.processEvents)

    def segmentByPhrase(self, volumeNode: Any, phrase: str, segmentationNode: Any = None) -> Any:
        """A segment of each object that a phrase names: the segmentation (a new one if None) and the segments' ids."""
        return self._console.find(volumeNode, phrase, segmentationNode)

    def segmentByPoints(
        self,
        volumeNode: Any,
        points: Any,
        negativePoints: Any = (),
        segmentationNode: Any = None,
        segmentID: str = "",
        name: str = "",
    ) -> Any:
        """The object at some points, as a new segment or the one with that id: the segmentation and the segment's id."""
        return self._console.click(volumeNode, points, negativePoints, segmentationNode, segmentID, name)

    def ask(self, volumeNode: Any, question: str) -> Any:
        """The answer: its ``text``, and ``sentences`` with links to segments of the conversation's evidence."""
        return self._console.ask(volumeNode, question)

    def report(
        self,
        volumeNode: Any,
        segmentationNode: Any,
        template: str = "",
        indication: str = "",
        priorSegmentationNode: Any = None,
    ) -> Any:
        """A draft report of a segmentation; the template that fits it if none is named."""
        return self._console.report(volumeNode, segmentationNode, template, indication, priorSegmentationNode)

    def exportReport(self, segmentationNode: Any, folder: str, format: str = "PAGE") -> list[str]:
        """Write the report of a segmentation as ``PAGE``, ``TEXT``, ``JSON`` or ``DICOM``: the files' paths."""
        from MedVLSAM2Lib.panel.report_export import ExportFormat

        return [str(path) for path in self._console.export(segmentationNode, Path(folder), ExportFormat[format])]


def _find_library() -> None:
    """In a clone the library lies beside this module's folder, where Slicer does not look for it."""
    if importlib.util.find_spec("MedVLSAM2Lib") is None:
        sys.path.append(str(Path(__file__).resolve().parents[1]))
