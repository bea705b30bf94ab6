"""What a real scan can be asked, as far as its labels say the answer."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.cases import Case, LabelledObject
from MedVLSAM2Lib.evaluation.language.scan_questions import far_landmarks, scan_questions
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Modality, Volume

SHAPE = (12, 16, 16)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.read()


def a_case(**places: slice) -> Case:
    """A CT in which each structure fills the slices K that are given, away from the other borders."""
    volume = Volume(np.indices(SHAPE)[0].astype(np.int16), np.diag([-3.0, -3.0, 5.0, 1.0]), Modality.CT)
    objects = []
    for name, slices in places.items():
        truth = np.zeros(SHAPE, bool)
        truth[slices, 4:12, 4:12] = True
        objects.append(LabelledObject(name.replace("_", " "), "organs", truth))
    return Case("a scan", volume, tuple(objects))


def test_what_is_labelled_is_in_view_and_what_is_cut_in_part(vocabulary: Vocabulary) -> None:
    asked = scan_questions(a_case(liver=slice(4, 9), spleen=slice(0, 5)), vocabulary)
    keys = {question.text: question.key for question in asked}
    assert keys["Is the liver in view?"] == "yes"
    assert keys["Is the spleen in view?"] == "in part"


def test_what_is_two_parts_of_the_body_away_cannot_be_there(vocabulary: Vocabulary) -> None:
    far = far_landmarks(a_case(liver=slice(4, 9)), vocabulary)
    assert {"brain", "larynx"} <= set(far)
    assert not {"right lung", "left kidney", "urinary bladder"} & set(far)
    keys = {question.text: question.key for question in scan_questions(a_case(liver=slice(4, 9)), vocabulary)}
    assert all(keys[f"Is the {name} in view?"] == "no" for name in far)


def test_of_a_scan_without_known_labels_nothing_is_asked(vocabulary: Vocabulary) -> None:
    case = a_case(thing=slice(4, 9))
    assert scan_questions(case, vocabulary) == ()
    assert far_landmarks(case, vocabulary) == ()
