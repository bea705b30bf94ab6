"""The report section: its widgets, and what they call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import ctk
import qt

from MedVLSAM2Lib.panel.key_map import REPORT_KEYS
from MedVLSAM2Lib.panel.report_export import ExportFormat, ReportMaterial
from MedVLSAM2Lib.panel.report_exporter import ReportExporter
from MedVLSAM2Lib.panel.report_rows import report_rows
from MedVLSAM2Lib.panel.report_table import ReportTable
from MedVLSAM2Lib.panel.reporter import Reporter
from MedVLSAM2Lib.panel.typed_text import MOST_TYPED, in_label, typed
from MedVLSAM2Lib.report import DRAFT_MARK, ModelIdentity, Report, SectionKey, TemplateError, read_template
from MedVLSAM2Lib.report.exporters.plain_text import plain_text
from MedVLSAM2Lib.report.outline import model_line
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.scene.errors import SceneError

logger = logging.getLogger(__name__)

_SETTING = "MedVLSAM2/ReportFolder"
_TICK_MS = 40


class ReportSection:
    """Binds the report's widgets of ``MedVLSAM2.ui`` to a Reporter.

    Args:
        ui: the widgets by name.
        owner: the widget that owns the timer.
        settings: the application's QSettings, which remember the folder of exports.
        template_files: the report templates.
        model: the model in use.
        volume: the chosen volume node.
        not_found: what was looked for in a volume in vain.
    """

    def __init__(
        self,
        ui: Any,
        owner: Any,
        settings: Any,
        template_files: Iterable[Path],
        model: Callable[[], ModelIdentity | None],
        volume: Callable[[], Any],
        not_found: Callable[[Any], tuple[str, ...]],
    ) -> None:
        self._ui, self._settings, self._volume = ui, settings, volume
        self._templates, problems = _read_templates(template_files)
        self._study_types = list(self._templates)
        self._is_refreshing = False
        self._was_template_chosen = False
        self._timer = qt.QTimer(owner)
        self._timer.setInterval(_TICK_MS)
        self.reporter = Reporter(self._templates, model, self.say, self._show, self._timer.start, not_found)
        self._exporter = ReportExporter(self.say)
        self._table = ReportTable(
            ui.reportTable, self.reporter.show, self.reporter.edit, self._show_choice, self.reporter.point_at
        )
        for template in self._templates.values():
            ui.templateSelector.addItem(template.layout.title)
        for kind in ExportFormat:
            ui.exportFormat.addItem(str(kind))
        for line in (ui.indicationEdit, ui.sentenceEdit):
            line.setMaxLength(MOST_TYPED)
        ui.exportFolder.filters = ctk.ctkPathLineEdit.Dirs
        ui.exportFolder.setCurrentPath(str(settings.value(_SETTING) or ""))
        self._connect()
        self._show()
        self.say(" ".join(problems))

    def refresh(self, segmentation_node: Any) -> None:
        """Show the report of the chosen segmentation, None for none."""
        if segmentation_node is self.reporter.segmentation_node:
            self._show_what_can_be_done()
            return
        self._was_template_chosen = False
        self._table.stop_typing()
        self.say("")
        self.reporter.choose(segmentation_node)

    def show_in_new_colours(self) -> None:
        """The theme has changed; a sentence that is being typed is finished first."""
        self._timer.start()

    @property
    def study_type(self) -> str:
        """The template that a draft would be made by now."""
        return self._study_types[self._ui.templateSelector.currentIndex] if self._study_types else ""

    @property
    def is_busy(self) -> bool:
        """Whether something is being measured or written, or waits to be shown."""
        return self.reporter.is_busy or self._exporter.is_busy or self._table.is_behind

    def close(self) -> None:
        """End timer and threads; nothing is left behind."""
        self._timer.stop()
        self._table.close()
        self.reporter.close()
        self._exporter.close()

    def say(self, sentence: str) -> None:
        """Show one sentence in the section's line."""
        self._ui.reportLabel.setText(in_label(sentence))
        self._ui.reportLabel.setVisible(bool(sentence))

    def _connect(self) -> None:
        ui = self._ui
        self._timer.connect("timeout()", self._tick)
        ui.templateSelector.connect("activated(int)", self._on_template)
        ui.draftButton.connect("clicked()", self._draft)
        ui.indicationEdit.connect("editingFinished()", self._on_indication)
        ui.priorSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_prior)
        ui.sentenceEdit.connect("returnPressed()", self._add)
        ui.deleteSentenceButton.connect("clicked()", self._delete)
        ui.exportFolder.connect("currentPathChanged(QString)", self._on_folder)
        ui.exportButton.connect("clicked()", self._export)
        ui.copyReportButton.connect("clicked()", self._copy)
        ui.moveUpButton.connect("clicked()", partial(self._move, -1))
        ui.moveDownButton.connect("clicked()", partial(self._move, 1))
        actions = {
            "delete": self._delete,
            "edit": self._table.edit_current,
            "move_up": partial(self._move, -1),
            "move_down": partial(self._move, 1),
        }
        for key, action in ((key.sequence, actions[key.action]) for key in REPORT_KEYS):
            shortcut = qt.QShortcut(ui.reportTable)
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.setContext(qt.Qt.WidgetShortcut)
            shortcut.connect("activated()", action)

    # --- what is shown

    def _show(self) -> None:
        report, ui = self.reporter.report, self._ui
        self._is_refreshing = True
        if not self._was_template_chosen and self.reporter.study_type in self._study_types:
            ui.templateSelector.setCurrentIndex(self._study_types.index(self.reporter.study_type))
        if report is not None:
            if not ui.indicationEdit.focus:
                ui.indicationEdit.setText(self.reporter.indication)
            if self.reporter.prior_node is not ui.priorSelector.currentNode():
                ui.priorSelector.setCurrentNode(self.reporter.prior_node)
        self._is_refreshing = False
        self._table.show(() if report is None else report_rows(report))
        ui.draftLabel.setText("" if report is None else _draft_mark(report))
        for widget in (ui.draftLabel, ui.reportTable, ui.sentencePane, ui.exportPane):
            widget.setVisible(report is not None)
        self._show_progress()
        self._show_what_can_be_done()
        self._show_choice()

    def _show_progress(self) -> None:
        remaining, missing = self.reporter.remaining, self.reporter.not_in_draft
        if remaining:
            self._ui.progressLabel.setText(f"Measuring {_counted(remaining)}…")
        elif missing and self.reporter.report is not None:
            self._ui.progressLabel.setText(f"{_counted(missing)} came after this draft; press Draft to take them in.")
        else:
            self._ui.progressLabel.setText("")
        self._ui.progressLabel.setVisible(bool(self._ui.progressLabel.text))

    def _show_what_can_be_done(self) -> None:
        why_not = self._why_no_draft()
        self._ui.draftButton.setEnabled(not why_not)
        self._ui.draftButton.setToolTip(why_not or "Say what is segmented in sentences, with what is measured of it")

    def _why_no_draft(self) -> str:
        if self._volume() is None:
            return "There is no volume; choose the scan to report on."
        if not self._templates:
            return "There is no report template that can be used."
        return "" if self.reporter.segmentation_node is not None else "Segment something first."

    def _show_choice(self) -> None:
        row, ui = self._table.current, self._ui
        ui.deleteSentenceButton.setEnabled(row is not None and bool(row.statement_id))
        ui.deleteSentenceButton.setText("Put back" if row is not None and row.can_be_put_back else "Delete")
        statement_id = "" if row is None else row.statement_id
        ui.moveUpButton.setEnabled(self.reporter.can_move(statement_id, -1))
        ui.moveDownButton.setEnabled(self.reporter.can_move(statement_id, 1))
        section, _ = self._place_to_add()
        ui.sentenceEdit.setPlaceholderText(f"Add to the {section.value}…")

    def _place_to_add(self) -> tuple[SectionKey, str]:
        """Where a sentence of one's own goes: below the chosen row."""
        row, report = self._table.current, self.reporter.report
        other = "" if report is None else report.layout.other.key
        return (SectionKey.FINDINGS, other) if row is None else (row.section, row.system or other)

    # --- what a person does

    def _draft(self) -> None:
        ui = self._ui
        self.say("")
        self._was_template_chosen = False
        self.reporter.draft(
            self.study_type, self._volume(), ui.priorSelector.currentNode(), typed(str(ui.indicationEdit.text))
        )

    def _on_template(self, _index: int) -> None:
        self._was_template_chosen = True

    def _on_indication(self) -> None:
        self.reporter.set_indication(typed(str(self._ui.indicationEdit.text)))

    def _on_prior(self, node: Any = None) -> None:
        if not self._is_refreshing:
            self.reporter.compare_with(node)

    def _add(self) -> None:
        section, system = self._place_to_add()
        self.reporter.add(
            section, system if section is SectionKey.FINDINGS else "", typed(str(self._ui.sentenceEdit.text))
        )
        self._ui.sentenceEdit.setText("")

    def _delete(self) -> None:
        row = self._table.current
        if row is None or not row.statement_id:
            return
        if row.can_be_put_back:
            self.reporter.put_back(row.statement_id)
        else:
            self.reporter.delete(row.statement_id)

    def _move(self, step: int, _checked: bool = False) -> None:
        row = self._table.current
        if row is not None and self.reporter.can_move(row.statement_id, step):
            self.reporter.move(row.statement_id, step)
            # The keys go on from where the button ended.
            self._ui.reportTable.setFocus()

    # --- export

    def _on_folder(self, path: str) -> None:
        self._settings.setValue(_SETTING, path)

    def _copy(self) -> None:
        if self.reporter.report is not None:
            qt.QApplication.clipboard().setText(plain_text(self.reporter.report))
            self.say("The report is on the clipboard as plain text.")

    def _export(self) -> None:
        folder, report, template = str(self._ui.exportFolder.currentPath), self.reporter.report, self.reporter.template
        kind = list(ExportFormat)[self._ui.exportFormat.currentIndex]
        if not folder:
            self.say("Choose the folder to write the report to.")
        elif template is None:
            self.say("The template of this draft is gone; choose another one and press Draft.")
        elif report is not None:
            self._export_as(report, template, kind, Path(folder))

    def _export_as(self, report: Report, template: Template, kind: ExportFormat, folder: Path) -> None:
        reporter = self.reporter
        try:
            material = ReportMaterial.gather(report, template, reporter.segmentation_node, reporter.volume_node)
        except SceneError as error:
            logger.warning("%s", error)
            self.say(str(error))
            return
        self._exporter.export(material, kind, folder)
        self.say("Writing…")
        self._timer.start()

    def _tick(self) -> None:
        self.reporter.poll()
        self._exporter.poll()
        self._table.catch_up()
        self._show_progress()
        if not self.is_busy:
            self._timer.stop()


def _read_templates(files: Iterable[Path]) -> tuple[dict[str, Template], list[str]]:
    """The templates by study type, and a sentence for each that cannot be used."""
    templates, problems = {}, []
    for file in files:
        try:
            template = read_template(file)
        except TemplateError as error:
            logger.warning("%s", error)
            problems.append(str(error))
        else:
            templates[template.layout.study_type] = template
    return templates, problems


def _draft_mark(report: Report) -> str:
    return f"<b>{escape(DRAFT_MARK)}</b><br>{escape(in_label(model_line(report)))}"


def _counted(segments: int) -> str:
    return "1 segment" if segments == 1 else f"{segments} segments"
