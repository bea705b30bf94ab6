"""Phrases answered by a mask model of the kind slices, with a network that knows a bright and a dark tone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("transformers")

from MedVLSAM2Lib.model.mask_model import Cache
from MedVLSAM2Lib.model.slices.config import SliceConfig, TrunkConfig
from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel
from MedVLSAM2Lib.prompts import Phrase, Point, PromptError
from MedVLSAM2Lib.results import MaskRegion
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox
from tests.model.slices.tone_network import ABSENT, BRIGHT, DARK, ToneNetwork
from tests.session.conftest import ball

SHAPE = (40, 16, 16)
LARGE, SMALL, HOLE = ball(SHAPE, (9, 5, 5), 4.2), ball(SHAPE, (30, 11, 10), 3.2), ball(SHAPE, (22, 4, 12), 2.6)
TRUNK = TrunkConfig(width=8, blocks=(1, 1, 2, 1), windows=(8, 4, 3, 2), global_blocks=(3,), background=4)


class ThreeWords:
    """Knows stones, which are bright, a hole, which is dark, and the word for what is not there."""

    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        return np.concatenate([{"stones": BRIGHT, "hole": DARK}.get(phrase, ABSENT) for phrase in phrases])


def a_session(threshold: float = 0.5) -> Session:
    array = np.full(SHAPE, 40, np.int16)
    array[LARGE | SMALL], array[HOLE] = 900, -900
    volume = Volume(array, np.diag([-1.0, -1.0, 1.0, 1.0]), Modality.CT)
    model = SliceMaskModel(ToneNetwork(SliceConfig(64, TRUNK, width=64, token_width=64)).eval(), "tones", ("click",))
    return Session(volume, "tones", model, grounding=Grounding(ThreeWords(), model, threshold))


def add(session: Session, *prompts: Phrase | Point) -> MaskRegion:
    events = list(session.add_prompts("object", prompts, lambda: False))
    region = events[-1]
    assert isinstance(region, MaskRegion)
    return region


def shown(session: Session) -> np.ndarray:
    return session.mask("object").unpack(VoxelBox.of_shape(SHAPE))


def test_a_phrase_gives_the_object_that_it_names() -> None:
    session = a_session()
    region = add(session, Phrase("hole"))
    assert np.array_equal(shown(session), HOLE)
    assert 0.5 < region.confidence < 1


def test_several_objects_come_together_and_one_by_one() -> None:
    session = a_session()
    region = add(session, Phrase("stones"))
    assert (region.candidate, region.candidates) == (2, 3)
    assert np.array_equal(shown(session), LARGE | SMALL)
    list(session.step_candidate("object", -1))
    assert np.array_equal(shown(session), LARGE)
    list(session.step_candidate("object", -1))
    assert np.array_equal(shown(session), SMALL)


@pytest.mark.parametrize(("text", "threshold"), [("gallbladder", 0.5), ("hole", 0.95)])
def test_what_is_not_there_or_scores_below_the_checkpoints_threshold_is_not_found(text: str, threshold: float) -> None:
    session = a_session(threshold)
    with pytest.raises(PromptError, match=f"No “{text}” was found in this scan"):
        add(session, Phrase(text))
    assert session.mask("object").is_empty


def test_a_click_on_a_found_object_is_heard_with_the_phrase_and_keeps_its_promise() -> None:
    session = a_session()
    add(session, Phrase("hole"))
    add(session, Point((12, 4, 22), positive=False))
    assert not shown(session)[22, 4, 12]
    list(session.undo("object"))
    assert np.array_equal(shown(session), HOLE)


def test_a_phrase_and_a_click_together_are_one_question() -> None:
    session = a_session()
    add(session, Phrase("stones"), Point((10, 11, 30)))
    assert np.array_equal(shown(session), SMALL)


def test_a_phrase_can_follow_a_click() -> None:
    session = a_session()
    add(session, Point((5, 5, 9)))
    add(session, Phrase("stones"))
    assert np.array_equal(shown(session), LARGE)
