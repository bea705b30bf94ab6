"""The one QApplication of the process, with a font that can be read and settings that are nobody's."""

from __future__ import annotations

import logging
import tempfile
from importlib.util import find_spec
from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets

_LOG = logging.getLogger("qt")
_LEVELS = {
    QtCore.QtMsgType.QtDebugMsg: logging.DEBUG,
    QtCore.QtMsgType.QtInfoMsg: logging.INFO,
    QtCore.QtMsgType.QtWarningMsg: logging.WARNING,
    QtCore.QtMsgType.QtCriticalMsg: logging.ERROR,
    QtCore.QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def qt_application() -> QtWidgets.QApplication:
    """The running application, started if there is none."""
    running = QtWidgets.QApplication.instance()
    if isinstance(running, QtWidgets.QApplication):
        return running
    QtCore.qInstallMessageHandler(lambda kind, _context, text: _LOG.log(_LEVELS[kind], text))
    _keep_settings_apart()
    application = QtWidgets.QApplication(["MedVLSAM2"])
    # Without a window system Fusion is the style everywhere; naming it keeps screenshots alike with Xvfb too.
    application.setStyle("Fusion")
    _ensure_readable_font()
    return application


def _keep_settings_apart() -> None:
    """Settings written during a run go to a temporary folder, never to those of the user."""
    folder = tempfile.mkdtemp(prefix="medvlsam2-settings-")
    QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
    QtCore.QSettings.setPath(QtCore.QSettings.Format.IniFormat, QtCore.QSettings.Scope.UserScope, folder)
    QtCore.QCoreApplication.setOrganizationName("MedVLSAM2")
    QtCore.QCoreApplication.setApplicationName("harness")


def _ensure_readable_font() -> None:
    """A container may have no fonts at all, and then every letter is an empty box."""
    if not QtGui.QFontDatabase.families():
        for path in _bundled_fonts():
            QtGui.QFontDatabase.addApplicationFont(str(path))
    if "DejaVu Sans" in QtGui.QFontDatabase.families():
        QtWidgets.QApplication.setFont(QtGui.QFont("DejaVu Sans", 9))


def _bundled_fonts() -> list[Path]:
    """DejaVu Sans as matplotlib ships it; VTK requires matplotlib, so it is always there."""
    matplotlib = find_spec("matplotlib")
    if matplotlib is None or matplotlib.origin is None:
        return []
    return sorted((Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf").glob("DejaVuSans*.ttf"))
