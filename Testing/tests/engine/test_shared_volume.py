from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.engine.shared_volume import SharedFile, SharedMemory, open_stored_volume, store_volume
from MedVLSAM2Lib.volume import Modality, Volume, VolumeError

MATRIX = np.array([[0.7, 0.1, 0, -90], [0.1, -0.7, 0, 80], [0, 0, 2.5, -400], [0, 0, 0, 1]])


def a_volume(array: np.ndarray) -> Volume:
    return Volume(array, MATRIX, Modality.CT, "HU", "a CT")


ARRAYS = {
    "int16": np.arange(60, dtype=np.int16).reshape(3, 4, 5),
    "float32": np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 4, 5),
    "uint8 one slice": np.arange(20, dtype=np.uint8).reshape(1, 4, 5),
    "big endian": np.arange(60, dtype=">i4").reshape(3, 4, 5),
    "a flipped and transposed view": np.arange(60, dtype=np.int16).reshape(5, 4, 3).T[::-1, :, ::2],
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
@pytest.mark.parametrize("share", [True, False], ids=["shared memory", "inside a frame"])
def test_a_volume_arrives_as_it_was_stored(array: np.ndarray, share: bool) -> None:
    stored, memory = store_volume(a_volume(array), share=share)

    volume = open_stored_volume(stored)

    assert (memory is not None) == share
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_array_equal(volume.ijk_to_ras, MATRIX)
    assert (volume.modality, volume.units, volume.name) == (Modality.CT, "HU", "a CT")
    assert not volume.array.flags.writeable
    if memory is not None:
        memory.close()


def test_what_is_stored_is_a_copy_that_later_edits_do_not_reach() -> None:
    array = ARRAYS["int16"].copy()
    stored, memory = store_volume(a_volume(array), share=True)

    array[:] = 7

    np.testing.assert_array_equal(open_stored_volume(stored).array, ARRAYS["int16"])
    assert memory is not None
    memory.close()


@pytest.mark.parametrize("anonymous", [True, False], ids=["anonymous memory", "temporary file"])
def test_closing_frees_the_memory_and_leaves_what_is_mapped_readable(anonymous: bool) -> None:
    if anonymous and not hasattr(os, "memfd_create"):
        pytest.skip("Linux only")
    stored, first = store_volume(a_volume(ARRAYS["int16"]), share=False)
    memory = SharedMemory(ARRAYS["int16"], anonymous=anonymous)
    volume = open_stored_volume(replace(stored, voxels=SharedFile(memory.path)))

    memory.close()
    memory.close()

    assert first is None
    assert not Path(memory.path).exists()
    np.testing.assert_array_equal(volume.array, ARRAYS["int16"])


def test_memory_that_is_gone_is_said_in_a_sentence() -> None:
    stored, memory = store_volume(a_volume(ARRAYS["int16"]), share=True)
    assert memory is not None
    memory.close()

    with pytest.raises(VolumeError, match="a CT could not be read from shared memory; load the scan again"):
        open_stored_volume(stored)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dtype": "|O"},
        {"dtype": "nonsense"},
        {"shape": (3, 4, 6)},
        {"shape": (-3, -4, 5)},
        {"ijk_to_ras": (1.0, 2.0)},
        {"voxels": b""},
    ],
    ids=str,
)
def test_what_is_no_volume_is_refused(wrong: dict) -> None:
    stored, _ = store_volume(a_volume(ARRAYS["int16"]), share=False)

    with pytest.raises(VolumeError, match="load the scan again"):
        open_stored_volume(replace(stored, **wrong))
