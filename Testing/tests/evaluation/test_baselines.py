"""The classical methods, driven by prompts."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.baselines.classical import ClassicalSegmenter, SeedMethod
from MedVLSAM2Lib.evaluation.baselines.random_walker import RandomWalker
from MedVLSAM2Lib.evaluation.baselines.region_growing import RegionGrowing
from MedVLSAM2Lib.evaluation.baselines.seeded_patch import BACKGROUND, OBJECT, Reach, SeededPatch
from MedVLSAM2Lib.evaluation.cases import Case
from MedVLSAM2Lib.evaluation.metrics import dice
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser, Start
from MedVLSAM2Lib.prompts import Box, Point, nearest_voxel

REACH = Reach(mm=20, seed_mm=4, most_voxels=100_000)


def grow_cut() -> SeedMethod:
    pytest.importorskip("slicer_core")
    from MedVLSAM2Lib.evaluation.baselines.grow_cut import GrowCut

    return GrowCut()


@pytest.mark.parametrize("make_method", [grow_cut, RandomWalker, RegionGrowing])
@pytest.mark.parametrize("start", [Start.CLICK, Start.BOX])
def test_a_method_finds_a_bright_ball(make_method, start: Start, a_ball: Case) -> None:
    truth = a_ball.objects[0].truth
    prompt = SimulatedUser(a_ball.volume, truth).first_prompt(start)
    mask = ClassicalSegmenter(make_method()).start(a_ball.volume, "ball").add([prompt])
    assert mask.shape == truth.shape
    assert dice(mask, truth) > 0.85


@pytest.mark.parametrize("make_method", [grow_cut, RandomWalker, RegionGrowing])
def test_every_clicked_voxel_follows_its_click(make_method, a_ball: Case) -> None:
    interaction = ClassicalSegmenter(make_method()).start(a_ball.volume, "ball")
    inside, beside, corner = Point((21.0, 20.0, 14.0)), Point((24.0, 20.0, 14.0), False), Point((21.0, 20.0, 19.0))
    interaction.add([inside])
    interaction.add([beside])
    mask = interaction.add([corner])
    assert mask[nearest_voxel(inside.position)]
    assert not mask[nearest_voxel(beside.position)]
    assert mask[nearest_voxel(corner.position)]


def test_the_patch_reaches_beyond_the_clicks_in_millimetres_and_its_faces_are_background(a_ball: Case) -> None:
    patch = SeededPatch.cut(a_ball.volume, [Point((21.0, 20.0, 14.0))], Reach(15, 4, 10**6))
    assert patch.box.shape == (2 * 8 + 1, 2 * 10 + 1, 2 * 10 + 1)
    assert (patch.seeds[0] == BACKGROUND).all()
    assert patch.seeds[8, 10, 10] == OBJECT
    assert patch.seeds[8, 10, 14] == 0


def test_outside_a_box_is_background_and_its_middle_the_object(a_ball: Case) -> None:
    patch = SeededPatch.cut(a_ball.volume, [Box((13.0, 12.0, 8.0), (29.0, 28.0, 20.0))], REACH)
    k, j, i = np.subtract((14, 20, 21), patch.box.low)
    assert patch.seeds[k, j, i] == OBJECT
    assert patch.seeds[k, j, i + 7] == 0
    assert patch.seeds[k, j, i + 9] == BACKGROUND


def test_a_large_patch_is_read_in_coarser_steps_and_its_mask_fits_the_volume(a_ball: Case) -> None:
    patch = SeededPatch.cut(a_ball.volume, [Point((21.0, 20.0, 14.0))], Reach(100, 4, 2_000))
    assert patch.intensity.size <= 2_000
    assert patch.intensity.shape == patch.seeds.shape
    mask = patch.to_volume(patch.seeds == OBJECT, a_ball.volume.shape)
    assert mask.shape == a_ball.volume.shape
    assert mask[14, 20, 21]
