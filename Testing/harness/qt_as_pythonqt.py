"""The ``qt`` module: PySide6 that behaves as Slicer's PythonQt does, its refusals included.

Properties are read and written without parentheses, signals connect by their signature, enums are ints. What would
misbehave or crash in Slicer raises here: keyword arguments in Qt constructors, new attributes on plain Qt objects,
``disconnect()`` without arguments, Qt signals declared in Python (there is no ``qt.Signal``), Qt touched from a thread.
"""

from __future__ import annotations

import enum
import functools
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import shiboken6
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from . import pythonqt_signals

_QT_MODULES = (QtCore, QtGui, QtWidgets, QtUiTools)
_NOT_IN_PYTHONQT = frozenset({"Signal", "Slot", "Property", "ClassInfo", "QmlElement", "SignalInstance"})
# Slicer code calls these with parentheses: timer.singleShot(ms, slot) is the static function.
_METHODS_NOT_PROPERTIES = frozenset({(QtCore.QTimer, "singleShot")})
_PATCHED = "_behaves_as_pythonqt"


def qt_module() -> ModuleType:
    """Build the module that Slicer code imports as ``qt``; PySide6's classes change behaviour for the whole process."""
    make_pyside_behave_as_pythonqt()
    qt = ModuleType("qt", "PySide6 under the name and with the manners of PythonQt")
    for module in _QT_MODULES:
        names = (name for name in dir(module) if not name.startswith("_") and name not in _NOT_IN_PYTHONQT)
        vars(qt).update({name: getattr(module, name) for name in names})
    return qt


def make_pyside_behave_as_pythonqt() -> None:
    """Patch every QObject class of PySide6, once a process."""
    if getattr(QtCore.QObject, _PATCHED, False):
        return
    _patch_object_class()
    for cls in _object_classes():
        _patch_class(cls)
    setattr(QtCore.QObject, _PATCHED, True)


def _object_classes() -> Iterator[type]:
    for module in _QT_MODULES:
        for name in dir(module):
            cls = getattr(module, name)
            if isinstance(cls, type) and issubclass(cls, QtCore.QObject):
                yield cls


def _patch_object_class() -> None:
    cls: Any = QtCore.QObject
    cls.__getattribute__ = _attribute_getter(cls.__getattribute__, threading.get_ident())
    cls.className = lambda self: self.metaObject().className()
    cls.delete = lambda self: shiboken6.delete(self)  # noqa: PLW0108 - the builtin itself would not become a method
    cls.name = property(lambda self: self.objectName, lambda self, name: self.setObjectName(name))


def _patch_class(cls: Any) -> None:
    cls.__setattr__ = _set_attribute
    cls.__init__ = _without_keywords(cls.__init__)
    meta: Any = getattr(cls, "staticMetaObject", None)
    for index in range(meta.propertyOffset(), meta.propertyCount()) if meta else ():
        name = meta.property(index).name()
        if (cls, name) not in _METHODS_NOT_PROPERTIES:
            setattr(cls, name, _python_property(cls, name))


def _attribute_getter(original: Callable[[Any, str], Any], gui_thread: int) -> Callable[[Any, str], Any]:
    replaced = {"connect": pythonqt_signals.connect, "disconnect": pythonqt_signals.disconnect}

    def pythonqt_method(self: Any, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            # PySide's own C++ (QTimer.singleShot) comes here too, with the sender as the first argument.
            is_pyside_calling = bool(arguments) and isinstance(arguments[0], QtCore.QObject)
            return original(self, name)(*arguments) if is_pyside_calling else replaced[name](self, *arguments)

        return call

    def get_attribute(self: Any, name: str) -> Any:
        if threading.get_ident() != gui_thread:
            message = f"{name} of a {type(self).__name__} was touched from a thread: in Slicer that crashes"
            raise RuntimeError(message)
        # PySide resolves these two before it looks at the class, so replacing them there is not enough.
        return pythonqt_method(self, name) if name in replaced else original(self, name)

    return get_attribute


def _set_attribute(self: Any, name: str, value: Any) -> None:
    cls = type(self)
    if cls.__module__.startswith("PySide6.") and not hasattr(cls, name):
        message = f"'{name}' does not exist on {cls.__name__} and creating new attributes on C++ objects is not allowed"
        raise AttributeError(message)
    descriptor = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    if descriptor is not None and hasattr(descriptor, "__set__"):
        descriptor.__set__(self, value)
    elif isinstance(descriptor, QtCore.Property):
        self.setProperty(name, value)
    else:
        self.__dict__[name] = value


def _without_keywords(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def initialize(self: Any, *arguments: Any, **keywords: Any) -> None:
        if keywords:
            message = f"PythonQt takes no keyword arguments in constructors, {type(self).__name__} got {list(keywords)}"
            raise TypeError(message)
        original(self, *arguments)

    return initialize


def _python_property(cls: Any, name: str) -> property:
    """One Qt property as a Python one; Qt's own getter and setter methods are used where PySide has them."""
    method_getter = getattr(cls, name, None)
    method_setter = getattr(cls, f"set{name[0].upper()}{name[1:]}", None)
    generic_property = QtCore.QObject.property
    generic_set_property = QtCore.QObject.setProperty

    def get(self: Any) -> Any:
        return method_getter(self) if callable(method_getter) else generic_property(self, name)

    def set_(self: Any, value: Any) -> None:
        meta = self.metaObject()
        if not meta.property(meta.indexOfProperty(name)).isWritable():
            message = f"Property '{name}' of {meta.className()} object is not writable"
            raise AttributeError(message)
        if method_setter is None:
            generic_set_property(self, name, value)
        else:
            method_setter(self, _as_enum_of(get(self), value) if type(value) is int else value)

    return property(get, set_)


def _as_enum_of(current: Any, value: int) -> Any:
    return type(current)(value) if isinstance(current, enum.Enum) else value
