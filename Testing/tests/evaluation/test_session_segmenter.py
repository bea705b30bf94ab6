"""The session, driven as any other segmenter."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.evaluation.cases import Case
from MedVLSAM2Lib.evaluation.course import run_course
from MedVLSAM2Lib.evaluation.segmenter import SteppingInteraction
from MedVLSAM2Lib.evaluation.session_segmenter import SessionSegmenter
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser, Start
from MedVLSAM2Lib.evaluation.suites.orientations import Subject, run_orientations
from tests.evaluation.stand_in_model import BrightRegionModel


def test_a_click_gives_a_mask_of_the_whole_volume_and_candidates_to_step_through(a_ball: Case) -> None:
    truth = a_ball.objects[0].truth
    interaction = SessionSegmenter(BrightRegionModel(), "model").start(a_ball.volume, "ball")
    assert isinstance(interaction, SteppingInteraction)
    mask = interaction.add([SimulatedUser(a_ball.volume, truth).first_click()])
    assert mask.shape == truth.shape
    assert mask.dtype == bool
    assert interaction.candidates == len(BrightRegionModel.levels)
    larger = interaction.step(1)
    assert interaction.candidate == 1
    assert np.count_nonzero(larger) > np.count_nonzero(mask)


def test_choosing_among_the_candidates_beats_the_model_s_choice(a_ball: Case) -> None:
    segmenter = SessionSegmenter(BrightRegionModel(), "model")
    shown, chosen = (
        run_course(segmenter, a_ball, a_ball.objects[0], start, interactions=1)
        for start in (Start.CLICK, Start.CLICK_AND_KEY)
    )
    assert shown is not None
    assert chosen is not None
    assert chosen.dsc_after(1) > shown.dsc_after(1)
    assert chosen.dsc_after(1) > 0.99


def test_a_box_then_clicks_are_answered(a_ball: Case) -> None:
    segmenter = SessionSegmenter(BrightRegionModel(), "model")
    course = run_course(segmenter, a_ball, a_ball.objects[0], Start.BOX, interactions=3)
    assert course is not None
    assert len(course.steps) == 3
    assert course.steps[0].prompt.startswith("Box")
    assert course.dsc_after(3) >= course.dsc_after(1)


def test_the_session_gives_the_same_mask_in_all_orientations(a_ball: Case) -> None:
    click = SimulatedUser(a_ball.volume, a_ball.objects[0].truth).first_click()
    subject = Subject("ball", {"straight": a_ball.volume}, click)
    report = run_orientations([subject], SessionSegmenter(BrightRegionModel(), "model"))
    assert report.passed
