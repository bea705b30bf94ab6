"""A session on a SAM 2 network with random weights: what does not depend on what the weights have learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("transformers")

from MedVLSAM2Lib.engine import EngineClient, LocalLauncher
from MedVLSAM2Lib.model.mask_model import MaskModel
from MedVLSAM2Lib.model.slices.checkpoint import save_checkpoint
from MedVLSAM2Lib.model.slices.config import SliceConfig, SliceRules, TrunkConfig
from MedVLSAM2Lib.model.slices.network import SliceNetwork
from MedVLSAM2Lib.prompts import Box, Lasso, Point, PriorMask, Prompt, Scribble
from MedVLSAM2Lib.results import Event, Failure, MaskRegion
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.mask_models import load_mask_model
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

CLICK = Point((16, 16, 10))


@pytest.fixture
def a_checkpoint(tmp_path: Path) -> Path:
    """A SAM 2 of 64 pixels with random weights that leave no part without effect, and that always sees an object."""
    trunk = TrunkConfig(width=8, blocks=(1, 1, 2, 1), windows=(8, 4, 3, 2), global_blocks=(3,), background=4)
    torch.manual_seed(5)
    network = SliceNetwork(SliceConfig(64, trunk, width=64, rules=SliceRules(candidates=3)))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
        network.sam.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(5.0)
    save_checkpoint(tmp_path / "slices", network, {"capabilities": ["click"]})
    return tmp_path / "slices"


@pytest.fixture
def a_model(a_checkpoint: Path) -> MaskModel:
    return load_mask_model(a_checkpoint)


@pytest.fixture
def a_session(two_balls: Volume, a_model: MaskModel) -> Session:
    return Session(two_balls, "two balls", a_model)


def add(session: Session, *prompts: Prompt) -> list[MaskRegion]:
    events = session.add_prompts("object", prompts, lambda: False)
    return [event for event in events if isinstance(event, MaskRegion)]


def whole(session: Session, volume: Volume) -> np.ndarray:
    return session.mask("object").unpack(VoxelBox.of_shape(volume.shape))


def test_the_first_region_is_on_the_clicked_slice_and_further_ones_follow(a_session: Session) -> None:
    first, *rest = add(a_session, CLICK)
    assert (first.mask.box.low[0], first.mask.box.high[0]) == (10, 11)
    assert first.candidates > 1
    assert len(rest) >= 32


def test_clicked_voxels_follow_their_clicks(a_session: Session, two_balls: Volume) -> None:
    add(a_session, CLICK)
    add(a_session, Point((20, 20, 10), positive=False), Point((3, 3, 20)))
    mask = whole(a_session, two_balls)
    assert mask[10, 16, 16]
    assert mask[20, 3, 3]
    assert not mask[10, 20, 20]


def test_candidates_are_stepped_through_from_small_to_large(a_session: Session, two_balls: Volume) -> None:
    count = add(a_session, CLICK)[-1].candidates
    chosen = add(Session(two_balls, "again", a_session._model), CLICK)[-1].candidate
    for _ in range(chosen):
        list(a_session.step_candidate("object", -1))
    areas = [whole(a_session, two_balls)[10].sum()]
    for _ in range(count - 1):
        list(a_session.step_candidate("object", 1))
        areas.append(whole(a_session, two_balls)[10].sum())
    assert areas == sorted(areas)


def test_undo_and_redo_restore_each_mask_exactly(a_session: Session) -> None:
    masks = [a_session.mask("object")]
    for prompt in (CLICK, Point((8, 8, 10), positive=False), Box((4, 4, 20), (20, 20, 20))):
        add(a_session, prompt)
        masks.append(a_session.mask("object"))
    for expected in reversed(masks[:-1]):
        list(a_session.undo("object"))
        assert a_session.mask("object") == expected
    for expected in masks[1:]:
        list(a_session.redo("object"))
        assert a_session.mask("object") == expected


def test_a_prompt_after_undo_gives_what_it_gave_the_first_time(a_session: Session) -> None:
    second = Point((8, 8, 12), positive=False)
    add(a_session, CLICK)
    add(a_session, second)
    expected = a_session.mask("object")
    list(a_session.undo("object"))
    add(a_session, second)
    assert a_session.mask("object") == expected


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_object_is_followed_along_the_axis_of_the_prompt(a_session: Session, axis: int) -> None:
    low, high = [8.0, 8.0, 8.0], [24.0, 24.0, 24.0]
    low[axis] = high[axis] = 12.0
    first, *_ = add(a_session, Box((low[0], low[1], low[2]), (high[0], high[1], high[2])))
    assert (first.mask.box.low[2 - axis], first.mask.box.high[2 - axis]) == (12, 13)


def test_all_kinds_of_prompts_combine(a_session: Session, two_balls: Volume) -> None:
    by_hand = np.zeros(two_balls.shape, bool)
    by_hand[6:14, 10:20, 10:20] = True
    outline = ((6.0, 6.0, 8.0), (24.0, 6.0, 8.0), (24.0, 24.0, 8.0), (6.0, 24.0, 8.0))
    stroke = Scribble(((12.0, 12.0, 12.0), (18.0, 14.0, 12.0)))
    add(a_session, PriorMask(PackedMask.pack(by_hand)), CLICK, stroke)
    add(a_session, Lasso(outline, axis=2))
    add(a_session, Box((6, 12, 6), (24, 12, 14)))
    mask = whole(a_session, two_balls)
    assert mask[10, 16, 16]
    assert mask[12, 12, 12]


def test_a_cancel_between_slices_takes_everything_back(a_session: Session, two_balls: Volume) -> None:
    asked = iter(range(100))
    told: list[Event] = []
    with pytest.raises(Cancelled):
        told.extend(a_session.add_prompts("object", [CLICK], lambda: next(asked) > 8))
    canvas = np.zeros(two_balls.shape, bool)
    for event in told:
        if isinstance(event, MaskRegion):
            canvas[event.mask.box.slices] = event.mask.unpack()
    assert sum(isinstance(event, MaskRegion) for event in told) == 10
    assert not canvas.any()
    assert a_session.mask("object").is_empty


def test_the_mask_is_the_same_when_the_scan_is_stored_backwards(two_balls: Volume, a_model: MaskModel) -> None:
    backwards = Volume(two_balls.array[::-1], two_balls.ijk_to_ras @ _flip_k(32), two_balls.modality)
    masks = []
    for volume in (two_balls, backwards):
        session = Session(volume, "balls" if volume is two_balls else "sllab", a_model)
        add(session, Point(volume.ras_to_ijk(two_balls.ijk_to_ras_position(CLICK.position))))
        masks.append(whole(session, volume))
    assert np.array_equal(masks[0], masks[1][::-1])


def test_a_real_worker_runs_it(a_checkpoint: Path, two_balls: Volume) -> None:
    client = EngineClient(LocalLauncher())
    regions = []
    try:
        client.start()
        requests = [client.load_model(a_checkpoint), client.open_volume("balls", two_balls)]
        requests += [client.add_prompts("balls", "object", [CLICK]), client.undo("balls", "object")]
        for request in requests:
            for event in client.wait(request, 300):
                assert not isinstance(event.payload, Failure), event.payload.message
                regions += [event.payload] if isinstance(event.payload, MaskRegion) else []
    finally:
        client.close()
    canvas = np.zeros(two_balls.shape, bool)
    assert regions[0].mask.box.shape[0] == 1
    for region in regions[:-1]:
        canvas[region.mask.box.slices] = region.mask.unpack()
    assert canvas[10].any()
    assert canvas[9].any()


def _flip_k(size: int) -> np.ndarray:
    flip = np.diag([1.0, 1.0, -1.0, 1.0])
    flip[2, 3] = size - 1
    return flip
