"""A scripted module as small as they get, to load through the harness."""

from __future__ import annotations

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class SampleModule(ScriptedLoadableModule):
    """Its metadata."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        parent.title = _("Sample")


class SampleModuleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Its panel, which remembers what was asked of it."""

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.volumes_seen: list[str | None] = []
        self.was_cleaned_up = False

    def setup(self) -> None:
        super().setup()
        panel = slicer.util.loadUI(self.resourcePath("UI/SampleModule.ui"))
        panel.setMRMLScene(slicer.mrmlScene)
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        self.logic = SampleModuleLogic()
        self.ui.inputSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onVolumeChanged)
        self.ui.applyButton.connect("clicked()", self.onApply)
        self.ui.phraseEdit.connect("returnPressed()", self.onApply)

    def cleanup(self) -> None:
        self.removeObservers()
        self.was_cleaned_up = True

    def onVolumeChanged(self, node: Any) -> None:
        self.volumes_seen.append(node.GetName() if node else None)

    def onApply(self) -> None:
        self.ui.answerLabel.text = f"{self.ui.phraseEdit.text} at {self.ui.thresholdSlider.value:.0f}"
        qt.QTimer.singleShot(0, lambda: self.ui.answerLabel.setToolTip("later"))


class SampleModuleLogic(ScriptedLoadableModuleLogic):
    """Its logic, which has a parameter node and nothing else."""
