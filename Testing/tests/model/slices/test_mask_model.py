"""From prompts to a mask in three dimensions, slice by slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.model.mask_model import Answer, MaskRequest
from MedVLSAM2Lib.model.slices.config import SliceConfig
from MedVLSAM2Lib.model.slices.mask_model import SliceMaskModel, SliceTrace
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.prompts import Box, Lasso, Point, Prompt, Scribble
from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox
from tests.model.slices.bright_network import BrightNetwork
from tests.model.slices.conftest import ball

CLICK = Point((5, 5, 5))


class Conversation:
    """What a session does with a model's answers, in short."""

    def __init__(self, network: BrightNetwork, volume: Volume, **rules: object) -> None:
        network.config = replace(network.config, rules=replace(network.config.rules, **rules))
        self.network, self.volume = network, volume
        self.cache = ByteBoundedCache()
        self.prompts: tuple[Prompt, ...] = ()
        self.mask = np.zeros(volume.shape, bool)
        self.memory: object | None = None

    def ask(self, *prompts: Prompt) -> list[Answer]:
        earlier, new_from = PackedMask.pack(self.mask), len(self.prompts)
        self.prompts += prompts
        request = MaskRequest(self.volume, "balls", self.prompts, new_from, earlier, self.memory)
        answers = list(SliceMaskModel(self.network, "bright").answer(request, self.cache))
        for answer in answers:
            self.mask = self.shown(answer, answer.chosen)
        self.memory = answers[-1].candidates[answers[-1].chosen].memory
        return answers

    def shown(self, answer: Answer, candidate: int) -> np.ndarray:
        estimate, mask = answer.candidates[candidate], self.mask.copy()
        mask[estimate.box.slices] = estimate.logits[tuple(slice(0, n) for n in estimate.box.shape)] > 0
        return mask


@pytest.fixture
def a_conversation(a_bright_network: BrightNetwork, two_balls: Volume) -> Conversation:
    return Conversation(a_bright_network, two_balls, candidates=1)


def touched(answer: Answer, axis: int = 0) -> set[int]:
    """The slices that an answer is about."""
    boxes = [estimate.box for estimate in answer.candidates if not estimate.box.is_empty]
    return {index for box in boxes for index in range(box.low[axis], box.high[axis])}


def test_the_clicked_slice_comes_first_and_alone(a_conversation: Conversation) -> None:
    first, *rest = a_conversation.ask(CLICK)
    assert touched(first) == {5}
    assert [answer.fraction < 1 for answer in rest] == [True] * (len(rest) - 1) + [False]


def test_the_object_is_followed_both_ways_to_its_ends(a_conversation: Conversation, two_balls: Volume) -> None:
    a_conversation.ask(CLICK)
    assert np.array_equal(a_conversation.mask[:8], ball((5, 5, 5), 3.5)[:8])
    assert a_conversation.memory.track.get(15) is None or a_conversation.mask[15].sum() == 0


def test_the_way_ends_where_the_object_does(a_conversation: Conversation, two_balls: Volume) -> None:
    array = two_balls.array.copy()
    array[9:] = -200
    a_conversation.volume = replace(two_balls, array=array)
    a_conversation.ask(CLICK)
    assert max(index for index, _ in a_conversation.memory.track.records()) == 10
    assert np.array_equal(a_conversation.mask, ball((5, 5, 5), 3.5))


def test_a_way_that_never_ends_sees_every_slice(a_bright_network: BrightNetwork, two_balls: Volume) -> None:
    conversation = Conversation(a_bright_network, two_balls, stop_after_empty=0, candidates=1)
    conversation.ask(CLICK)
    assert [index for index, _ in conversation.memory.track.records()] == list(range(16))


