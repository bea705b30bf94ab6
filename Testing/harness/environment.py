"""What must be in the process's environment before Qt and VTK wake up."""

from __future__ import annotations

import ctypes
import os
import sys

_ENUMS_ARE_INTS = "2"
_PLENTY = 1 << 40


def prepare_environment() -> None:
    """Ask Qt and VTK for a screen that does not exist.

    Call it before the first import of PySide6. Anything the user has already chosen (Xvfb and ``xcb``, say) is kept.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Without a display, VTK's default X window warns at each creation before it falls back to EGL.
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    _make_enums_ints()
    _keep_none_alive()


def _keep_none_alive() -> None:
    """Give None more references than anybody can use up, as Python 3.12 does with immortal objects.

    PySide6 6.12 relies on that: each of its calls that returns None gives away a reference it does not own, and on
    Python 3.11 a long session ends with "deallocating None".
    """
    if sys.version_info < (3, 12) and sys.getrefcount(None) < _PLENTY:
        ctypes.c_ssize_t.from_address(id(None)).value += 2 * _PLENTY


def _make_enums_ints() -> None:
    if "PySide6.QtCore" in sys.modules and os.environ.get("PYSIDE6_OPTION_PYTHON_ENUM") != _ENUMS_ARE_INTS:
        message = "PySide6 was imported before prepare_environment(): its enums can no longer be ints as in PythonQt"
        raise RuntimeError(message)
    os.environ["PYSIDE6_OPTION_PYTHON_ENUM"] = _ENUMS_ARE_INTS
