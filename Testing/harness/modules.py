"""``slicer.modules``: the logics that are there, under the names Slicer gives their modules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any


@dataclass
class Module:
    """One module as ``slicer.modules.<name>`` shows it."""

    name: str
    module_logic: Any = None
    path: str = ""
    widget: Any = None

    def logic(self) -> Any:
        return self.module_logic

    def widgetRepresentation(self) -> Any:
        return self.widget


class qSlicerScriptedLoadableModule(Module):
    """A module written in Python; ``slicer.util`` tells it from the others by its class."""

    def widgetRepresentation(self) -> Any:
        return None if self.widget is None else qSlicerScriptedLoadableModuleWidget(self.widget)


class qSlicerScriptedLoadableModuleWidget:
    """The C++ side of a scripted module's panel."""

    def __init__(self, widget: Any) -> None:
        self._widget = widget

    def self(self) -> Any:
        """The Python side."""
        return self._widget


class Modules(SimpleNamespace):
    """Modules by lower-case name, and scripted modules' widgets as ``<Name>Widget``; others raise AttributeError."""

    def add(self, name: str, *, logic: Any = None) -> Module:
        module = Module(name, logic)
        setattr(self, name.lower(), module)
        return module

    def add_scripted(self, name: str, path: Path) -> Module:
        module = qSlicerScriptedLoadableModule(name, path=str(path))
        setattr(self, name.lower(), module)
        return module

    def module(self, name: str) -> Module | None:
        """As the module manager finds it."""
        found = vars(self).get(name.lower())
        return found if found is not None and found.name == name else None

    def remove(self, name: str) -> None:
        for attribute in (name.lower(), f"{name}Widget"):
            vars(self).pop(attribute, None)
