"""The module's panel: its sections, the engine behind them, and the module's comings and goings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt

from MedVLSAM2Lib.catalogue import ModelStore
from MedVLSAM2Lib.engine import EngineClient
from MedVLSAM2Lib.panel.ask_section import AskSection
from MedVLSAM2Lib.panel.asker import Asker
from MedVLSAM2Lib.panel.audit_recorder import AuditRecorder
from MedVLSAM2Lib.panel.autosave import Autosave
from MedVLSAM2Lib.panel.catalogue_section import CatalogueSection
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.earlier_outline import EarlierOutline
from MedVLSAM2Lib.panel.editor_section import EditorSection
from MedVLSAM2Lib.panel.engine_events import EngineEvents
from MedVLSAM2Lib.panel.finder import Finder
from MedVLSAM2Lib.panel.key_map import KEY_MAP, key_map_as_html
from MedVLSAM2Lib.panel.model_identity import model_identity
from MedVLSAM2Lib.panel.model_section import ModelSection
from MedVLSAM2Lib.panel.model_shelf import Convert, Fetch, ModelShelf
from MedVLSAM2Lib.panel.phrase_naming import PhraseNaming
from MedVLSAM2Lib.panel.phrase_section import PhraseSection
from MedVLSAM2Lib.panel.prompt_display import PromptDisplay
from MedVLSAM2Lib.panel.prompt_placer import PromptPlacer
from MedVLSAM2Lib.panel.report_section import ReportSection
from MedVLSAM2Lib.panel.segment_section import SegmentSection
from MedVLSAM2Lib.panel.segment_writers import SegmentWriters
from MedVLSAM2Lib.panel.segmenter import Segmenter
from MedVLSAM2Lib.panel.shortcuts import Shortcuts
from MedVLSAM2Lib.panel.status_line import StatusLine
from MedVLSAM2Lib.panel.step_log import StepLog
from MedVLSAM2Lib.panel.theme_watch import ThemeWatch
from MedVLSAM2Lib.panel.typed_text import show_only_plain_text
from MedVLSAM2Lib.report import bundled_templates, list_templates
from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.ghost import Ghost
from MedVLSAM2Lib.scene.module_node import ModuleNode
from MedVLSAM2Lib.vocabulary import Vocabulary

_POLL_MS = 15


class Panel:
    """What the widgets of ``MedVLSAM2.ui`` do.

    Args:
        ui: the widgets by name.
        owner: the widget that owns timer and shortcuts.
        application: slicer.app: logic, layout and settings.
        scene: the MRML scene.
        client: the engine; closed by ``close``.
        checkpoint: the folder of the model that comes with the extension.
        store: the models of this machine.
        convert: makes checkpoints of published weights.
        fetch: downloads published weights.
    """

    def __init__(
        self,
        ui: Any,
        owner: Any,
        application: Any,
        scene: Any,
        client: EngineClient,
        checkpoint: Path,
        store: ModelStore,
        convert: Convert,
        fetch: Fetch,
    ) -> None:
        self._ui, self._scene, self._client = ui, scene, client
        self._status = StatusLine(ui.statusLabel)
        show_only_plain_text(vars(ui).values(), except_for=(ui.keysLabel, ui.draftLabel))
        log, display, vocabulary = StepLog(), PromptDisplay(scene), Vocabulary.read()
        self._surfaces = BackgroundSurfaces()
        writers = SegmentWriters(self._surfaces)
        self.volume = ChosenVolume(client, self.say, log.forget_in_engine)
        self.model = ChosenModel(client, application.userSettings(), checkpoint, self.say, log.forget_in_engine)
        self.segmenter = Segmenter(client, self.volume, self.model, log, display, writers, self.say, self.refresh)
        naming = PhraseNaming(vocabulary, application.applicationLogic().GetModuleLogic("Terminologies"))
        self.finder = Finder(client, self.volume, self.segmenter, log, writers, naming, self.say)
        self._models = ModelSection(ui, self.model, self.volume, self.refresh)
        self._catalogue = CatalogueSection(
            ui, owner, ModelShelf(store, convert, fetch), self.model, self.say, self.refresh
        )
        self._segments = SegmentSection(
            ui,
            self.segmenter,
            self.volume,
            self.model,
            self.say,
            lambda on_drawn, on_put_down: PromptPlacer(
                scene, application.applicationLogic(), application.layoutManager(), on_drawn, on_put_down
            ),
        )
        self.placer = self._segments.placer
        self._editor = EditorSection(ui.editorSection, scene)
        self._earlier = EarlierOutline(ui.beforeButton, Ghost(scene), self.segmenter, self.volume, log)
        self._phrases = PhraseSection(ui, self.finder, self.volume, self.model, vocabulary, scene, self._escape)
        self.asker = Asker(client, self.volume, self.model, self._surfaces, naming.name_and_entry, self.refresh)
        self._questions = AskSection(ui, self.asker, self.volume, self.model, self._escape)
        self.report = ReportSection(
            ui,
            owner,
            application.userSettings(),
            list_templates(bundled_templates()),
            lambda: model_identity(self.model, client),
            lambda: self.volume.node,
            self.finder.not_found,
        )
        actions = {
            **self._segments.actions(),
            "before": self._earlier.toggle,
            "help": self._toggle_help,
            "escape": self._escape,
        }
        self.shortcuts = Shortcuts(owner, {key.sequence: actions[key.action] for key in KEY_MAP})
        ui.keysLabel.setText(key_map_as_html())
        ui.volumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_volume)
        ui.restartButton.connect("clicked()", self._restart)
        self._timer = qt.QTimer(owner)
        self._timer.setInterval(_POLL_MS)
        self.audit = AuditRecorder(
            scene,
            log,
            self.asker,
            self.report.reporter,
            lambda: model_identity(self.model, client),
            lambda: _if_in_scene(self.volume.node),
            lambda: _if_in_scene(self.segmenter.segmentation_node),
        )
        self.autosave = Autosave(
            ui,
            Path(application.temporaryPath),
            scene,
            lambda: _if_in_scene(self.volume.node),
            lambda: (_if_in_scene(self.segmenter.segmentation_node), self.segmenter.segment_id),
            lambda: self.segmenter.is_busy or self.asker.is_busy,
            self._take_up_anew,
        )
        # The recorder first: it looks at everything and keeps nothing from the others.
        receivers = (self.audit, self._status, self.volume, self.model, self.finder, self.asker, self.segmenter)
        self._events = EngineEvents(client, receivers, self.refresh)
        self._theme = ThemeWatch(ui.conversationView, self._show_in_new_colours)
        self._timer.connect("timeout()", self._poll)
        self.refresh()

    def enter(self) -> None:
        """The module was opened: shortcuts work, and the volume that is chosen is taken up."""
        self.shortcuts.enable(True)
        self._catalogue.show()
        self._earlier.open(True)
        if self._ui.volumeSelector.currentNode() is None and ModuleNode.in_scene(self._scene) is not None:
            # A scene that was loaded before the module was first opened.
            self.scene_loaded()
        self._on_volume()

    def exit(self) -> None:
        """Another module was opened: the tool is put down and the keys are free."""
        self.shortcuts.enable(False)
        self._segments.put_down()
        self._editor.put_down()
        self._earlier.open(False)

    def close(self) -> None:
        """End the engine and the timer; nothing is left behind."""
        self.shortcuts.close()
        self._timer.stop()
        self.placer.close()
        self._catalogue.close()
        self._surfaces.close()
        self.report.close()
        self.audit.close()
        self.autosave.close()
        self._client.close()

    def scene_closed(self) -> None:
        """The scene was closed."""
        self._segments.put_down()
        self.autosave.forget_scene()
        self.audit.forget_scene()
        self.finder.forget_scene()
        self.asker.forget_scene()
        self.segmenter.forget_scene()
        self.say("")

    def scene_loaded(self) -> None:
        """A scene was loaded: what was chosen in it is chosen again."""
        chosen = ModuleNode.of_scene(self._scene)
        volume, segmentation, segment_id = chosen.volume, chosen.segmentation, chosen.segment_id
        if volume is not None:
            self._ui.volumeSelector.setCurrentNode(volume)
        if segmentation is not None:
            self._ui.segmentSelector.setCurrentNode(segmentation)
            self._ui.segmentSelector.setCurrentSegmentID(segment_id)
        self.segmenter.show_prompts()
        self.refresh()

    def choose(self, volume_node: Any, segmentation_node: Any, segment_id: str) -> None:
        """Choose a scan, a segmentation (None for a new one) and a segment of it (empty for a new one), as with the mouse."""
        self._ui.volumeSelector.setCurrentNode(volume_node)
        self._ui.negativeButton.setChecked(False)
        self._ui.segmentSelector.setCurrentNode(segmentation_node)
        self.segmenter.choose_target(segmentation_node, segment_id)

    @property
    def last_said(self) -> str:
        """The last sentence of the status line."""
        return self._status.last

    def move_engine(self) -> None:
        """The engine runs elsewhere from now on: in another Python, on another machine."""
        if self.model.is_started:
            self._client.stop()
            self._restart()

    def say(self, sentence: str) -> None:
        """Show one sentence in the status line."""
        self._status.say(sentence)

    def refresh(self) -> None:
        """Show what can be done now."""
        self.segmenter.forget_gone()
        self._models.refresh(self.segmenter.engine_has_stopped)
        self._segments.refresh()
        self._earlier.refresh()
        self._editor.refresh(
            _if_in_scene(self.segmenter.segmentation_node), self.segmenter.segment_id, _if_in_scene(self.volume.node)
        )
        self._phrases.refresh()
        self._questions.refresh()
        if not self._scene.IsImporting():
            self.report.refresh(_if_in_scene(self.segmenter.segmentation_node))
        self._remember_choice()

    def _take_up_anew(self) -> None:
        # The segmentation was chosen as it was made, before its report was there.
        self.report.refresh(None)
        self.scene_loaded()

    def _show_in_new_colours(self) -> None:
        self._segments.show_in_new_colours()
        self._questions.refresh()
        self.report.show_in_new_colours()

    def _poll(self) -> None:
        self._theme.poll()
        self._events.poll()
        self._surfaces.poll()
        self.audit.poll()
        self.autosave.poll()

    def _remember_choice(self) -> None:
        volume, segmentation = _if_in_scene(self.volume.node), _if_in_scene(self.segmenter.segmentation_node)
        if volume is None or self._scene.IsImporting() or self._scene.IsClosing():
            return
        chosen = ModuleNode.of_scene(self._scene)
        chosen.volume, chosen.segmentation, chosen.segment_id = volume, segmentation, self.segmenter.segment_id

    def _on_volume(self, _node: Any = None) -> None:
        node = self._ui.volumeSelector.currentNode()
        if node is not None:
            self._timer.start()
            self.model.start()
        self.volume.choose(node)
        self.segmenter.show_prompts()
        self.refresh()

    def _restart(self) -> None:
        self.model.restart()
        self.volume.reopen()
        self.refresh()

    def _escape(self) -> None:
        if self.asker.is_busy:
            self.asker.cancel()
        else:
            self._segments.escape()

    def _toggle_help(self) -> None:
        self._ui.keysSection.collapsed = not self._ui.keysSection.collapsed


def _if_in_scene(node: Any) -> Any:
    return node if node is not None and node.GetScene() is not None else None
