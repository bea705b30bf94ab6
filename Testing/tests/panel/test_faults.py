"""Each fault of a worker at each phase of each task: it is said in a sentence, and what comes out is what would have."""

from __future__ import annotations

import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.engine.recording_launcher import RecordingLauncher
from tests.panel.conftest import TONES, opened
from tests.panel.reader import Reader
from tests.panel.user import User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

ROOT = Path(__file__).resolve().parents[3]
IN_LIVER, IN_KIDNEY = (30.0, 0.0, 0.0), (-24.0, 18.0, 0.0)
QUESTION = "How is the left kidney?"
ANSWER = ["The left kidney", TONES["left kidney"], "holds renal cysts", TONES["renal cysts"], "."]
ROOM = 2**29
"""Bytes that a worker may take beyond what it has, where the test limits it."""

DIED = "The engine was ended by the system, most likely for want of memory. It was started again; nothing was lost."
STOPPED = "The engine no longer answered. It was started again; nothing was lost."
NONSENSE = "The engine sent something that cannot be understood."
NO_MEMORY = "There was not enough memory for this; close other volumes or programs, or choose a smaller model."


class Patient(User):
    """A user who remembers every sentence that the panel said, and whose worker gets into trouble."""

    def __init__(self, a_slicer: OffscreenSlicer, module: Any, folder: Path, launcher: RecordingLauncher) -> None:
        super().__init__(a_slicer, module, folder)
        self.launcher = launcher
        self.reader = Reader(a_slicer, module)
        self.heard: list[str] = []

    def wait(self, until: Callable[[], bool] | None = None) -> None:
        """Wait, and listen."""
        over = until or (lambda: not self.panel.segmenter.is_busy)

        def listen() -> bool:
            for sentence in (self.says, str(self.ui.askLabel.text)):
                if sentence and sentence not in self.heard:
                    self.heard.append(sentence)
            return over()

        self.slicer.process_events(until=listen, timeout_s=120)

    def get_into_trouble(self, kind: str, at: float | str) -> None:
        """Let the worker do so, for once, when it comes there."""
        self.heard.clear()
        self.worker_will_also(trouble={"kind": kind, "at": at, "times": 1})
        if kind == "allocate":
            pages = int(Path(f"/proc/{self.launcher.worker.process_id}/statm").read_text("utf-8").split()[0])
            self.limit_memory(pages * resource.getpagesize() + ROOM)

    def limit_memory(self, size: int) -> None:
        """A limit of the system's for the worker."""
        hard = resource.prlimit(self.launcher.worker.process_id, resource.RLIMIT_AS)[1]
        resource.prlimit(self.launcher.worker.process_id, resource.RLIMIT_AS, (size, hard))


@pytest.fixture
def a_patient(
    a_slicer: OffscreenSlicer, an_abdomen: Any, a_worker_that_knows_words: Path, monkeypatch: pytest.MonkeyPatch
) -> Patient:
    """Somebody in front of the module, with an engine that is not waited for as long as usual."""
    from MedVLSAM2Lib.engine import EngineClient, Limits

    launcher = RecordingLauncher(arguments=(str(ROOT / "Testing" / "tests" / "engine" / "tone_worker.py"),))
    monkeypatch.setattr("MedVLSAM2Lib.engine.LocalLauncher", lambda: launcher)
    impatient = partial(EngineClient, limits=Limits(silence_s=8.0))
    monkeypatch.setattr("MedVLSAM2Lib.engine.EngineClient", impatient)
    patient = Patient(a_slicer, opened(a_slicer, an_abdomen), a_worker_that_knows_words, launcher)
    patient.worker_will_also(answers={QUESTION: ANSWER})
    patient.ui.askSection.collapsed = False
    patient.show_panel()
    patient.take("point")
    return patient


def click(patient: Patient, folder: Path) -> list[Any]:
    """A click in the liver: its mask."""
    patient.press("newSegment")
    patient.click(IN_LIVER)
    patient.wait()
    return [patient.mask(patient.panel.volume.node)]


