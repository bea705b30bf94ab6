"""Examples drawn from the cases."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.training.config import Mix, TrainingConfig
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.examples.batches import batch_workers, draw_batch
from MedVLSAM2Lib.training.examples.example import Example
from MedVLSAM2Lib.training.examples.slabs import Slabs
from MedVLSAM2Lib.training.examples.source import ExampleSource
from MedVLSAM2Lib.training.learning.processes import OneProcess
from MedVLSAM2Lib.training.prompting.cell_prompts import CellStroke, drawn
from MedVLSAM2Lib.training.synthesis.contrast import Contrast

KINDS = [kind for kind, share in asdict(Mix()).items() if share]
SMALL = PatchConfig(side=16, channels=(4, 8), depths=(1, 1))


def only(kind: str) -> Mix:
    return Mix(**{name: float(name == kind) for name in KINDS})


def some_examples(cases: list[Case], mix: Mix, count: int = 12, network: PatchConfig = SMALL) -> list[Example]:
    source = ExampleSource(cases, mix, network)
    return [source.draw(np.random.default_rng((5, index))) for index in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_examples_of_the_right_form(the_cases: list[Case], kind: str) -> None:
    for example in some_examples(the_cases, only(kind)):
        assert example.kind == kind
        assert len(example.views) == (1 if example.to_second is None else 2)
        assert example.prompts or example.earlier is not None
        for view in example.views:
            assert view.image.shape == (3, 16, 16, 16)
            assert view.image.dtype == view.target.dtype == np.uint8
            assert view.whole_cells >= 0.97 * (view.target > 127).sum()
            assert (view.size_mm > 0).all()
        assert example.views[0].target.max() > 127


def test_first_clicks_lie_on_the_object(the_cases: list[Case]) -> None:
    clicks = 0
    for example in some_examples(the_cases, only("head_neck"), 40):
        for prompt in example.prompts:
            if isinstance(prompt, CellStroke) and len(prompt.cells) == 1:
                clicks += 1
                assert ((drawn([prompt], 16)[0] > 0) & (example.views[0].target > 127)).any()
    assert clicks > 15


def test_both_views_show_the_same_place(the_cases: list[Case]) -> None:
    seen = 0
    for example in some_examples(the_cases, only("head_neck"), 60):
        if example.to_second is None:
            continue
        scale, offset = example.to_second
        first, second = (view.target > 127 for view in example.views)
        cells = np.argwhere(second)
        if len(cells) == 0:
            continue
        middle = (cells.mean(0) - offset) / scale
        expected = np.argwhere(first).mean(0)
        whole = all(not plane.any() for view in (first, second) for plane in (view[0], view[-1], view[:, 0],
                    view[:, -1], view[:, :, 0], view[:, :, -1]))  # fmt: skip
        if whole:
            seen += 1
            assert np.abs(middle - expected).max() < 1.0
    assert seen > 5


def test_a_batch_depends_on_seed_and_step_alone(the_cases: list[Case]) -> None:
    def image(seed: int, step: int) -> bytes:
        batch = draw_batch(ExampleSource(the_cases, Mix(), SMALL), seed, step, 2)
        return b"".join(view.image.tobytes() for example in batch for view in example.views)

    assert image(1, 5) == image(1, 5)
    assert image(1, 5) != image(1, 6)
    assert image(1, 5) != image(2, 5)


def test_workers_deliver_the_batches_in_order_however_many_they_are(
    the_cases: list[Case], a_cache, a_small_run: TrainingConfig
) -> None:
    config = replace(a_small_run, workers=2, batch=1)
    source = ExampleSource([case for case in the_cases if not case.held_out], config.mix, config.network)
    with batch_workers(config, a_cache, first_step=3, processes=OneProcess()) as workers:
        for step in (3, 4, 5):
            expected = draw_batch(source, config.seed, step, 1)[0]
            assert (workers.next()[0].views[0].image == expected.views[0].image).all()


def test_a_mix_for_which_there_is_no_data_is_refused(the_cases: list[Case]) -> None:
    maps = [case for case in the_cases if case.image is None]
    with pytest.raises(ValueError, match="no case fits"):
        ExampleSource(maps, only("tumour"), SMALL)


def test_thick_slices_are_constant_through_their_thickness() -> None:
    cells = np.random.default_rng(0).normal(size=(16, 16, 16)).astype(np.float32)
    for seed in range(8):
        shown = Slabs(np.random.default_rng(seed)).of(cells, np.ones(3))
        assert shown.shape == cells.shape
        assert shown.mean() == pytest.approx(cells.mean(), abs=1e-3)
        assert shown.std() < 0.8 * cells.std()
    assert Slabs(np.random.default_rng(0)).of(cells, np.full(3, 20.0)) is cells


def test_a_single_window_shows_the_same_on_all_channels() -> None:
    image = np.random.default_rng(0).normal(size=(8, 8, 8)).astype(np.float32) * 200
    shown = Contrast(np.random.default_rng(1), image.ravel(), True, SMALL).channels(image)
    assert (shown[0] == shown[1]).all()
    assert (shown[0] == shown[2]).all()
    in_ct_windows = Contrast(np.random.default_rng(1), image.ravel(), False, SMALL).channels(image)
    assert (in_ct_windows[0] != in_ct_windows[1]).any()
