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


class Modules(SimpleNamespace):
    """Modules by lower-case name, and scripted modules' widgets as ``<Name>Widget``; others raise AttributeError."""

    def add(self, name: str, *, logic: Any = None, path: Path | str = "", widget: Any = None) -> Module:
        module = Module(name, logic, str(path), widget)
        setattr(self, name.lower(), module)
        return module

    def remove(self, name: str) -> None:
        for attribute in (name.lower(), f"{name}Widget"):
            vars(self).pop(attribute, None)
