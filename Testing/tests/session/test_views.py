"""Which part of the volume is looked at."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.prompts import Box, Point
from MedVLSAM2Lib.session.views import ViewPlanner
from MedVLSAM2Lib.volume import Modality, Volume, VoxelBox


def a_volume(shape: tuple[int, int, int] = (100, 200, 200)) -> Volume:
    array = np.zeros(shape, np.int16)
    array[0, 0, 0] = 1
    return Volume(array, np.diag([-1.0, -1.0, 2.0, 1.0]), Modality.CT)


def test_a_first_click_is_looked_at_on_several_scales_around_it() -> None:
    views = ViewPlanner().first_views(a_volume(), [Point((50, 60, 70))])
    assert [view.size_mm[0] for view in views] == [28.0, 48.0, 80.0, 130.0, 200.0, 300.0]
    assert {view.centre for view in views} == {(70.0, 60.0, 50.0)}


def test_no_scale_is_tried_that_is_much_larger_than_the_scan() -> None:
    views = ViewPlanner().first_views(a_volume((20, 40, 40)), [Point((5, 5, 5))])
    assert max(view.size_mm[0] for view in views) == 48.0


def test_a_box_is_seen_whole_and_with_surroundings() -> None:
    volume = a_volume()
    for view in ViewPlanner().first_views(volume, [Box((20, 30, 40), (59, 69, 59))]):
        half = np.array(view.size_mm) / volume.spacing_mm / 2
        assert (np.array(view.centre) - half < [40, 30, 20]).all()
        assert (np.array(view.centre) + half > [59, 69, 59]).all()


def test_the_object_s_view_reaches_every_prompt() -> None:
    volume = a_volume()
    planner = ViewPlanner()
    view = planner.object_view(volume, VoxelBox((40, 40, 40), (50, 60, 60)), [Point((150, 50, 45))])
    half = np.array(view.size_mm) / volume.spacing_mm / 2
    assert view.centre[2] + half[2] > 150
    assert view.centre[2] - half[2] < 40
    assert min(view.size_mm) >= planner.slimness * max(view.size_mm)


def test_a_grown_view_ends_at_the_whole_volume() -> None:
    planner, volume = ViewPlanner(), a_volume()
    view = planner.object_view(volume, VoxelBox((40, 40, 40), (50, 60, 60)), [])
    assert not planner.covers(volume, view)
    for _ in range(12):
        view = planner.grown(view)
    assert planner.covers(volume, view)
