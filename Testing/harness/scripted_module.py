"""Loads a scripted module from its ``.py`` file the way Slicer's factory does."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import slicer
from PySide6 import QtWidgets


@dataclass
class ScriptedModule:
    """A loaded module: its Python module, its metadata object, its panel and the Qt widget the panel lives in."""

    name: str
    python_module: ModuleType
    module: Any
    widget: Any
    panel: QtWidgets.QWidget

    def close(self) -> None:
        """What Slicer does as it ends."""
        self.widget.cleanup()
        slicer.modules.remove(self.name)
        self.panel.delete()  # type: ignore[attr-defined]
        sys.modules.pop(self.name, None)


def load_scripted_module(path: Path | str) -> ScriptedModule:
    """Import ``path``, make the module and its panel, and set the panel up: parent first, then ``setup()``."""
    path = Path(path).resolve()
    name = path.stem
    python_module = _imported(name, path)
    registered = slicer.modules.add_scripted(name, path)
    module = getattr(python_module, name)(SimpleNamespace(path=str(path)))
    panel = _new_panel()
    widget = getattr(python_module, f"{name}Widget")(panel)
    registered.widget = widget
    setattr(slicer.modules, f"{name}Widget", widget)
    widget.setup()
    panel.setMRMLScene(slicer.mrmlScene)
    return ScriptedModule(name, python_module, module, widget, panel)


def _imported(name: str, path: Path) -> ModuleType:
    # Slicer puts a module's folder on the path, which is how the module finds the library beside it.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file"
        raise ImportError(message)
    python_module = importlib.util.module_from_spec(spec)
    sys.modules[name] = python_module
    spec.loader.exec_module(python_module)
    return python_module


def _new_panel() -> Any:
    panel = slicer.qMRMLWidget()
    panel.setLayout(QtWidgets.QVBoxLayout())
    panel.resize(420, 900)
    return panel