def test_a_first_click_has_three_answers_followed_through_the_volume_smallest_first(
    a_bright_network: BrightNetwork, two_balls: Volume
) -> None:
    conversation = Conversation(a_bright_network, two_balls)
    first, *_, last = conversation.ask(CLICK)
    assert len(first.candidates) == len(last.candidates) == 3
    assert first.chosen == last.chosen == 1
    sizes = [conversation.shown(last, number)[5].sum() for number in range(3)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3
    assert all(conversation.shown(last, number)[4].any() for number in range(3))


def test_each_slice_is_encoded_once_for_all_candidates_and_later_prompts(
    a_bright_network: BrightNetwork, two_balls: Volume
) -> None:
    conversation = Conversation(a_bright_network, two_balls)
    conversation.ask(CLICK)
    seen = a_bright_network.encoded
    assert seen <= 16
    conversation.ask(Point((7, 5, 5)))
    assert a_bright_network.encoded == seen


def test_a_second_click_on_a_slice_is_answered_with_the_first_answer_fed_back(a_conversation: Conversation) -> None:
    a_conversation.ask(CLICK)
    before = len(a_conversation.network.fed_back)
    answers = a_conversation.ask(Point((5, 8, 5), positive=False))
    assert a_conversation.network.fed_back[before]
    assert touched(answers[0]) == {5}
    assert not a_conversation.mask[5, 8, 5]
    assert a_conversation.mask[5, 5, 5]


def test_only_what_a_prompt_on_another_slice_can_change_is_followed_again(a_conversation: Conversation) -> None:
    a_conversation.ask(CLICK)
    a_conversation.ask(Point((5, 5, 8)))
    answers = a_conversation.ask(Point((6, 5, 7)))
    assert touched(answers[0]) == {7}
    assert set().union(*(touched(answer) for answer in answers)) == {6, 7}
    assert sorted(a_conversation.memory.track.prompted) == [5, 7, 8]


@pytest.mark.parametrize(
    ("prompt", "axis"),
    [
        (Box((2, 5, 2), (8, 5, 8)), 1),
        (Lasso(((5, 2, 2), (5, 8, 2), (5, 8, 8), (5, 2, 8)), axis=0), 0),
        (Scribble(((4, 5, 4), (6, 5, 6))), 1),
        (Scribble(((4, 5, 5), (6, 5, 5))), 2),
        (Box((2, 2, 2), (8, 8, 8)), 2),
    ],
)
def test_the_object_is_followed_across_the_slice_the_prompt_was_drawn_on(
    a_conversation: Conversation, prompt: Prompt, axis: int
) -> None:
    first, *_ = a_conversation.ask(prompt)
    assert touched(first, 2 - axis) == {5}
    assert a_conversation.memory.axis == axis
    assert a_conversation.mask[ball((5, 5, 5), 3.5)].mean() > 0.9


def test_a_prompt_across_another_axis_keeps_the_mask_that_is_out_of_its_reach(
    a_bright_network: BrightNetwork, two_balls: Volume
) -> None:
    conversation = Conversation(a_bright_network, two_balls, candidates=1)
    conversation.mask[:, :, 0] = True
    before = conversation.mask.copy()
    conversation.ask(Box((8, 11, 8), (14, 11, 14)))
    assert isinstance(conversation.memory, SliceTrace)
    assert conversation.memory.axis == 1
    assert np.array_equal(conversation.mask[:, :3], before[:, :3])
    assert conversation.mask[11, 11, 11]


def test_the_object_is_not_followed_out_of_a_box_in_three_dimensions(a_conversation: Conversation) -> None:
    a_conversation.ask(Box((1, 1, 4), (9, 9, 6)))
    assert [index for index, _ in a_conversation.memory.track.records()] == [4, 5, 6]


def test_memory_reaches_the_prompted_slice_and_the_last_six(a_bright_network: BrightNetwork, two_balls: Volume) -> None:
    conversation = Conversation(a_bright_network, two_balls, stop_after_empty=0, candidates=1)
    conversation.ask(CLICK)
    upwards = a_bright_network.attended[:10]
    assert upwards == [(1 + min(step, 6), 1 + step) for step in range(10)]
    downwards = a_bright_network.attended[10:]
    assert downwards[0] == (1 + 5, 1 + 10)


def test_directions_may_forget_each_other(a_bright_network: BrightNetwork, two_balls: Volume) -> None:
    conversation = Conversation(
        a_bright_network, two_balls, stop_after_empty=0, candidates=1, reset_between_directions=True
    )
    conversation.ask(CLICK)
    assert a_bright_network.attended[10:] == [(1 + step, 1 + step) for step in range(5)]


def test_only_the_largest_part_and_clicked_ones_may_be_kept(a_bright_network: BrightNetwork, two_balls: Volume) -> None:
    conversation = Conversation(a_bright_network, two_balls, stop_after_empty=0, candidates=1, keep_largest=True)
    conversation.ask(CLICK)
    assert np.array_equal(conversation.mask, ball((5, 5, 5), 3.5))
    conversation.ask(Point((11, 11, 11)))
    assert conversation.mask[11, 11, 11]
    assert conversation.mask[5, 5, 5]


def test_a_negative_lasso_takes_away_what_lies_in_it(a_conversation: Conversation) -> None:
    a_conversation.ask(CLICK)
    a_conversation.ask(Lasso(((6, 6, 5), (8, 6, 5), (8, 8, 5), (6, 8, 5)), axis=2, positive=False))
    assert not a_conversation.mask[5, 7, 7]
    assert a_conversation.mask[5, 3, 5]


def test_a_mask_given_by_hand_is_fed_back_and_kept_beyond_reach(
    a_bright_network: BrightNetwork, a_small_config: SliceConfig
) -> None:
    array = np.full((40, 16, 16), -200, np.int16)
    array[:, 4:12, 4:12] = 400
    volume = Volume(array, np.eye(4))
    conversation = Conversation(a_bright_network, volume, candidates=1)
    conversation.mask[5:35, 4:8, 4:8] = True
    before = conversation.mask.copy()
    answers = conversation.ask(Point((10, 10, 20)))
    assert a_bright_network.fed_back[0]
    assert set().union(*(touched(answer) for answer in answers)) == set(range(13, 28))
    assert np.array_equal(conversation.mask[:13], before[:13])
    assert conversation.mask[13:28, 4:12, 4:12].all()


def test_an_estimate_is_no_larger_than_the_object_on_its_slice(a_conversation: Conversation) -> None:
    first, *_ = a_conversation.ask(CLICK)
    assert first.candidates[0].box == VoxelBox((5, 2, 2), (6, 9, 9))


def test_the_precision_is_part_of_the_identity(a_bright_network: BrightNetwork) -> None:
    assert SliceMaskModel(a_bright_network, "slices:1f").identity == "slices:1f"
    assert SliceMaskModel(a_bright_network, "slices:1f", (), torch.bfloat16).identity == "slices:1f:bfloat16"


def test_bfloat16_gives_nearly_the_masks_of_float32(a_small_network: SliceNetwork, two_balls: Volume) -> None:
    masks = []
    for precision in (torch.float32, torch.bfloat16):
        model = SliceMaskModel(a_small_network, "small", (), precision)
        request = MaskRequest(two_balls, "balls", (Box((2, 2, 5), (8, 8, 5)),), 0, PackedMask.empty())
        mask = np.zeros(two_balls.shape, bool)
        for answer in model.answer(request, ByteBoundedCache()):
            estimate = answer.candidates[0]
            mask[estimate.box.slices] = estimate.logits[estimate.box.relative_to(estimate.box).slices] > 0
        masks.append(mask)
    assert masks[0].any()
    assert (masks[0] != masks[1]).mean() < 0.05
