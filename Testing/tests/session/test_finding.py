"""Many phrases in one request: each object that they name is one of the session's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import Phrase, Point, PromptError
from MedVLSAM2Lib.results import Event, FoundObject, MaskRegion, NotFound, Progress
from MedVLSAM2Lib.session.errors import Cancelled, SessionError
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox
from tests.engine.engine_events import apply_regions
from tests.session.conftest import ball
from tests.session.tone_model import ToneModel, ToneReader

TONES = {"lesion": 200.0, "cyst": -50.0, "gallbladder": -200.0}
PHRASES = ("lesion", "gallbladder", "cyst")


@pytest.fixture
def a_volume() -> Volume:
    """Two lesions, a cyst, and no gallbladder; stored from right to left."""
    array = np.full((40, 40, 48), 40, np.int16)
    array[ball(array.shape, (10, 12, 12), 5)] = 200
    array[ball(array.shape, (28, 26, 34), 7)] = 200
    array[ball(array.shape, (10, 28, 36), 6)] = -50
    return Volume(array, np.diag([1.5, -1.5, 2.0, 1.0]), Modality.CT)


@pytest.fixture
def a_model() -> ToneModel:
    return ToneModel()


@pytest.fixture
def a_reader() -> ToneReader:
    return ToneReader(TONES)


@pytest.fixture
def a_session(a_volume: Volume, a_model: ToneModel, a_reader: ToneReader) -> Session:
    return Session(a_volume, "scan", a_model, grounding=Grounding(a_reader, a_model, threshold=0.5))


def find(
    session: Session, *phrases: str, prefix: str = "found ", cancelled: Callable[[], bool] = lambda: False
) -> list[Event]:
    return list(session.find(phrases, prefix, cancelled))


def shown(session: Session, volume: Volume, object_id: str) -> np.ndarray:
    return session.mask(object_id).unpack(VoxelBox.of_shape(volume.shape))


def test_every_object_that_the_phrases_name_is_made_and_what_is_not_there_is_said(
    a_session: Session, a_volume: Volume
) -> None:
    events = find(a_session, *PHRASES)

    told = [event for event in events if isinstance(event, FoundObject | NotFound)]
    assert told == [
        FoundObject("found 1", "lesion", 1, 2),
        FoundObject("found 2", "lesion", 2, 2),
        NotFound("gallbladder", "No “gallbladder” was found in this scan; click on it, or name it differently."),
        FoundObject("found 3", "cyst", 1, 1),
    ]
    progress = [event.message for event in events if isinstance(event, Progress)]
    assert progress == ["lesion, 1 of 3", "gallbladder, 2 of 3", "cyst, 3 of 3"]
    lesions = [shown(a_session, a_volume, f"found {number}") for number in (1, 2)]
    assert np.array_equal(lesions[0] | lesions[1], a_volume.array == 200)
    assert not (lesions[0] & lesions[1]).any()
    assert np.array_equal(shown(a_session, a_volume, "found 3"), a_volume.array == -50)


def test_an_object_is_told_before_the_regions_that_make_it(a_session: Session, a_volume: Volume) -> None:
    events = find(a_session, "lesion")

    assert isinstance(events[1], FoundObject)
    second = next(index for index, event in enumerate(events) if isinstance(event, FoundObject) and event.number == 2)
    for name, part in (("found 1", events[1:second]), ("found 2", events[second:])):
        regions = [event for event in part if isinstance(event, MaskRegion)]
        assert {region.object_id for region in regions} == {name}
        assert regions[-1].final
        assert np.array_equal(apply_regions(np.zeros(a_volume.shape, bool), regions), shown(a_session, a_volume, name))


def test_all_phrases_are_read_at_once_and_each_is_looked_for_once(
    a_session: Session, a_model: ToneModel, a_reader: ToneReader
) -> None:
    find(a_session, *PHRASES)

    assert a_reader.asked == [PHRASES]
    assert a_model.looks == 3


def test_a_found_object_is_as_if_its_phrase_had_been_asked_alone(
    a_session: Session, a_volume: Volume, a_model: ToneModel
) -> None:
    find(a_session, "lesion")
    a_model.looks = 0
    for number in (1, 2):
        list(a_session.add_prompts(f"alone {number}", [Phrase("lesion", number)], lambda: False))
        assert a_session.mask(f"alone {number}") == a_session.mask(f"found {number}")
    assert a_model.looks == 1

    list(a_session.add_prompts("found 1", [Point((12, 12, 10), positive=False)], lambda: False))
    assert a_model.asked[-1].tokens == pytest.approx(200)
    assert not shown(a_session, a_volume, "found 1")[10, 12, 12]
    list(a_session.undo("found 1"))
    assert shown(a_session, a_volume, "found 1")[10, 12, 12]
    list(a_session.undo("found 1"))
    assert a_session.mask("found 1").is_empty


def test_a_cancel_between_two_phrases_takes_back_what_was_found(a_session: Session, a_volume: Volume) -> None:
    told: list[Event] = []

    def a_second_phrase_has_begun() -> bool:
        return sum(isinstance(event, Progress) for event in told) > 1

    with pytest.raises(Cancelled):
        deque(map(told.append, a_session.find(PHRASES, "found ", a_second_phrase_has_begun)), maxlen=0)

    assert {event.object_id for event in told if isinstance(event, FoundObject)} == {"found 1", "found 2"}
    for name in ("found 1", "found 2"):
        regions = [event for event in told if isinstance(event, MaskRegion) and event.object_id == name]
        assert not apply_regions(np.zeros(a_volume.shape, bool), regions).any()
        assert a_session.mask(name).is_empty
    with pytest.raises(SessionError, match="no prompts yet"):
        list(a_session.undo("found 1"))
    assert find(a_session, "cyst")[1] == FoundObject("found 1", "cyst", 1, 1)


def test_a_cancel_is_heard_between_two_looks(a_session: Session, a_model: ToneModel) -> None:
    with pytest.raises(Cancelled):
        find(a_session, "lesion", cancelled=lambda: bool(a_model.asked))
    assert len(a_model.asked) == 1


@pytest.mark.parametrize("phrases", [(), ("lesion", " ")])
def test_a_request_without_a_phrase_is_refused_and_makes_nothing(
    a_session: Session, a_reader: ToneReader, phrases: tuple[str, ...]
) -> None:
    with pytest.raises(PromptError, match="There is no phrase; type what is to be segmented"):
        find(a_session, *phrases)
    assert a_reader.asked == []


def test_a_name_that_is_taken_is_refused_and_its_object_stays(a_session: Session, a_volume: Volume) -> None:
    list(a_session.add_prompts("found 2", [Phrase("cyst")], lambda: False))
    with pytest.raises(SessionError, match="There is an object found 2 already"):
        find(a_session, "lesion")
    assert a_session.mask("found 1").is_empty
    assert np.array_equal(shown(a_session, a_volume, "found 2"), a_volume.array == -50)


def test_a_model_without_words_refuses(a_volume: Volume, a_model: ToneModel) -> None:
    with pytest.raises(PromptError, match="does not know words"):
        find(Session(a_volume, "scan", a_model), "lesion")


def test_a_size_in_a_phrase_is_measured(a_session: Session, a_volume: Volume) -> None:
    events = find(a_session, "lesion above 1.8 cm", "lesion at most 18 mm", "lesion over 3 cm", "gallbladder over 1 mm")
    told = [event for event in events if isinstance(event, FoundObject | NotFound)]
    assert told == [
        FoundObject("found 1", "lesion above 1.8 cm", 1, 1),
        FoundObject("found 2", "lesion at most 18 mm", 1, 1),
        NotFound(
            "lesion over 3 cm",
            "No “lesion” over 3 cm: the largest of the 2 found measures 23 mm in its longest axial diameter.",
        ),
        NotFound(
            "gallbladder over 1 mm",
            "No “gallbladder over 1 mm” was found in this scan; click on it, or name it differently.",
        ),
    ]
    large, small = (shown(a_session, a_volume, f"found {number}") for number in (1, 2))
    assert large.sum() > small.sum() > 0
    assert np.array_equal(large | small, a_volume.array == 200)
