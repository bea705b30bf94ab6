"""The same click in all orders and directions of the axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.cases import Case
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser
from MedVLSAM2Lib.evaluation.suites.orientation_subjects import orientation_subjects
from MedVLSAM2Lib.evaluation.suites.orientations import Subject, orientations, reoriented, rotated, run_orientations
from MedVLSAM2Lib.prompts import nearest_voxel
from MedVLSAM2Lib.volume import Volume
from tests.evaluation.stand_in_segmenters import ThresholdInteraction, ThresholdSegmenter


@pytest.fixture
def a_subject(a_ball: Case) -> Subject:
    click = SimulatedUser(a_ball.volume, a_ball.objects[0].truth).first_click()
    return Subject("ball", {"straight": a_ball.volume, "oblique": rotated(a_ball.volume, 20)}, click)


class FirstSlicesOnly(ThresholdSegmenter):
    """Forgets the last slices of whatever array it is given: wrong as soon as the axes are turned."""

    def start(self, volume: Volume, volume_id: str) -> ThresholdInteraction:
        array = volume.array.copy()
        array[array.shape[0] // 2 + 1 :] = -1000
        return ThresholdInteraction(Volume(array, volume.ijk_to_ras, volume.modality))


def test_there_are_48_different_orientations_and_the_identity_is_first() -> None:
    turns = list(orientations((20, 24, 30)))
    assert turns[0].is_identity
    assert len({(turn.axes, turn.flipped) for turn in turns}) == 48


def test_a_reoriented_scan_shows_the_same_patient(a_ball: Case) -> None:
    volume, position = a_ball.volume, (30.0, 8.0, 5.0)
    for turn in orientations(volume.shape):
        other, moved = reoriented(volume, turn), turn.position_to_canonical(position)
        assert other.ijk_to_ras_position(moved) == pytest.approx(volume.ijk_to_ras_position(position))
        assert other.array[nearest_voxel(moved)] == volume.array[nearest_voxel(position)]


def test_a_segmenter_that_does_not_mind_passes(a_subject: Subject) -> None:
    report = run_orientations([a_subject], ThresholdSegmenter())
    assert report.passed
    assert len(report.data["results"]) == 96
    assert all(result["dsc"] == 1.0 for result in report.data["results"])


def test_a_segmenter_that_minds_fails_and_the_table_names_the_orientations(a_subject: Subject) -> None:
    report = run_orientations([a_subject], FirstSlicesOnly())
    assert not report.passed
    assert "+I +J -K" in report.markdown


def test_the_phantom_is_clicked_under_a_straight_and_an_oblique_header() -> None:
    (subject,) = orientation_subjects(scans=None)
    assert list(subject.headers) == ["straight", "oblique"]
    assert all(100 < volume.array[nearest_voxel(subject.click.position)] < 140 for volume in subject.headers.values())


def test_the_chest_ct_under_a_turned_header_is_a_subject(scans: Path) -> None:
    subject = orientation_subjects(scans)[1]
    straight, oblique = subject.headers.values()
    assert (straight.array == oblique.array).all()
    assert not np.allclose(straight.ijk_to_ras, oblique.ijk_to_ras)
