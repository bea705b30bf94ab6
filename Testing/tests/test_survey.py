"""What a language model is told of a scan that was looked over."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.survey import Sight, Sighting, Survey
from MedVLSAM2Lib.vocabulary import Vocabulary


def survey_of(*seen: tuple[Sight, str, float]) -> Survey:
    vocabulary = Vocabulary.read()
    return Survey("CT", tuple(Sighting(vocabulary.structure(name), sight, ml) for sight, name, ml in seen))


def test_everything_that_was_looked_for_is_told_in_the_order_in_which_it_was() -> None:
    survey = survey_of((Sight.WHOLLY, "heart", 600), (Sight.PARTLY, "liver", 400), (Sight.NOT_FOUND, "spleen", 0))
    assert survey.text() == "CT: wholly heart, partly liver, no spleen."


def test_what_a_question_names_is_told_once_more_before_it() -> None:
    survey = survey_of((Sight.WHOLLY, "heart", 600), (Sight.PARTLY, "liver", 400), (Sight.NOT_FOUND, "spleen", 0))
    questions = ["Is the liver in view?", "How large is it?", "And the SPLEEN?", "What is this?", "Any liver cysts?"]
    assert list(survey.told(questions, Vocabulary.read())) == [
        "CT: wholly heart, partly liver, no spleen.\nAsked about: partly liver.\nIs the liver in view?",
        "Asked about: partly liver.\nHow large is it?",
        "Asked about: no spleen.\nAnd the SPLEEN?",
        "In view: heart, liver.\nWhat is this?",
        "Any liver cysts?",
    ]


def test_what_is_far_from_all_that_was_seen_is_out_of_view() -> None:
    survey = survey_of((Sight.WHOLLY, "liver", 1500), (Sight.NOT_FOUND, "spleen", 0))
    questions = ["Is the brain in view?", "Is the heart in view?", "Is the brain or the spleen in view?"]
    lines = [text.splitlines() for text in survey.told(questions, Vocabulary.read())]
    assert lines[0][1:] == ["Asked about: no brain.", questions[0]]
    assert lines[1:3] == [[questions[1]], ["Asked about: no spleen, no brain.", questions[2]]]


@pytest.mark.parametrize(
    ("seen", "is_out_of_view"),
    [
        (((Sight.WHOLLY, "brainstem"), (Sight.PARTLY, "right lung")), True),
        (((Sight.PARTLY, "brainstem"), (Sight.PARTLY, "right lung")), False),
        (((Sight.PARTLY, "brainstem"), (Sight.NOT_FOUND, "right lung")), True),
        (((Sight.NOT_FOUND, "brainstem"), (Sight.NOT_FOUND, "right lung")), False),
    ],
)
def test_where_no_landmark_is_wholly_seen_a_part_of_one_tells_what_is_far(
    seen: tuple[tuple[Sight, str], ...], is_out_of_view: bool
) -> None:
    survey = survey_of(*((sight, name, 100) for sight, name in seen))
    assert survey.is_out_of_view(Vocabulary.read().structure("left kidney")) is is_out_of_view


def test_a_region_is_named_by_a_landmark_that_is_wholly_seen() -> None:
    survey = survey_of((Sight.WHOLLY, "right lung", 2000), (Sight.PARTLY, "liver", 700), (Sight.WHOLLY, "brain", 1300))
    assert survey.regions == ("head", "chest")
    assert survey.text().startswith("CT of the head and chest: ")


@pytest.mark.parametrize(
    ("right", "left", "said"),
    [
        ((Sight.WHOLLY, 200), (Sight.WHOLLY, 150), "larger right kidney"),
        ((Sight.WHOLLY, 100), (Sight.WHOLLY, 150), "larger left kidney"),
        ((Sight.WHOLLY, 150), (Sight.WHOLLY, 155), "same kidneys"),
        ((Sight.WHOLLY, 150), (Sight.WHOLLY, 170), None),
        ((Sight.PARTLY, 50), (Sight.WHOLLY, 150), None),
        ((Sight.NOT_FOUND, 0), (Sight.WHOLLY, 150), None),
    ],
)
def test_a_pair_is_compared_where_both_are_wholly_seen_and_the_difference_is_clear(
    right: tuple[Sight, float], left: tuple[Sight, float], said: str | None
) -> None:
    text = survey_of((right[0], "right kidney", right[1]), (left[0], "left kidney", left[1])).text()
    assert text.endswith(f", {said}.") if said else "larger" not in text and "same" not in text
