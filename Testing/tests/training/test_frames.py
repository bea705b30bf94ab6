"""Frames: boxes of a volume, turned and mirrored."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.frames.frame import Frame, enlarged, random_turn
from MedVLSAM2Lib.training.frames.framing import ObjectFraming

SPACING = np.array([3.0, 1.0, 1.5])


def a_frame(turn: np.ndarray, size_mm: float = 30.0) -> Frame:
    return Frame(np.array([14.0, 30.0, 20.0]), np.full(3, size_mm), turn, SPACING, 16)


def a_ramp() -> np.ndarray:
    k, j, i = np.indices((30, 60, 40), dtype=np.float32)
    return 2 * k - 3 * j + 5 * i


@pytest.mark.parametrize(
    "turn",
    [np.eye(3), np.diag([1.0, -1.0, -1.0]), random_turn(np.random.default_rng(3), rotated=True, mirrored=True)],
    ids=["straight", "mirrored", "turned"],
)
def test_each_cell_holds_what_lies_at_its_place(turn: np.ndarray) -> None:
    frame = a_frame(turn, 24.0)
    k, j, i = frame.grid_voxels().T
    sampled = frame.sample(a_ramp(), 0.0)
    assert sampled.ravel() == pytest.approx(2 * k - 3 * j + 5 * i, abs=1.5)


def test_cells_and_voxels_turn_into_each_other() -> None:
    frame = a_frame(random_turn(np.random.default_rng(1), rotated=True, mirrored=True))
    cells = np.random.default_rng(2).uniform(0, 15, (10, 3))
    assert frame.cells_of(frame.voxels_of(cells)) == pytest.approx(cells)


def test_cells_of_one_frame_are_found_in_another() -> None:
    first = a_frame(random_turn(np.random.default_rng(1), rotated=True, mirrored=True))
    second = first.at(np.array([12.0, 33.0, 18.0]), np.array([20.0, 55.0, 40.0]))
    scale, offset = second.cells_from(first)
    cells = np.random.default_rng(2).uniform(0, 15, (10, 3))
    assert cells * scale + offset == pytest.approx(second.cells_of(first.voxels_of(cells)))


def test_enlarging_keeps_the_corners_and_is_linear_between() -> None:
    values = np.random.default_rng(0).normal(size=(4, 4, 4)).astype(np.float32)
    large = enlarged(values, 16)
    assert large[::15, ::15, ::15] == pytest.approx(values[::3, ::3, ::3])
    assert large[0, 0, :6] == pytest.approx(np.interp(np.arange(6) / 5, [0, 1], values[0, 0, :2]), abs=1e-6)


def test_frames_of_an_object_hold_it(the_cases: list[Case]) -> None:
    case = next(case for case in the_cases if case.name == "pt_1")
    item = case.objects[0]
    for seed in range(20):
        framing = ObjectFraming(case, item, 16, np.random.default_rng(seed))
        for frame in (framing.fitting(), framing.refit()):
            cells = frame.cells_of(item.clicks.astype(float))
            assert (np.abs(cells - 7.5) < 12).all()
        assert framing.close_up().size_mm.max() <= framing.extent_mm.max()


def test_no_frame_is_smaller_than_a_few_voxels(the_cases: list[Case]) -> None:
    case = the_cases[0]
    framing = ObjectFraming(case, case.objects[0], 16, np.random.default_rng(0))
    sizes = [framing.centred(framing.a_click()).size_mm.min() for _ in range(50)]
    assert min(sizes) >= 5 * max(case.spacing_mm)
