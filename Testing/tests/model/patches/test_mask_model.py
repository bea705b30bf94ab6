"""The patches mask model: views in, masks on voxels out."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from torch import Tensor, nn

from MedVLSAM2Lib.memory import PATCHES, MaskShape, cached_bytes
from MedVLSAM2Lib.model.mask_model import MaskRequest
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.mask_model import PatchMaskModel
from MedVLSAM2Lib.prompts import Point, Prompt
from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.session.session import Session
from MedVLSAM2Lib.session.views import ViewPlanner
from MedVLSAM2Lib.volume import Modality, PackedMask, Volume, VoxelBox
from soaking.processes import MIB, private_memory


class BrightNetwork(nn.Module):
    """Stands in for trained weights: whatever is bright in the first window, best liked in the view it fills a third of."""

    def __init__(self) -> None:
        super().__init__()
        self.config = PatchConfig()
        self.views_seen = 0

    def forward(self, channels: Tensor, size_mm: Tensor) -> tuple[Tensor, Tensor]:
        self.views_seen += len(channels)
        logits = (channels[:, :1] - 0.75) * 20
        share = (logits > 0).float().mean((1, 2, 3, 4)) ** (1 / 3)
        return logits, 1 - (share - 0.4).abs()


@pytest.fixture
def a_bright_ball() -> Volume:
    """A ball of 20 mm radius, 200 HU, in soft tissue, off centre on an anisotropic grid; a second one far from it."""
    k, j, i = np.indices((60, 100, 110), dtype=float)
    array = np.full(k.shape, 40, np.int16)
    array[((k - 25) * 2) ** 2 + (j - 40) ** 2 + (i - 60) ** 2 < 20**2] = 200
    array[((k - 52) * 2) ** 2 + (j - 85) ** 2 + (i - 15) ** 2 < 8**2] = 200
    return Volume(array, np.diag([-1.0, -1.0, 2.0, 1.0]), Modality.CT)


def a_request(volume: Volume, *prompts: Prompt, earlier: PackedMask | None = None) -> MaskRequest:
    return MaskRequest(volume, "ball", prompts, len(prompts) - 1, earlier or PackedMask.empty())


def a_model(network: BrightNetwork) -> PatchMaskModel:
    return PatchMaskModel(network, ViewPlanner(), "patches:bright")  # type: ignore[arg-type]


def test_a_first_click_comes_back_on_the_voxels_it_was_about(a_bright_ball: Volume) -> None:
    session = Session(a_bright_ball, "ball", a_model(BrightNetwork()))
    list(session.add_prompts("ball", [Point((60, 40, 25))], lambda: False))
    found = session.mask("ball").unpack(VoxelBox.of_shape(a_bright_ball.shape))
    truth = a_bright_ball.array == 200
    truth[:, 70:] = False
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95
    assert not found[:, 75:].any()


def test_candidates_come_smallest_first(a_bright_ball: Volume) -> None:
    (answer,) = a_model(BrightNetwork()).answer(a_request(a_bright_ball, Point((60, 40, 25))), ByteBoundedCache())
    voxels = [(_logits(estimate) > 0).sum() for estimate in answer.candidates]
    assert voxels == sorted(voxels)
    assert 0 <= answer.chosen < len(answer.candidates)


def test_a_correction_changes_nothing_outside_its_view(a_bright_ball: Volume) -> None:
    earlier = np.zeros(a_bright_ball.shape, bool)
    earlier[20:30, 35:45, 55:65] = True
    request = a_request(a_bright_ball, Point((60, 40, 25)), earlier=PackedMask.pack(earlier))
    (answer,) = a_model(BrightNetwork()).answer(request, ByteBoundedCache())
    (estimate,) = answer.candidates
    assert estimate.box != VoxelBox.of_shape(a_bright_ball.shape)
    assert _logits(estimate).shape == estimate.box.shape


def test_a_view_grows_while_the_object_leaves_it(a_bright_ball: Volume) -> None:
    network = BrightNetwork()
    seed = np.zeros(a_bright_ball.shape, bool)
    seed[24:27, 38:43, 58:63] = True
    request = a_request(a_bright_ball, Point((60, 40, 25)), earlier=PackedMask.pack(seed))
    list(a_model(network).answer(request, ByteBoundedCache()))
    assert network.views_seen > 1


def test_a_view_seen_before_is_not_resampled_again(a_bright_ball: Volume) -> None:
    cache, model = ByteBoundedCache(), a_model(BrightNetwork())
    list(model.answer(a_request(a_bright_ball, Point((60, 40, 25))), cache))
    held = cache.bytes_held
    list(model.answer(a_request(a_bright_ball, Point((60, 40, 25))), cache))
    assert held > 0
    assert cache.bytes_held == held


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_clicks_at_ever_new_places_keep_no_more_of_a_scan_than_is_told_before_a_run(a_bright_ball: Volume) -> None:
    model, random = a_model(BrightNetwork()), np.random.default_rng(1)
    session = Session(a_bright_ball, "ball", model)
    told = cached_bytes(MaskShape(PATCHES, 0, PatchConfig().side), a_bright_ball.shape)
    memory = []
    for _ in range(24):
        i, j, k = random.uniform((52, 32, 17), (68, 48, 33))
        list(session.add_prompts("ball", [Point((i, j, k))], lambda: False))
        session.remove_object("ball")
        memory.append(private_memory())
    assert model.cache_bytes == told
    assert memory[-1] - memory[0] < told + 32 * MIB


def _logits(estimate: object) -> np.ndarray:
    k, j, i = estimate.box.shape  # type: ignore[attr-defined]
    return estimate.logits[slice(0, k), slice(0, j), slice(0, i)]  # type: ignore[attr-defined, no-any-return]
