"""What an encoder is shown of a volume."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from MedVLSAM2Lib.model.volume_input.config import VolumeInputConfig
from MedVLSAM2Lib.model.volume_input.prepare import prepare, resized, whole_view
from MedVLSAM2Lib.volume import Modality, Volume


def a_volume(array: np.ndarray, spacing_kji: tuple[float, float, float], modality: Modality = Modality.CT) -> Volume:
    k, j, i = spacing_kji
    return Volume(array, np.diag([-i, -j, k, 1.0]), modality)


def a_block_in_air() -> Volume:
    array = np.full((20, 40, 50), -1024, np.int16)
    array[4:12, 10:26, 20:40] = 40
    return a_volume(array, (4.0, 2.0, 2.0))


def test_published_preparation_crops_to_the_foreground_and_stretches_it() -> None:
    config = VolumeInputConfig("foreground", (8, 8, 8), ())
    array = np.zeros((20, 40, 50), np.int16)
    array[4:12, 10:26, 20:40] = np.random.default_rng(0).integers(1, 200, (8, 16, 20))
    shown = prepare(a_volume(array, (1.0, 1.0, 1.0)), config)
    part = torch.from_numpy(array[4:12, 10:26, 20:40].astype(np.float32) / array.max())
    expected = functional.interpolate(part[None, None], (8, 8, 8), mode="trilinear", align_corners=False)[0]
    assert shown.shape == (1, 8, 8, 8)
    assert shown == pytest.approx(expected.numpy(), abs=1e-6)


@pytest.mark.parametrize("size", [(16, 7, 33), (3, 40, 20), (11, 13, 17)])
def test_stretching_is_torchs_trilinear(size: tuple[int, int, int]) -> None:
    image = np.random.default_rng(1).random((11, 13, 17), np.float32)
    expected = functional.interpolate(torch.from_numpy(image)[None, None], size, mode="trilinear", align_corners=False)
    assert resized(image, size) == pytest.approx(expected[0, 0].numpy(), abs=1e-5)


def test_our_preparation_keeps_proportions_and_centres_the_volume() -> None:
    # 80 × 80 × 100 mm into 16 × 16 × 25 cells: the first two axes need 5 mm a cell, the last one 4 mm.
    volume = a_block_in_air()
    view = whole_view(volume, (16, 16, 25))
    assert view.size_mm == pytest.approx((80.0, 80.0, 125.0))
    shown = prepare(volume, VolumeInputConfig(size=(16, 16, 25)))
    assert shown.shape == (3, 16, 16, 25)
    k, j, i = (np.flatnonzero((shown[0] > 0.45).any(tuple(a for a in range(3) if a != axis))) for axis in range(3))
    # The block spans voxels 4-12 of 4 mm, 10-26 of 2 mm and 20-40 of 2 mm; the last axis begins
    # 12.5 mm before the volume. Cells that it fills in part only are darker.
    assert (k[0], k[-1] + 1) == (4, 9)
    assert (j[0], j[-1] + 1) == (4, 10)
    assert (i[0], i[-1] + 1) == (11, 18)


def test_ct_is_shown_through_each_window() -> None:
    shown = prepare(a_block_in_air(), VolumeInputConfig(size=(16, 16, 25), ct_windows=((40, 400), (-450, 1500))))
    assert shown[:, 7, 7, 14] == pytest.approx([0.5, 490 / 1500 + 0.5])
    assert shown[:, 0, 0, 0] == pytest.approx([0.0, 0.5 - 574 / 1500])


def test_other_scans_show_their_own_window() -> None:
    array = np.random.default_rng(0).integers(0, 900, (16, 16, 16)).astype(np.int16)
    volume = a_volume(array, (1.0, 1.0, 1.0), Modality.MR)
    shown = prepare(volume, VolumeInputConfig(size=(16, 16, 16)))
    assert shown == pytest.approx(np.stack([volume.window.apply(array)] * 3), abs=1e-5)


def test_a_config_comes_back_from_json() -> None:
    for config in (VolumeInputConfig(), VolumeInputConfig.med3dvlm()):
        assert VolumeInputConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
        assert config.channels == (3 if config.preparation == "windowed" else 1)


def test_an_unknown_preparation_is_refused() -> None:
    with pytest.raises(ValueError, match="preparation is 'raw'"):
        VolumeInputConfig("raw")  # type: ignore[arg-type]
