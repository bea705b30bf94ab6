"""Makes ``import qt``, ``import ctk`` and the Python-only parts of ``slicer`` work, built when first imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from .environment import prepare_environment


class SlicerNames(MetaPathFinder, Loader):
    """An import hook for the names that Slicer has and the Python packages it is made of here have not."""

    def __init__(self) -> None:
        self._builders: dict[str, Callable[[], ModuleType]] = {
            "qt": _build_qt,
            "ctk": _build_ctk,
            "slicer.ScriptedLoadableModule": lambda: importlib.import_module(".scripted_loadable_module", __package__),
            "slicer.i18n": lambda: importlib.import_module(".i18n", __package__),
        }

    def install(self) -> None:
        """From here on, these names can be imported; nothing is imported yet."""
        prepare_environment()
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def uninstall(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name in self._builders:
            sys.modules.pop(name, None)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        can_build = fullname in self._builders and find_spec("PySide6") is not None
        return ModuleSpec(fullname, self) if can_build else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        built = self._builders[spec.name]()
        module = ModuleType(spec.name, built.__doc__)
        vars(module).update({name: value for name, value in vars(built).items() if not name.startswith("__")})
        if hasattr(built, "__all__"):
            vars(module)["__all__"] = built.__all__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run: the module was built whole."""


def _build_qt() -> ModuleType:
    from .qt_application import qt_application
    from .qt_as_pythonqt import qt_module
    from .ui_loader import UiLoader

    qt = qt_module()
    qt_application()
    vars(qt)["QUiLoader"] = lambda _parent=None: UiLoader(_stand_ins())
    return qt


def _build_ctk() -> ModuleType:
    importlib.import_module("qt")
    ctk = ModuleType("ctk", "Stand-ins for the widgets of the Common Toolkit")
    vars(ctk).update({cls.__name__: cls for cls in _stand_ins() if cls.__name__.startswith("ctk")})
    return ctk


def _stand_ins() -> list[type]:
    from .standins.all_stand_ins import ALL_STAND_INS

    return list(ALL_STAND_INS)
