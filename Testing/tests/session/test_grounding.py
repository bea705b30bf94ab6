"""Phrases: found, not found, several at once, and together with clicks."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.prompts import Box, Phrase, Point, Prompt, PromptError
from MedVLSAM2Lib.results import MaskRegion
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox
from tests.session.conftest import ball
from tests.session.tone_model import ToneModel, ToneReader

LESION, CYST, STONE, GALLBLADDER = Phrase("lesion"), Phrase("cyst"), Phrase("stone"), Phrase("gallbladder")
TONES = {"lesion": 200.0, "cyst": -50.0, "stone": 900.0, "gallbladder": -200.0}


@pytest.fixture
def a_volume() -> Volume:
    """Two lesions, the second one larger, a cyst, and a stone too small to be sure of; no gallbladder."""
    array = np.full((40, 40, 48), 40, np.int16)
    array[ball(array.shape, (10, 12, 12), 5)] = 200
    array[ball(array.shape, (28, 26, 34), 7)] = 200
    array[ball(array.shape, (10, 28, 36), 6)] = -50
    array[ball(array.shape, (30, 10, 10), 2)] = 900
    # Stored from right to left: what is found comes back in the volume's own order.
    return Volume(array, np.diag([1.5, -1.5, 2.0, 1.0]), Modality.CT)


@pytest.fixture
def a_model() -> ToneModel:
    return ToneModel()


@pytest.fixture
def a_session(a_volume: Volume, a_model: ToneModel) -> Session:
    return Session(a_volume, "scan", a_model, grounding=Grounding(ToneReader(TONES), a_model, threshold=0.5))


def add(session: Session, *prompts: Prompt, to: str = "object") -> list[MaskRegion]:
    events = session.add_prompts(to, prompts, lambda: False)
    return [event for event in events if isinstance(event, MaskRegion)]


def shown(session: Session, volume: Volume, of: str = "object") -> np.ndarray:
    return session.mask(of).unpack(VoxelBox.of_shape(volume.shape))


def part(volume: Volume, *centres: tuple[int, int, int], tone: int) -> np.ndarray:
    reached = np.zeros(volume.shape, bool)
    for centre in centres:
        reached |= ball(volume.shape, centre, 8)
    return reached & (volume.array == tone)


def test_a_phrase_gives_the_object_that_it_names(a_session: Session, a_volume: Volume) -> None:
    regions = add(a_session, CYST)
    assert np.array_equal(shown(a_session, a_volume), a_volume.array == -50)
    assert regions[-1].confidence == pytest.approx(0.9)


def test_several_objects_come_together_and_one_by_one(a_session: Session, a_volume: Volume) -> None:
    region = add(a_session, LESION)[-1]
    assert (region.candidate, region.candidates) == (2, 3)
    assert np.array_equal(shown(a_session, a_volume), a_volume.array == 200)
    list(a_session.step_candidate("object", -1))
    assert np.array_equal(shown(a_session, a_volume), part(a_volume, (28, 26, 34), tone=200))
    list(a_session.step_candidate("object", -1))
    assert np.array_equal(shown(a_session, a_volume), part(a_volume, (10, 12, 12), tone=200))


def test_each_of_several_objects_can_be_a_segment_of_its_own(a_session: Session, a_volume: Volume) -> None:
    for number in (1, 2):
        region = add(a_session, Phrase("lesion", number), to=f"lesion {number}")[-1]
        assert region.candidates == 1
    first, second = (shown(a_session, a_volume, of=f"lesion {number}") for number in (1, 2))
    assert not (first & second).any()
    assert np.array_equal(first | second, a_volume.array == 200)


def test_a_number_beyond_what_was_found_is_refused(a_session: Session) -> None:
    with pytest.raises(PromptError, match=r"“lesion” names only 2 object\(s\) in this scan"):
        add(a_session, Phrase("lesion", 3))


@pytest.mark.parametrize("phrase", [GALLBLADDER, STONE])
def test_what_is_not_there_or_scores_too_low_is_not_found(a_session: Session, phrase: Phrase) -> None:
    with pytest.raises(PromptError, match=f"No “{phrase.text}” was found in this scan"):
        add(a_session, phrase)
    assert a_session.mask("object").is_empty


def test_the_threshold_is_the_checkpoints(a_volume: Volume, a_model: ToneModel) -> None:
    session = Session(a_volume, "scan", a_model, grounding=Grounding(ToneReader(TONES), a_model, threshold=0.1))
    add(session, STONE)
    assert np.array_equal(shown(session, a_volume), a_volume.array == 900)


def test_a_click_corrects_what_a_phrase_found_and_the_model_still_hears_the_phrase(
    a_session: Session, a_volume: Volume, a_model: ToneModel
) -> None:
    add(a_session, CYST)
    add(a_session, Point((36, 28, 10), positive=False))
    assert not shown(a_session, a_volume)[10, 28, 36]
    assert a_model.asked[-1].tokens == pytest.approx(-50)
    assert a_model.asked[-1].prompts == (Point((47 - 36, 28, 10), positive=False),)
    assert a_model.asked[-1].new_prompts == a_model.asked[-1].prompts
    list(a_session.undo("object"))
    assert shown(a_session, a_volume)[10, 28, 36]


def test_a_phrase_and_a_click_together_are_one_question(
    a_session: Session, a_volume: Volume, a_model: ToneModel
) -> None:
    add(a_session, LESION, Point((12, 12, 10)))
    assert np.array_equal(shown(a_session, a_volume), part(a_volume, (10, 12, 12), tone=200))
    assert len(a_model.asked) == 1
    assert a_model.asked[0].tokens == pytest.approx(200)


def test_a_phrase_can_follow_a_click(a_session: Session, a_volume: Volume, a_model: ToneModel) -> None:
    add(a_session, Point((12, 12, 10)))
    add(a_session, LESION)
    assert np.array_equal(shown(a_session, a_volume), part(a_volume, (10, 12, 12), tone=200))
    assert a_model.asked[-1].new_prompts == ()


def test_a_model_without_words_refuses_a_phrase(a_volume: Volume, a_model: ToneModel) -> None:
    with pytest.raises(PromptError, match="does not know words; click on the object"):
        add(Session(a_volume, "scan", a_model), CYST)


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_phrase_is_refused(a_session: Session, text: str) -> None:
    with pytest.raises(PromptError, match="There is no phrase"):
        add(a_session, Phrase(text))


@pytest.fixture
def a_larger_model() -> ToneModel:
    return ToneModel(("click", "box"))


@pytest.fixture
def a_composite(a_volume: Volume, a_model: ToneModel, a_larger_model: ToneModel) -> Session:
    grounding = Grounding(ToneReader(TONES), a_model, 0.5, refiner=a_larger_model)
    return Session(a_volume, "scan", a_larger_model, grounding=grounding)


def test_a_larger_model_gets_box_and_point_of_what_a_smaller_one_located(
    a_composite: Session, a_volume: Volume, a_larger_model: ToneModel
) -> None:
    add(a_composite, CYST)
    assert np.array_equal(shown(a_composite, a_volume), a_volume.array == -50)
    box, point = a_larger_model.asked[-1].prompts
    assert a_larger_model.asked[-1].tokens is None
    assert a_larger_model.asked[-1].earlier.is_empty
    assert point == Point((47 - 36.0, 28.0, 10.0))
    assert isinstance(box, Box)
    # The ball's own 13 voxels, from 22 to 34 along J, and a tenth of that on either side.
    assert (box.minimum[1], box.maximum[1]) == pytest.approx((22 - 1.3, 34 + 1.3))


def test_a_larger_model_that_was_not_trained_for_boxes_gets_the_point_only(
    a_volume: Volume, a_model: ToneModel
) -> None:
    larger = ToneModel(("click",))
    session = Session(
        a_volume, "scan", larger, grounding=Grounding(ToneReader(TONES), a_model, threshold=0.5, refiner=larger)
    )
    add(session, CYST)
    assert [type(prompt) for prompt in larger.asked[-1].prompts] == [Point]


def test_a_larger_model_that_knows_no_words_goes_on_with_clicks(
    a_composite: Session, a_volume: Volume, a_larger_model: ToneModel
) -> None:
    add(a_composite, CYST)
    add(a_composite, Point((36, 28, 10)))
    assert a_larger_model.asked[-1].tokens is None
    with pytest.raises(PromptError, match="a phrase begins a new segment"):
        add(a_composite, LESION)
