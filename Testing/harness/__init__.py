"""Slicer's names over slicer-core, PySide6 and trame-slicer: the module runs on them without the application.

Nothing here imitates MRML: nodes, logics and displayable managers are Slicer's own. What the harness supplies is what
the Python packages lack: ``qt`` and ``ctk``, ``slicer.app``, ``slicer.modules``, the scripted module classes, and hands
for the mouse and the keyboard.

Call ``open_slicer()``, or ``SlicerNames().install()`` for the importable names alone, before importing anything else
from here: PySide6 must find its environment prepared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .environment import prepare_environment
from .import_names import SlicerNames

if TYPE_CHECKING:
    from .offscreen_slicer import OffscreenSlicer

__all__ = ["SlicerNames", "open_slicer", "prepare_environment"]


def open_slicer() -> OffscreenSlicer:
    """Start Slicer off screen: scene, logics and names; views open when asked for. One at a time in a process."""
    prepare_environment()
    from .offscreen_slicer import OffscreenSlicer

    return OffscreenSlicer()