def refine(patient: Patient, folder: Path) -> list[Any]:
    """A click in the liver, and one in the kidney: the mask of both."""
    patient.press("newSegment")
    patient.prompt(IN_KIDNEY)
    patient.click(IN_LIVER)
    patient.wait()
    return [patient.mask(patient.panel.volume.node)]


def find(patient: Patient, folder: Path) -> list[Any]:
    """The cysts by name: their masks."""
    before = set(patient.segments().values())
    patient.find("renal cysts")
    found = [segment_id for segment_id in patient.segments().values() if segment_id not in before]
    return [patient.mask(patient.panel.volume.node, segment_id) for segment_id in found]


def ask(patient: Patient, folder: Path) -> list[Any]:
    """A question: what is answered, and the masks of what it points at."""
    from MedVLSAM2Lib.scene.conversation_node import ConversationNode

    patient.press("newConversation")
    patient.ask(QUESTION)
    volume = patient.panel.volume.node
    kept = ConversationNode.of_volume(volume)
    assert kept is not None
    segmentation = kept.evidence.GetSegmentation() if kept.evidence is not None else None
    ids = (
        []
        if segmentation is None
        else [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]
    )
    return [patient.conversation, *(patient.mask(volume, segment_id, kept.evidence) for segment_id in ids)]


def draft(patient: Patient, folder: Path) -> list[Any]:
    """A report while a click is answered: the mask, and the sentences with their numbers."""
    patient.press("newSegment")
    patient.click(IN_LIVER)
    patient.reader.open_section()
    patient.reader.press_without_waiting("draft")
    patient.wait()
    patient.reader.settle()
    return [patient.mask(patient.panel.volume.node)]


def export(patient: Patient, folder: Path) -> list[Any]:
    """A report written while a click is answered: the mask, and whether the page is whole."""
    patient.press("newSegment")
    patient.click(IN_LIVER)
    patient.reader.export("Plain text", folder)
    patient.wait()
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir()]
    return [patient.mask(patient.panel.volume.node), all("FINDINGS" in text and "DRAFT" in text for text in texts)]


Task = Callable[[Patient, Path], list[Any]]
PHASES: tuple[tuple[Task, float | str], ...] = (
    (click, "click"),
    (click, "clicked"),
    (refine, "clicked"),
    (find, float(TONES["renal cysts"])),
    (ask, "word"),
    (ask, float(TONES["renal cysts"])),
    (ask, "answered"),
    (draft, "click"),
    (export, "clicked"),
)


def assert_same(outcome: list[Any], expected: list[Any], phase: str) -> None:
    assert len(outcome) == len(expected), phase
    for ours, theirs in zip(outcome, expected, strict=True):
        assert np.array_equal(ours, theirs), phase


@pytest.mark.parametrize(
    ("fault", "sentence", "is_restarted"),
    [
        ("die", DIED, True),
        ("half", DIED, True),
        ("stop", STOPPED, True),
        ("rubbish", NONSENSE, True),
        ("allocate", NO_MEMORY, False),
    ],
)
def test_a_fault_at_any_phase_is_one_sentence_and_costs_nothing(
    a_patient: Patient, tmp_path: Path, fault: str, sentence: str, is_restarted: bool
) -> None:
    folder = tmp_path / "exports"
    undisturbed = {task: task(a_patient, folder) for task in dict.fromkeys(task for task, _ in PHASES)}
    assert all(np.any(outcome[-1]) for outcome in undisturbed.values())
    for task, at in PHASES:
        phase = f"{fault} in {task.__name__} at {at}"
        started = len(a_patient.launcher.started)
        a_patient.get_into_trouble(fault, at)
        outcome = task(a_patient, folder)
        said = [heard for heard in a_patient.heard if sentence in heard]
        assert said, f"{phase}: {a_patient.heard}"
        if is_restarted:
            assert len(a_patient.launcher.started) == started + 1, phase
        else:
            a_patient.limit_memory(resource.RLIM_INFINITY)
            outcome = task(a_patient, folder)
        assert_same(outcome, undisturbed[task], phase)
    assert all(worker.end(0.0) for worker in a_patient.launcher.started[:-1])
