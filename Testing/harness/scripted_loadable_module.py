"""The contents of ``slicer.ScriptedLoadableModule``: the four base classes of a scripted module.

Written after Slicer's own file: the same names and order of events, without the developer's reload section.
"""

from __future__ import annotations

import logging
import unittest
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtWidgets

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


class ScriptedLoadableModule:
    """Name, category and credits of a module, kept on ``parent``."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title = self.moduleName
        parent.categories = []
        parent.dependencies = []
        parent.contributors = []
        parent.helpText = ""
        parent.acknowledgementText = ""
        parent.icon = None

    def resourcePath(self, filename: str) -> str:
        return _resource_path(self.moduleName, filename)

    def getDefaultModuleDocumentationLink(self, docPage: str | None = None) -> str:
        return f"<p>For more information see the <a href='{docPage or ''}'>online documentation</a>.</p>"

    def runTest(self, msec: int = 100, **kwargs: Any) -> None:
        logging.getLogger(__name__).info("%s has no runTest of its own", self.moduleName)


class ScriptedLoadableModuleWidget:
    """The panel of a module. With a parent, the application calls ``setup()``; without one it is called here."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        self.logic: Any = None
        self.parent = parent if parent is not None else _new_parent()
        self.layout = self.parent.layout()
        if parent is None:
            self.setup()
            self.parent.show()

    def resourcePath(self, filename: str) -> str:
        return _resource_path(self.moduleName, filename)

    def setup(self) -> None:
        """The subclass builds its panel here, after calling this one."""

    def cleanup(self) -> None:
        """The application is about to end, or the module to be loaded anew."""

    def enter(self) -> None:
        """The user has come to this module."""

    def exit(self) -> None:
        """The user has gone to another module."""


class ScriptedLoadableModuleLogic:
    """What a module can do without its panel."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> Any:
        """The module's one script node, made at the first call."""
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        return node or self.createParameterNode()

    def createParameterNode(self) -> Any:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetModuleName(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return slicer.mrmlScene.AddNode(node)


class ScriptedLoadableModuleTest(unittest.TestCase):
    """The base of a module's self test, as the developer's "Reload and test" runs it."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear(0)

    def runTest(self) -> None:
        """The subclass lists its tests here."""

    def delayDisplay(self, message: str, *_: Any, **__: Any) -> None:
        logging.getLogger(__name__).info(message)


def _resource_path(module_name: str, filename: str) -> str:
    module_path = Path(getattr(slicer.modules, module_name.lower()).path)
    return str(module_path.parent / "Resources" / filename)


def _new_parent() -> Any:
    parent = slicer.qMRMLWidget()
    parent.setLayout(QtWidgets.QVBoxLayout())
    parent.setMRMLScene(slicer.mrmlScene)
    return parent
