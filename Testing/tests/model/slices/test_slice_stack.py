"""A volume as slices: what the network is shown, and where things lie on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from MedVLSAM2Lib.model.slices.config import SliceConfig, SliceRules
from MedVLSAM2Lib.model.slices.slice_stack import PIXEL_MEAN, PIXEL_STD, SliceStack
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox


@pytest.fixture
def a_volume() -> Volume:
    """10 × 20 × 30 voxels (K, J, I), every one with a value of its own."""
    return Volume(np.arange(6000, dtype=np.int16).reshape(10, 20, 30), np.eye(4))


@pytest.mark.parametrize(("axis", "depth", "plane"), [(2, 10, (20, 30)), (1, 20, (10, 30)), (0, 30, (10, 20))])
def test_a_stack_has_the_other_two_axes_as_rows_and_columns(
    a_volume: Volume, a_small_config: SliceConfig, axis: int, depth: int, plane: tuple[int, int]
) -> None:
    stack = SliceStack(a_volume, axis, a_small_config)
    assert (len(stack), stack.plane) == (depth, plane)
    assert stack.pixels(3).shape == (1, 3, 64, 64)


def test_black_and_white_are_the_window_s_ends(a_small_config: SliceConfig) -> None:
    array = np.full((2, 64, 64), -1000, np.int16)
    array[:, 32:] = 1000
    pixels = SliceStack(Volume(array, np.eye(4), Modality.CT), 2, a_small_config).pixels(0)
    mean, std = torch.tensor(PIXEL_MEAN), torch.tensor(PIXEL_STD)
    assert torch.allclose(pixels[0, :, 0, 0], (0 - mean) / std)
    assert torch.allclose(pixels[0, :, -1, 0], (1 - mean) / std)


def test_grey_levels_may_be_as_few_as_in_a_picture(a_volume: Volume, a_small_config: SliceConfig) -> None:
    volume = Volume(np.random.default_rng(0).normal(size=(3, 64, 64)), np.eye(4))
    few = SliceStack(volume, 2, replace(a_small_config, rules=SliceRules("bicubic", grey_levels=4)))
    assert len(few.pixels(1)[0, 0].unique()) == 4


def test_a_position_lands_on_the_pixel_that_shows_it(a_volume: Volume, a_small_config: SliceConfig) -> None:
    stack = SliceStack(a_volume, 2, a_small_config)
    assert stack.index_of((4.0, 7.0, 3.4)) == 3
    assert stack.pixel_of((-0.5, -0.5, 3.0)) == (-0.5, -0.5)
    assert stack.pixel_of((29.5, 19.5, 3.0)) == (63.5, 63.5)


def test_a_stack_s_box_is_in_the_volume_s_order(a_volume: Volume, a_small_config: SliceConfig) -> None:
    assert SliceStack(a_volume, 1, a_small_config).box(4, 5, (1, 2), (3, 9)) == VoxelBox((1, 4, 2), (3, 6, 9))
