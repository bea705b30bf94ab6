"""Phrases and questions through a real worker: found, answered, cancelled, and there again after a crash."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from MedVLSAM2Lib.engine import (
    Cancelled,
    Done,
    EngineClient,
    EngineEvent,
    Limits,
    LocalLauncher,
    ModelInfo,
    WorkerRestarted,
)
from MedVLSAM2Lib.model.language.config import LanguageConfig
from MedVLSAM2Lib.prompts import Point, Turn
from MedVLSAM2Lib.results import (
    AnswerDone,
    AnswerSentence,
    Failure,
    FoundObject,
    MaskRegion,
    NotFound,
    Progress,
    SentenceStatus,
)
from MedVLSAM2Lib.volume import Modality, Volume
from tests.engine.engine_events import apply_regions, payloads, poll_until
from tests.engine.recording_launcher import RecordingLauncher
from tests.session.conftest import ball
from tests.session.toy_phrases import toy_model

TONE_WORKER = Path(__file__).with_name("tone_worker.py")
TONES = {"lesion": 200, "cyst": -50, "gallbladder": -200}
A_WHILE = 60
QUESTION = (Turn("user", "Is there a cyst?"),)
IN_LESION = (12.0, 12.0, 10.0)


@pytest.fixture
def a_volume() -> Volume:
    """Two lesions, a cyst, and no gallbladder; stored from right to left."""
    array = np.full((40, 40, 48), 40, np.int16)
    array[ball(array.shape, (10, 12, 12), 5)] = 200
    array[ball(array.shape, (28, 26, 34), 7)] = 200
    array[ball(array.shape, (10, 28, 36), 6)] = -50
    return Volume(array, np.diag([1.5, -1.5, 2.0, 1.0]), Modality.CT)


@dataclass
class Scene:
    """A client at work, and the masks as a scene would show them."""

    client: EngineClient
    launcher: RecordingLauncher
    volume: Volume
    folder: Path
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    seen: list[EngineEvent] = field(default_factory=list)

    def behave(self, **behaviour: Any) -> None:
        answer = ["Yes. The cyst", -50, " measures <volume:1>. It is round."]
        (self.folder / "behaviour.json").write_text(json.dumps({"tones": TONES, "answer": answer} | behaviour))

    def wait(self, request: int) -> list[EngineEvent]:
        events = self.client.wait(request, A_WHILE)
        self.write(events)
        self.seen += self.client.poll()
        return events

    def wait_for(self, kind: type) -> None:
        self.write(poll_until(self.client, kind, A_WHILE))

    def write(self, events: Sequence[EngineEvent]) -> None:
        self.seen += events
        for event in events:
            if isinstance(event.payload, MaskRegion):
                assert event.object_id == event.payload.object_id
                before = self.masks.get(event.object_id, np.zeros(self.volume.shape, bool))
                self.masks[event.object_id] = apply_regions(before, [event])

    def kill_worker(self) -> None:
        os.kill(self.launcher.worker.process_id, signal.SIGKILL)
        if not payloads(self.seen, WorkerRestarted):
            self.wait_for(WorkerRestarted)


@pytest.fixture
def make_scene(make_client: Callable[..., EngineClient], a_volume: Volume, tmp_path: Path) -> Callable[..., Scene]:
    def make(**limits: float) -> Scene:
        launcher = RecordingLauncher(arguments=(str(TONE_WORKER),))
        scene = Scene(make_client(launcher, Limits(**limits)), launcher, a_volume, tmp_path)
        scene.behave()
        scene.client.load_model(tmp_path)
        scene.client.wait(scene.client.open_volume("ct", a_volume), A_WHILE)
        scene.client.poll()
        return scene

    return make


def test_found_objects_are_objects_like_any_other_also_in_the_next_worker(
    make_scene: Callable[..., Scene], a_volume: Volume
) -> None:
    scene = make_scene()
    events = scene.wait(scene.client.find("ct", ["lesion", "gallbladder", "cyst"], "f"))

    assert [event.payload for event in events if isinstance(event.payload, FoundObject | NotFound)] == [
        FoundObject("f1", "lesion", 1, 2),
        FoundObject("f2", "lesion", 2, 2),
        NotFound("gallbladder", "No “gallbladder” was found in this scan; click on it, or name it differently."),
        FoundObject("f3", "cyst", 1, 1),
    ]
    assert isinstance(events[-1].payload, Done)
    assert payloads(events, Progress)[0] == Progress(0.0, "lesion, 1 of 3")
    assert np.array_equal(scene.masks["f1"] | scene.masks["f2"], a_volume.array == 200)
    scene.wait(scene.client.remove_object("ct", "f3"))
    found = scene.masks["f1"].copy()
    scene.wait(scene.client.add_prompts("ct", "f1", [Point(IN_LESION, positive=False)]))
    clicked = scene.masks["f1"].copy()
    assert not np.array_equal(found, clicked)

    scene.kill_worker()

    assert payloads(scene.seen, WorkerRestarted)[-1].replayed == 4
    assert not payloads(scene.seen, Failure)
    scene.wait(scene.client.undo("ct", "f1"))
    np.testing.assert_array_equal(scene.masks["f1"], found)
    scene.wait(scene.client.redo("ct", "f1"))
    np.testing.assert_array_equal(scene.masks["f1"], clicked)
    assert isinstance(scene.wait(scene.client.undo("ct", "f3"))[-1].payload, Failure)
    scene.wait(scene.client.undo("ct", "f2"))
    assert not scene.masks["f2"].any()


def test_a_worker_that_dies_while_it_finds_tells_everything_again(
    make_scene: Callable[..., Scene], a_volume: Volume
) -> None:
    scene = make_scene()
    scene.behave(trouble={"kind": "die", "at": -50.0, "times": 1})

    events = scene.wait(scene.client.find("ct", ["lesion", "cyst"], "f"))

    assert [found.object_id for found in payloads(events, FoundObject)] == ["f1", "f2", "f1", "f2", "f3"]
    assert isinstance(events[-1].payload, Done)
    assert np.array_equal(scene.masks["f1"] | scene.masks["f2"], a_volume.array == 200)
    assert np.array_equal(scene.masks["f3"], a_volume.array == -50)


@pytest.mark.parametrize("by_force", [False, True])
def test_a_cancelled_search_leaves_no_object(make_scene: Callable[..., Scene], by_force: bool) -> None:
    scene = make_scene(cancel_s=0.5 if by_force else 60.0)
    if by_force:
        scene.behave(trouble={"kind": "hang", "at": -50.0, "times": 1})
    else:
        scene.behave(pause_s=0.3)
    request = scene.client.find("ct", ["lesion", "cyst", "cyst", "cyst"], "f")
    while "cyst, 2 of 4" not in [progress.message for progress in payloads(scene.seen, Progress)]:
        scene.wait_for(Progress)
    assert all(mask.any() for mask in scene.masks.values())

    scene.client.cancel()
    events = scene.wait(request)

    assert isinstance(events[-1].payload, Cancelled)
    # Nobody waits for the new worker: it has not done anything again yet.
    assert payloads(scene.seen, WorkerRestarted) == []
    assert scene.masks.keys() == {"f1", "f2"}
    assert not any(mask.any() for mask in scene.masks.values())
    assert len(scene.launcher.started) == 1 + by_force
    assert isinstance(scene.wait(scene.client.undo("ct", "f1"))[-1].payload, Failure)
    assert payloads(scene.wait(scene.client.find("ct", ["lesion"], "f")), FoundObject)[0].object_id == "f1"


def test_an_answer_is_checked_and_its_objects_are_in_the_next_worker_as_they_were(
    make_scene: Callable[..., Scene], a_volume: Volume
) -> None:
    scene = make_scene()
    events = scene.wait(scene.client.ask("ct", QUESTION, "a"))

    first, second = payloads(events, AnswerSentence)
    assert (first.text[:17], first.status) == ("Yes. The cyst mea", SentenceStatus.SAID)
    assert [(link.object_ids, link.is_measured) for link in first.links] == [(("a1",), False), (("a1",), True)]
    assert second.text == "It is round."
    assert payloads(events, AnswerDone) == [AnswerDone("Yes. The cyst [SEG] measures <volume:1>. It is round.")]
    assert isinstance(events[-1].payload, Done)
    assert np.array_equal(scene.masks["a1"], a_volume.array == -50)
    # From now on the words would find something else; the mask is what was shown all the same.
    scene.behave(tones={"cyst": 200}, trouble={"kind": "die", "at": -50.0, "times": 9})

    scene.kill_worker()
    scene.wait(scene.client.add_prompts("ct", "a1", [Point((36.0, 28.0, 10.0), positive=False)]))
    scene.wait(scene.client.undo("ct", "a1"))

    assert np.array_equal(scene.masks["a1"], a_volume.array == -50)
    assert not payloads(scene.seen, Failure)


def test_a_cancelled_answer_leaves_no_object(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(cancel_s=60.0)
    scene.behave(pause_s=0.2, answer=["A cyst", -50, ". It is round", *[" and round"] * 40, "."])
    request = scene.client.ask("ct", QUESTION, "a")
    scene.wait_for(AnswerSentence)
    assert scene.masks["a1"].any()

    scene.client.cancel()
    events = scene.wait(request)

    assert isinstance(events[-1].payload, Cancelled)
    assert not scene.masks["a1"].any()
    assert len(scene.launcher.started) == 1
    assert not payloads(scene.seen, AnswerDone)


def test_an_answer_begins_again_when_the_worker_dies_of_it(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene()
    scene.behave(answer=["A cyst", -50, ". A lesion", 200, "."], trouble={"kind": "die", "at": 200.0, "times": 1})

    events = scene.wait(scene.client.ask("ct", QUESTION, "a"))

    assert [sentence.number for sentence in payloads(events, AnswerSentence)] == [0, 0, 1]
    assert isinstance(events[-1].payload, Done)
    assert {name for name, mask in scene.masks.items() if mask.any()} == {"a1", "a2", "a3"}


def test_the_client_learns_what_the_model_can_do_and_what_it_is_called(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene()
    assert scene.client.worker_info is not None
    model = scene.client.worker_info.model
    assert model is not None
    assert (model.name, model.identity) == ("tones", "tones")
    assert model.capabilities == ("click", "phrase", "question")


def test_the_worker_of_the_project_finds_and_answers_with_a_checkpoint(
    make_client: Callable[..., EngineClient], a_volume: Volume, tmp_path: Path
) -> None:
    toy_model(LanguageConfig(most_new_tokens=12), ("click", "phrase", "question")).save_pretrained(tmp_path)
    client = make_client(LocalLauncher())
    client.load_model(tmp_path)
    client.open_volume("ct", a_volume)

    found = client.wait(client.find("ct", ["liver", "spleen"], "f"), A_WHILE)
    answered = client.wait(client.ask("ct", QUESTION, "a"), A_WHILE)

    assert isinstance(found[-1].payload, Done)
    named = [event.payload.phrase for event in found if isinstance(event.payload, FoundObject | NotFound)]
    assert list(dict.fromkeys(named)) == ["liver", "spleen"]
    assert isinstance(answered[-1].payload, Done)
    assert len(payloads(answered, AnswerDone)) == 1
    assert client.worker_info is not None
    model = client.worker_info.model
    assert model is not None
    assert model == ModelInfo(model.identity, ("click", "phrase", "question"), "toy", "cpu")
    assert model.identity.startswith("patches:")
