"""Views of what words mean."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.training.joint.worded_views import WordedViews
from MedVLSAM2Lib.volume import Modality, Volume

SHAPE = (30, 40, 50)
CONFIG = PatchConfig(side=16, channels=(12, 24), depths=(1, 1))


def a_volume() -> Volume:
    array = np.random.default_rng(0).normal(40, 10, SHAPE).astype(np.int16)
    return Volume(array, np.diag([-2.0, -2.0, 3.0, 1.0]), Modality.CT, "HU")


def a_block(low: tuple[int, int, int], high: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


LEFT, RIGHT = a_block((8, 10, 30), (20, 26, 44)), a_block((8, 10, 6), (20, 26, 20))


def draws(mask: np.ndarray, others: list[np.ndarray], count: int = 120) -> list:
    return [WordedViews(a_volume(), CONFIG, np.random.default_rng(n)).draw(mask, others) for n in range(count)]


def test_what_is_there_is_looked_for_in_the_whole_volume_and_then_closely() -> None:
    searches = [example for example in draws(LEFT, []) if example.to_second is not None]
    assert len(searches) > 20
    for example in searches:
        whole, close = example.views
        assert whole.size_mm == pytest.approx([90, 80, 100])
        assert (close.size_mm < whole.size_mm).all()
        inside = float(whole.target.sum()) / 255 * float(np.prod(whole.size_mm / 16))
        assert inside == pytest.approx(LEFT.sum() * 12, rel=0.15)


def test_a_closer_look_is_shown_a_faulty_mask_of_the_object() -> None:
    looks = [example for example in draws(LEFT, []) if example.earlier is not None]
    assert len(looks) > 8
    agreement = []
    for example in looks:
        (view,) = example.views
        target, earlier = view.target > 127, example.earlier > 127
        agreement.append(2 * (target & earlier).sum() / (target.sum() + earlier.sum()))
    assert 0.4 < np.mean(agreement) < 0.98


def test_of_an_object_in_parts_one_is_looked_at_closely() -> None:
    looks = [example for example in draws(LEFT | RIGHT, []) if example.earlier is not None]
    assert len(looks) > 8
    for example in looks:
        assert example.views[0].size_mm[2] < 90


def test_what_was_taken_for_it_is_looked_at_closely_and_is_not_it() -> None:
    looks = [example for example in draws(np.zeros(SHAPE, bool), [RIGHT]) if example.earlier is not None]
    assert len(looks) > 30
    assert np.mean([(example.earlier > 127).any() for example in looks]) > 0.9
    assert not any(example.views[0].target.any() for example in looks)


def test_a_word_may_come_with_a_prompt() -> None:
    prompted = [example for example in draws(LEFT, [RIGHT], 240) if example.prompts]
    assert 2 < len(prompted) < 30


def test_equal_generators_draw_equal_views() -> None:
    one, again = draws(LEFT, [RIGHT], 8), draws(LEFT, [RIGHT], 8)
    for first, second in zip(one, again, strict=True):
        assert all(np.array_equal(a.image, b.image) for a, b in zip(first.views, second.views, strict=True))
