"""The section "learn from these segments": what is learned from, how far it is, and whether it helped."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt

from MedVLSAM2Lib.catalogue.places import user_data_folder
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.engine_place import EnginePlace
from MedVLSAM2Lib.panel.learning_runs import Compared, LearningRun, LearningRuns
from MedVLSAM2Lib.panel.teacher import FEWEST_SCANS, Teacher, TeachingEnd
from MedVLSAM2Lib.panel.teaching_material import TeachingMaterial, is_ct, learned_as
from MedVLSAM2Lib.panel.typed_text import in_label, in_tooltip, show_only_plain_text
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.scan_segments import ScanSegment, segments_of_scans
from MedVLSAM2Lib.vocabulary import Vocabulary

if TYPE_CHECKING:
    from MedVLSAM2Lib.files.scan_collection import CollectedScan

logger = logging.getLogger(__name__)

_HEADINGS = ("Segment", "Learned as", "Scan")
_POLL_MS = 200


@dataclass(frozen=True)
class _Lesson:
    """A row of the table: a segment of the scene, and what it is learned as; ``problem`` says why it is not."""

    segment: ScanSegment
    structure: str
    problem: str = ""


class TeachSection:
    """Binds the widgets of ``Teach.ui`` to a Teacher.

    Nothing is kept, learned or used before the button that says so was pressed.

    Args:
        ui: the widgets by name.
        owner: the widget that owns the timer.
        scene: the MRML scene.
        teacher: keeps and learns.
        model: the model in use.
        vocabulary: what is known by name.
        say: shows one sentence in the panel's status line.
        changed: called when another model was chosen.
    """

    def __init__(
        self,
        ui: Any,
        owner: Any,
        scene: Any,
        teacher: Teacher,
        model: ChosenModel,
        vocabulary: Vocabulary,
        say: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._ui, self._scene, self._teacher, self._model = ui, scene, teacher, model
        self._vocabulary, self._say, self._changed = vocabulary, say, changed
        self._lessons: tuple[_Lesson, ...] = ()
        self._left_out: set[tuple[str, str]] = set()
        self._kept: tuple[CollectedScan, ...] = ()
        self._shown: tuple[Any, Any] = ((), ())
        self._keeping: tuple[Any, ...] = ()
        self._names_kept: dict[Any, str] = {}
        self._run: LearningRun | None = None
        self._is_showing = False
        self._timer = qt.QTimer(owner)
        self._timer.setInterval(_POLL_MS)
        self._timer.connect("timeout()", self._poll)
        for table, headings in ((ui.lessonsTable, _HEADINGS), (ui.comparedTable, ())):
            table.setColumnCount(len(headings))
            table.setHorizontalHeaderLabels(list(headings))
        ui.lessonsTable.connect("itemChanged(QTableWidgetItem*)", self._on_item)
        ui.lessonsTable.connect("itemSelectionChanged()", self._refresh)
        ui.keepButton.connect("clicked()", self._on_keep)
        ui.learnButton.connect("clicked()", self._on_learn)
        ui.goOnButton.connect("clicked()", self._on_go_on)
        ui.forgetButton.connect("clicked()", self._on_forget)
        ui.stopLearningButton.connect("clicked()", self._on_stop)
        ui.useLearnedButton.connect("clicked()", self._on_use)
        ui.earlierModelButton.connect("clicked()", self._on_earlier)
        ui.teachSection.connect("contentsCollapsed(bool)", self._on_folded)
        show_only_plain_text(vars(ui).values())
        self._refresh()

    def show(self) -> None:
        """Show what there is to learn from now, and what was learned last."""
        self._run = self._teacher.runs.latest()
        self._look_at_kept()
        self._look()
        self._refresh()
        if not self._ui.teachSection.collapsed:
            self._timer.start()

    def close(self) -> None:
        """Stop what is running; what was learned so far is kept."""
        self._timer.stop()
        self._teacher.close()

    # --- what there is to learn from

    def _look(self) -> None:
        """Read the scene, and show it where it differs from what is shown."""
        segments = segments_of_scans(self._scene)
        seen = tuple((*one.key, one.info.name, one.volume_node.GetID(), one.volume_node.GetName()) for one in segments)
        if (seen, self._kept) != self._shown:
            self._shown = (seen, self._kept)
            self._lessons = tuple(self._lesson(segment) for segment in segments)
            self._fill()

    def _look_at_kept(self) -> None:
        try:
            self._kept = self._teacher.kept()
        except ValueError as error:
            logger.warning("%s", error)
            self._say(str(error))

    def _fill(self) -> None:
        rows = [(one.segment.info.name, _told(one), one.segment.volume_node.GetName()) for one in self._lessons]
        rows += [
            (", ".join(k.segments), self._all_learned_as(k.segments), f"kept {k.kept:%d %b %Y}") for k in self._kept
        ]
        self._is_showing = True
        table = self._ui.lessonsTable
        table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(in_tooltip(text))
                table.setItem(number, column, item)
        for number, lesson in enumerate(self._lessons):
            self._make_checkable(table.item(number, 0), lesson)
        table.resizeColumnsToContents()
        self._is_showing = False

    def _make_checkable(self, item: Any, lesson: _Lesson) -> None:
        if lesson.problem:
            return
        is_in = lesson.segment.key not in self._left_out
        item.setCheckState(qt.Qt.Checked if is_in else qt.Qt.Unchecked)

    def _lesson(self, segment: ScanSegment) -> _Lesson:
        try:
            problem = "" if is_ct(segment.volume_node) else "only CT can be learned from"
        except SceneError as error:
            problem = str(error)
        return _Lesson(segment, learned_as(segment.info.name, self._vocabulary), problem)

    def _all_learned_as(self, names: tuple[str, ...]) -> str:
        return ", ".join(learned_as(name, self._vocabulary) or "by clicks only" for name in names)

    def _chosen(self) -> list[ScanSegment]:
        return [one.segment for one in self._lessons if not one.problem and one.segment.key not in self._left_out]

    def _scans(self) -> int:
        """How many scans would be learned from; one that was kept already may count twice until its voxels are looked at."""
        here = {segment.volume_node for segment in self._chosen()}
        kept = {scan.name for scan in self._kept}
        return len(here) + len(kept - {self._names_kept.get(node) for node in here})

    # --- how it is shown

    def _refresh(self) -> None:
        ui, teacher = self._ui, self._teacher
        is_free, chosen, run = not teacher.is_busy, self._chosen(), self._run
        unfinished = teacher.runs.unfinished() if is_free else None
        ui.teachLabel.setText(in_label(self._state(unfinished)))
        ui.keepButton.setEnabled(is_free and bool(chosen))
        ui.learnButton.setEnabled(is_free and not self._why_not())
        ui.goOnButton.setVisible(unfinished is not None)
        ui.forgetButton.setEnabled(is_free and self._selected_kept() is not None)
        ui.minutesBox.setEnabled(is_free)
        ui.learningProgressBar.setVisible(not is_free)
        ui.stopLearningButton.setVisible(not is_free)
        self._show_compared(run)
        is_learned = run is not None and self._model.folder == run.checkpoint
        ui.useLearnedButton.setVisible(run is not None)
        ui.useLearnedButton.setEnabled(is_free and not is_learned)
        ui.earlierModelButton.setVisible(run is not None)
        ui.earlierModelButton.setEnabled(is_free and is_learned)
        self._show_progress()

    def _state(self, unfinished: LearningRun | None) -> str:
        if self._teacher.is_busy:
            return "Learning goes on in the background; go on working."
        why_not = self._why_not()
        if why_not:
            return why_not
        stopped = ""
        if unfinished is not None:
            done = unfinished.done()
            stopped = f" A run was stopped after {done[0]:.0%}." if done else " A run was stopped at its beginning."
        segments, scans = len(self._chosen()), self._scans()
        told = (
            f"{segments} segments here, {scans} scans in all."
            if segments != 1
            else f"1 segment here, {scans} scans in all."
        )
        return f"{told}{stopped}"

    def _why_not(self) -> str:
        """Why nothing can be learned; empty when something can."""
        if self._model.card.why_not_learned_from:
            return self._model.card.why_not_learned_from
        scans = self._scans()
        if scans < FEWEST_SCANS:
            here = "there is none" if not scans else "there is 1"
            keep = " Keep it, and come back with another." if self._chosen() else ""
            return f"Learning needs named segments on at least {FEWEST_SCANS} CT scans; {here} so far.{keep}"
        return ""

    def _show_compared(self, run: LearningRun | None) -> None:
        compared = run.compared() if run is not None else None
        table = self._ui.comparedTable
        table.setVisible(bool(compared))
        self._ui.comparedLabel.setText(in_label(_verdict(compared)) if run is not None else "")
        self._ui.comparedLabel.setVisible(run is not None)
        if not compared:
            return
        ways = list(dict.fromkeys(one.way for one in compared))
        structures = list(dict.fromkeys(one.structure for one in compared))
        table.setColumnCount(1 + len(ways))
        table.setHorizontalHeaderLabels(["DSC", *ways])
        table.setRowCount(len(structures))
        for row, structure in enumerate(structures):
            table.setItem(row, 0, qt.QTableWidgetItem(structure))
        for one in compared:
            text = f"{_dsc(one.before)} → {_dsc(one.after)}"
            table.setItem(structures.index(one.structure), 1 + ways.index(one.way), qt.QTableWidgetItem(text))
        table.resizeColumnsToContents()

    def _show_progress(self) -> None:
        bar, run = self._ui.learningProgressBar, self._teacher.run
        done = run.done() if run is not None else None
        is_known = done is not None and done[0] < 1
        bar.setRange(0, 100 if is_known else 0)
        bar.setValue(round(100 * done[0]) if done is not None and is_known else 0)
        self._ui.learningLabel.setText(self._progress_in_words(done))
        self._ui.learningLabel.setVisible(bool(self._ui.learningLabel.text))

    def _progress_in_words(self, done: tuple[float, float] | None) -> str:
        if not self._teacher.is_busy:
            return ""
        if done is None:
            return "Preparing the scans…" if self._teacher.run is not None else self._teacher.doing
        if done[0] >= 1:
            return "Comparing the new model with the one before…"
        return f"Learning: {done[0]:.0%}, {_duration(done[1])} to go."

    # --- what is done

    def _on_folded(self, is_folded: bool) -> None:
        if is_folded:
            if not self._teacher.is_busy:
                self._timer.stop()
        else:
            self.show()

    def _on_item(self, item: Any) -> None:
        row = item.row()
        if self._is_showing or row >= len(self._lessons):
            return
        key = self._lessons[row].segment.key
        is_in = item.checkState() == qt.Qt.Checked
        (self._left_out.discard if is_in else self._left_out.add)(key)
        self._refresh()

    def _selected_kept(self) -> str | None:
        number = self._ui.lessonsTable.currentRow() - len(self._lessons)
        return self._kept[number].name if 0 <= number < len(self._kept) else None

    def _on_forget(self) -> None:
        name = self._selected_kept()
        if name is not None:
            self._teacher.remove(name)
            self._started()

    def _on_keep(self) -> None:
        material = self._gathered()
        if material is not None:
            self._teacher.keep(material)
            self._started()

    def _on_learn(self) -> None:
        material = self._gathered()
        if material is not None:
            self._teacher.learn(material, self._model.folder, int(self._ui.minutesBox.value))
            self._started()

    def _on_go_on(self) -> None:
        run = self._teacher.runs.unfinished()
        if run is not None:
            self._teacher.go_on(run)
            self._started()

    def _gathered(self) -> TeachingMaterial | None:
        chosen = self._chosen()
        self._keeping = tuple(dict.fromkeys(segment.volume_node for segment in chosen))
        try:
            return TeachingMaterial.gather(chosen, self._vocabulary)
        except SceneError as error:
            logger.warning("%s", error)
            self._say(str(error))
            return None

    def _on_stop(self) -> None:
        self._teacher.cancel()
        self._say("Stopping…")

    def _on_use(self) -> None:
        if self._run is not None:
            self._take(self._run.checkpoint, f"{self._run.name} is used from now on.")

    def _on_earlier(self) -> None:
        if self._run is not None:
            self._take(self._run.begun_with, "The earlier model is used again.")

    def _take(self, checkpoint: Path, sentence: str) -> None:
        self._model.use(checkpoint)
        self._say(self._model.problem or sentence)
        self._changed()
        self._refresh()

    def _started(self) -> None:
        self._say(self._teacher.doing)
        self._timer.start()
        self._refresh()

    def _poll(self) -> None:
        end = self._teacher.take()
        if end is not None:
            self._finish(end)
        elif self._teacher.is_busy:
            self._show_progress()
        else:
            self._look()
            self._refresh()

    def _finish(self, end: TeachingEnd) -> None:
        if end.run is not None:
            self._run = end.run
        self._names_kept |= dict(zip(self._keeping, end.kept, strict=False))
        self._look_at_kept()
        self._look()
        self._refresh()
        self._say(end.sentence or _verdict(end.run.compared() if end.run is not None else None))


def open_teach_section(
    ui: Any,
    owner: Any,
    scene: Any,
    place: EnginePlace,
    model: ChosenModel,
    say: Callable[[str], None],
    changed: Callable[[], None],
) -> TeachSection:
    """The section with what it works with in Slicer."""
    data = user_data_folder()
    teacher = Teacher(place.training, data / "kept scans", LearningRuns(data / "learned"))
    return TeachSection(ui, owner, scene, teacher, model, Vocabulary.read(), say, changed)


def _told(lesson: _Lesson) -> str:
    return lesson.problem or lesson.structure or "by clicks only"


def _verdict(compared: tuple[Compared, ...] | None) -> str:
    """Whether learning helped, in a sentence."""
    if compared is None:
        return "A new model is there; it was not compared with the one before."
    if not compared:
        return (
            "A new model is there. All scans were learned from, so it cannot be told whether it is better; "
            "with three scans one is held out."
        )
    before, after = (sum(getattr(one, when) for one in compared) / len(compared) for when in ("before", "after"))
    how = "better than" if after > before + 0.005 else "worse than" if after < before - 0.005 else "as good as"
    return f"The new model is {how} the one before: mean DSC {before:.2f} → {after:.2f} on scans it did not learn from."


def _dsc(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
