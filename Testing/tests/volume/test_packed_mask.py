"""Masks of one bit a voxel, in a box."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.volume import PackedMask, Reorientation, VoxelBox


def a_mask() -> np.ndarray:
    mask = np.zeros((7, 9, 11), bool)
    mask[2:5, 3:8, 1:4] = np.random.default_rng(0).random((3, 5, 3)) > 0.4
    mask[2, 3, 1] = mask[4, 7, 3] = True
    return mask


def test_packing_keeps_only_the_box_of_the_true_voxels_and_gives_them_back() -> None:
    packed = PackedMask.pack(a_mask())
    assert packed.box == VoxelBox((2, 3, 1), (5, 8, 4))
    assert np.array_equal(packed.unpack(VoxelBox.of_shape((7, 9, 11))), a_mask())
    assert packed.voxel_count == a_mask().sum()


def test_any_part_of_a_mask_can_be_unpacked() -> None:
    packed, part = PackedMask.pack(a_mask()), VoxelBox((0, 5, 2), (4, 9, 11))
    assert np.array_equal(packed.unpack(part), a_mask()[part.slices])


def test_an_empty_mask_has_an_empty_box() -> None:
    packed = PackedMask.pack(np.zeros((3, 4, 5), bool))
    assert packed == PackedMask.empty()
    assert packed.is_empty
    assert not packed.unpack(VoxelBox.of_shape((3, 4, 5))).any()


def test_trimming_changes_the_box_and_not_the_mask() -> None:
    whole = VoxelBox.of_shape((7, 9, 11))
    loose = PackedMask.pack(a_mask(), whole)
    assert loose.trimmed() == PackedMask.pack(a_mask())


def test_bits_that_do_not_fill_the_box_are_refused() -> None:
    with pytest.raises(ValueError, match="needs 3 bytes"):
        PackedMask(VoxelBox((0, 0, 0), (2, 3, 4)), b"12")


def test_masks_and_boxes_turn_with_the_axes_and_back() -> None:
    matrix = np.array([[0, 0, -2.0, 0], [1.0, 0, 0, 0], [0, 3.0, 0, 0], [0, 0, 0, 1]])
    turn = Reorientation.to_canonical(matrix, (7, 9, 11))
    packed = PackedMask.pack(a_mask())
    canonical = turn.mask_to_canonical(packed)
    whole = VoxelBox.of_shape(turn.array_to_canonical(a_mask()).shape)
    assert np.array_equal(canonical.unpack(whole), turn.array_to_canonical(a_mask()))
    assert turn.mask_to_source(canonical) == packed
    assert turn.box_to_source(turn.box_to_canonical(packed.box)) == packed.box
