"""A session: prompts in, masks out, every step of it undoable."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskEstimate, MaskRequest
from MedVLSAM2Lib.prompts import Box, Lasso, Point, PriorMask, Prompt, PromptError, Scribble
from MedVLSAM2Lib.results import Event, MaskRegion
from MedVLSAM2Lib.session.errors import Cancelled, SessionError
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox
from tests.session.slice_wise_model import SliceWiseModel

FIRST, SECOND = Point((16, 16, 10)), Point((20, 16, 22))


@pytest.fixture
def a_session(two_balls: Volume) -> Session:
    return Session(two_balls, "two balls", SliceWiseModel())


def add(session: Session, *prompts: Prompt, to: str = "object") -> list[MaskRegion]:
    events = session.add_prompts(to, prompts, lambda: False)
    return [event for event in events if isinstance(event, MaskRegion)]


def whole(volume: Volume, mask: PackedMask) -> np.ndarray:
    return mask.unpack(VoxelBox.of_shape(volume.shape))


def test_a_click_gives_the_object_it_lies_in(a_session: Session, two_balls: Volume) -> None:
    add(a_session, FIRST)
    assert np.array_equal(whole(two_balls, a_session.mask("object")), two_balls.array == 200)


def test_regions_applied_in_order_give_the_session_s_mask(a_session: Session, two_balls: Volume) -> None:
    canvas = np.zeros(two_balls.shape, bool)
    regions = add(a_session, FIRST)
    for region in regions:
        canvas[region.mask.box.slices] = region.mask.unpack()
    assert len(regions) > 2
    assert [region.final for region in regions] == [False] * (len(regions) - 1) + [True]
    assert np.array_equal(canvas, whole(two_balls, a_session.mask("object")))


def test_objects_do_not_touch_each_other(a_session: Session) -> None:
    add(a_session, FIRST, to="one")
    before = a_session.mask("one")
    add(a_session, SECOND, to="two")
    assert a_session.mask("one") == before
    assert a_session.mask("two") != before


def test_undo_and_redo_restore_each_mask_exactly(a_session: Session) -> None:
    masks = [a_session.mask("object")]
    for prompt in (FIRST, SECOND, Point((16, 16, 12), positive=False)):
        add(a_session, prompt)
        masks.append(a_session.mask("object"))
    for expected in reversed(masks[:-1]):
        list(a_session.undo("object"))
        assert a_session.mask("object") == expected
    for expected in masks[1:]:
        list(a_session.redo("object"))
        assert a_session.mask("object") == expected


def test_undoing_further_than_the_first_prompt_says_so(a_session: Session) -> None:
    with pytest.raises(SessionError, match="no prompts yet"):
        list(a_session.undo("object"))
    add(a_session, FIRST)
    list(a_session.undo("object"))
    with pytest.raises(SessionError, match="nothing to undo"):
        list(a_session.undo("object"))


def test_a_prompt_after_undo_forgets_what_was_undone(a_session: Session) -> None:
    add(a_session, FIRST)
    list(a_session.undo("object"))
    add(a_session, SECOND)
    with pytest.raises(SessionError, match="nothing to redo"):
        list(a_session.redo("object"))


def test_the_same_prompts_give_the_same_mask(two_balls: Volume) -> None:
    masks = []
    for _ in range(2):
        session = Session(two_balls, "two balls", SliceWiseModel())
        add(session, FIRST)
        add(session, SECOND)
        masks.append(session.mask("object"))
    assert masks[0] == masks[1]


def test_a_cancelled_request_leaves_the_mask_as_it_was_and_takes_its_previews_back(
    a_session: Session, two_balls: Volume
) -> None:
    add(a_session, FIRST)
    before = a_session.mask("object")
    canvas = whole(two_balls, before).copy()
    answers = iter(range(100))
    told: list[Event] = []
    with pytest.raises(Cancelled):
        told.extend(a_session.add_prompts("object", [SECOND], lambda: next(answers) > 8))
    regions = [event for event in told if isinstance(event, MaskRegion)]
    assert len(regions) > 2
    for region in regions:
        canvas[region.mask.box.slices] = region.mask.unpack()
    assert a_session.mask("object") == before
    assert np.array_equal(canvas, whole(two_balls, before))


def test_a_refused_prompt_changes_nothing(a_session: Session) -> None:
    add(a_session, FIRST)
    before = a_session.mask("object")
    with pytest.raises(PromptError, match="contradicts prompt 1"):
        add(a_session, Point(FIRST.position, positive=False))
    with pytest.raises(PromptError, match="outside the volume"):
        add(a_session, Point((400, 3, 3)))
    assert a_session.mask("object") == before


def test_an_edit_by_hand_is_where_the_next_prompt_starts(a_session: Session, two_balls: Volume) -> None:
    add(a_session, FIRST)
    by_hand = np.zeros(two_balls.shape, bool)
    by_hand[2:5, 2:5, 2:5] = True
    add(a_session, PriorMask(PackedMask.pack(by_hand)), SECOND)
    assert np.array_equal(whole(two_balls, a_session.mask("object")), by_hand | (two_balls.array == 400))
    list(a_session.undo("object"))
    assert np.array_equal(whole(two_balls, a_session.mask("object")), two_balls.array == 200)


def test_a_negative_scribble_and_lasso_take_their_voxels_away(a_session: Session, two_balls: Volume) -> None:
    add(a_session, FIRST)
    outline = tuple((i, j, 8.0) for i, j in ((13.0, 13.0), (19.0, 13.0), (19.0, 19.0), (13.0, 19.0)))
    add(a_session, PriorMask(a_session.mask("object")), Lasso(outline, axis=2, positive=False), FIRST)
    mask = whole(two_balls, a_session.mask("object"))
    assert not mask[8, 14:19, 14:19].any()
    assert mask[10, 16, 16]


def test_a_box_bounds_the_object(a_session: Session, two_balls: Volume) -> None:
    add(a_session, Box((10, 10, 8), (16, 22, 12)), FIRST)
    mask = whole(two_balls, a_session.mask("object"))
    assert mask.any()
    assert not mask[:8].any()
    assert not mask[13:].any()
    assert not mask[:, :, 17:].any()


def test_every_voxel_of_a_stroke_follows_it(a_session: Session, two_balls: Volume) -> None:
    add(a_session, FIRST, Scribble(((4.0, 4.0, 10.0), (9.0, 4.0, 10.0))))
    assert whole(two_balls, a_session.mask("object"))[10, 4, 4:10].all()


def _orientations() -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    return [
        (order, flips) for order in itertools.permutations(range(3)) for flips in itertools.product((1, -1), repeat=3)
    ]


@pytest.mark.parametrize(("order", "flips"), _orientations())
def test_the_mask_is_the_same_however_the_scan_is_stored(
    two_balls: Volume, order: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    array = two_balls.array.transpose(order)[tuple(slice(None, None, flip) for flip in flips)]
    to_original = np.zeros((4, 4))
    to_original[3, 3] = 1
    for axis, (source, flip) in enumerate(zip(order, flips, strict=True)):
        to_original[2 - source, 2 - axis] = flip
        to_original[2 - source, 3] = two_balls.shape[source] - 1 if flip < 0 else 0
    stored = Volume(array, two_balls.ijk_to_ras @ to_original, two_balls.modality)
    click = stored.ras_to_ijk(two_balls.ijk_to_ras_position(FIRST.position))
    session = Session(stored, "stored", SliceWiseModel())
    add(session, Point(click))
    assert np.array_equal(whole(stored, session.mask("object")), array == 200)


class BrightModel:
    """All that is bright, in one answer."""

    identity = "bright"
    capabilities = ("click",)
    cache_bytes = 0

    def answer(self, request: MaskRequest, cache: Cache) -> Iterator[Answer]:
        whole = VoxelBox.of_shape(request.volume.shape)
        yield Answer((MaskEstimate(whole, np.where(request.volume.array > 100, 1.0, -1.0), 0.5),))


def test_a_large_mask_comes_in_pieces_of_which_only_the_last_is_final() -> None:
    array = np.zeros((160, 160, 160), np.int16)
    array[5:155, 4:156, 3:157] = 200
    # Axes turned and flipped: the pieces must come in the volume's own order.
    volume = Volume(array, np.array([[0, 0, 1.0, 0], [-1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1]]))
    session = Session(volume, "large", BrightModel())
    regions = add(session, Point((80, 80, 80)))
    assert len(regions) > 1
    assert [region.final for region in regions] == [False] * (len(regions) - 1) + [True]
    canvas = np.zeros(volume.shape, bool)
    for region in regions:
        assert not canvas[region.mask.box.slices].any()
        canvas[region.mask.box.slices] = region.mask.unpack()
    assert np.array_equal(canvas, array > 0)
    assert np.array_equal(canvas, whole(volume, session.mask("object")))
