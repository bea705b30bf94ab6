"""From words alone to masks: slices searched, seeds followed and blended, objects told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from MedVLSAM2Lib.model.mask_model import MaskRequest
from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VoxelBox
from tests.model.slices.tone_network import ABSENT, BRIGHT, DARK, ToneNetwork

SHAPE = (40, 16, 16)
LARGE, SMALL, SPECK = ((9, 5, 5), 4.2), ((30, 11, 10), 3.2), ((22, 4, 12), 2.6)


def ball(place: tuple[tuple[int, int, int], float]) -> np.ndarray:
    centre, radius = place
    grid = np.indices(SHAPE, dtype=float) - np.array(centre)[:, None, None, None]
    return (grid**2).sum(axis=0) <= radius**2


@pytest.fixture
def a_volume() -> Volume:
    """Forty slices of soft tissue with two bright balls and, between them, a dark one."""
    array = np.full(SHAPE, 40, np.int16)
    array[ball(LARGE) | ball(SMALL)] = 900
    array[ball(SPECK)] = -900
    return Volume(array, np.diag([-1.0, -1.0, 1.0, 1.0]), Modality.CT)


@pytest.fixture
def a_network(a_small_config: SliceConfig) -> ToneNetwork:
    return ToneNetwork(a_small_config).eval()


@pytest.fixture
def a_model(a_network: ToneNetwork) -> SliceMaskModel:
    return SliceMaskModel(a_network, "tones")


def asked(volume: Volume, tokens: np.ndarray | None, *prompts: Point, earlier: PackedMask | None = None) -> MaskRequest:
    return MaskRequest(volume, "tones", prompts, 0, earlier or PackedMask.empty(), tokens=tokens)


def located(model: SliceMaskModel, volume: Volume, tokens: np.ndarray) -> list[np.ndarray]:
    masks = model.locate(asked(volume, tokens), ByteBoundedCache())
    return [mask.unpack(VoxelBox.of_shape(volume.shape)) for mask in masks]


def answered(model: SliceMaskModel, request: MaskRequest) -> tuple[np.ndarray, float]:
    """What all answers say together, and the last one's confidence."""
    mask = np.zeros(request.volume.shape, bool)
    for answer in model.answer(request, ByteBoundedCache()):
        estimate = answer.candidates[answer.chosen]
        mask[estimate.box.slices] = estimate.logits[tuple(slice(0, n) for n in estimate.box.shape)] > 0
    return mask, estimate.confidence


def test_objects_of_one_name_come_apart_the_most_certain_first(a_model: SliceMaskModel, a_volume: Volume) -> None:
    masks = located(a_model, a_volume, BRIGHT)
    assert len(masks) == 2
    assert np.array_equal(masks[0], ball(LARGE))
    assert np.array_equal(masks[1], ball(SMALL))


def test_another_word_finds_another_object(a_model: SliceMaskModel, a_volume: Volume) -> None:
    (mask,) = located(a_model, a_volume, DARK)
    assert np.array_equal(mask, ball(SPECK))


def test_nothing_is_found_where_nothing_scores(a_model: SliceMaskModel, a_volume: Volume) -> None:
    assert located(a_model, a_volume, ABSENT) == []


def test_seeds_of_one_object_are_blended_into_one(a_network: ToneNetwork, a_volume: Volume) -> None:
    pillar = np.full(SHAPE, 40, np.int16)
    pillar[4:36, 4:9, 4:9] = 900
    (mask,) = located(SliceMaskModel(a_network, "tones"), replace(a_volume, array=pillar), BRIGHT)
    assert np.array_equal(mask, pillar == 900)


def test_the_rules_say_how_many_slices_are_searched(a_network: ToneNetwork, a_volume: Volume) -> None:
    sparse = replace(a_network.config.rules, searched=2, seeds=1, stop_after_empty=1)
    a_network.config = replace(a_network.config, rules=sparse)
    masks = located(SliceMaskModel(a_network, "tones"), a_volume, BRIGHT)
    assert len(masks) == 1
    assert a_network.encoded < len(a_volume.array)


@pytest.mark.parametrize("centre", [LARGE, SMALL])
def test_a_coarse_mask_and_words_give_that_object_anew(
    a_model: SliceMaskModel, a_volume: Volume, centre: tuple[tuple[int, int, int], float]
) -> None:
    coarse = ball(centre) & np.roll(ball(centre), 1, axis=2)
    mask, confidence = answered(a_model, asked(a_volume, BRIGHT, earlier=PackedMask.pack(coarse)))
    assert np.array_equal(mask, ball(centre))
    assert 0.5 < confidence < 1


def test_words_and_a_click_are_heard_together(a_model: SliceMaskModel, a_volume: Volume) -> None:
    mask, _ = answered(a_model, asked(a_volume, DARK, Point((12, 4, 22))))
    assert np.array_equal(mask, ball(SPECK))
    mask, _ = answered(a_model, asked(a_volume, None, Point((12, 4, 22))))
    assert not mask.any()


def test_where_words_replace_prompts_a_slice_with_a_click_is_asked_without_them(
    a_network: ToneNetwork, a_volume: Volume
) -> None:
    model = SliceMaskModel(a_network, "tones", replace=True)
    mask, _ = answered(model, asked(a_volume, DARK, Point((5, 5, 9))))
    assert np.array_equal(mask, ball(LARGE))
    assert np.array_equal(located(model, a_volume, DARK)[0], ball(SPECK))


def test_a_phrase_after_a_click_asks_the_clicked_slice_again(a_model: SliceMaskModel, a_volume: Volume) -> None:
    cache, click = ByteBoundedCache(), Point((5, 5, 9))
    *_, last = a_model.answer(asked(a_volume, None, click), cache)
    memory = last.candidates[last.chosen].memory
    request = replace(asked(a_volume, ABSENT, click), new_from=1, earlier=PackedMask.pack(ball(LARGE)), memory=memory)
    assert not answered(a_model, request)[0].any()
    assert np.array_equal(answered(a_model, replace(request, tokens=BRIGHT))[0], ball(LARGE))


def test_confidence_is_the_dice_to_expect(a_model: SliceMaskModel, a_volume: Volume) -> None:
    sure = answered(a_model, asked(a_volume, BRIGHT, earlier=PackedMask.pack(ball(LARGE))))[1]
    unsure = answered(a_model, asked(a_volume, BRIGHT, earlier=PackedMask.pack(ball(SMALL))))[1]
    nothing = answered(a_model, asked(a_volume, ABSENT, earlier=PackedMask.pack(ball(SMALL))))[1]
    assert sure > unsure > nothing == 0
