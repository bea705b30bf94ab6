"""Every widget the harness can put where a ``.ui`` file names one of CTK's or Slicer's."""

from __future__ import annotations

from PySide6 import QtWidgets

from .ctk_collapsible_button import ctkCollapsibleButton
from .ctk_slider_widget import ctkSliderWidget
from .ctk_small_widgets import (
    ctkCollapsibleGroupBox,
    ctkComboBox,
    ctkFittedTextBrowser,
    ctkMenuButton,
    ctkMessageBox,
    ctkPathLineEdit,
    ctkPushButton,
    ctkSearchBox,
)
from .qmrml_node_combo_box import qMRMLNodeComboBox
from .qmrml_segment_editor_widget import qMRMLSegmentEditorWidget
from .qmrml_segment_selector_widget import qMRMLSegmentSelectorWidget
from .qmrml_widget import qMRMLWidget, qSlicerWidget

ALL_STAND_INS: tuple[type[QtWidgets.QWidget], ...] = (
    ctkCollapsibleButton,
    ctkCollapsibleGroupBox,
    ctkComboBox,
    ctkFittedTextBrowser,
    ctkMenuButton,
    ctkMessageBox,
    ctkPathLineEdit,
    ctkPushButton,
    ctkSearchBox,
    ctkSliderWidget,
    qMRMLNodeComboBox,
    qMRMLSegmentEditorWidget,
    qMRMLSegmentSelectorWidget,
    qMRMLWidget,
    qSlicerWidget,
)
