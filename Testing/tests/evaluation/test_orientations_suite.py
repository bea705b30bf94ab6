"""The same click in all orders and directions of the axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.evaluation.phantom import KIDNEY, LIVER, centre_click, ellipsoid_ct
from MedVLSAM2Lib.evaluation.suites.orientation_subjects import orientation_subjects
from MedVLSAM2Lib.evaluation.suites.orientations import Subject, orientations, reoriented, rotated, run_orientations
from MedVLSAM2Lib.prompts import nearest_voxel
from MedVLSAM2Lib.volume import Volume
from tests.evaluation.stand_in_segmenters import ThresholdInteraction, ThresholdSegmenter

SHAPE = (20, 24, 30)


@pytest.fixture
def a_phantom() -> Volume:
    return ellipsoid_ct(SHAPE, (4.0, 3.0, 3.0))


class FirstSlicesOnly(ThresholdSegmenter):
    """Forgets the last slices of whatever array it is given: wrong as soon as the axes are turned."""

    def start(self, volume: Volume, volume_id: str) -> ThresholdInteraction:
        array = volume.array.copy()
        array[array.shape[0] // 2 + 1 :] = -1000
        return ThresholdInteraction(Volume(array, volume.ijk_to_ras, volume.modality))


def test_there_are_48_different_orientations_and_the_identity_is_first() -> None:
    turns = list(orientations(SHAPE))
    assert turns[0].is_identity
    assert len({(turn.axes, turn.flipped) for turn in turns}) == 48


def test_a_reoriented_scan_shows_the_same_patient(a_phantom: Volume) -> None:
    liver = centre_click(LIVER, SHAPE).position
    for turn in orientations(SHAPE):
        other = reoriented(a_phantom, turn)
        moved = turn.position_to_canonical(liver)
        assert other.ijk_to_ras_position(moved) == pytest.approx(a_phantom.ijk_to_ras_position(liver))
        assert other.array[nearest_voxel(moved)] == a_phantom.array[nearest_voxel(liver)]


def test_a_segmenter_that_does_not_mind_passes(a_phantom: Volume) -> None:
    headers = {"straight": a_phantom, "oblique": rotated(a_phantom, 20)}
    report = run_orientations([Subject("phantom", headers, centre_click(LIVER, SHAPE))], ThresholdSegmenter())
    assert report.passed
    assert len(report.data["results"]) == 96
    assert all(result["dsc"] == 1.0 for result in report.data["results"])


def test_a_segmenter_that_minds_fails_and_the_table_names_the_orientations(a_phantom: Volume) -> None:
    subject = Subject("phantom", {"straight": a_phantom}, centre_click(KIDNEY, SHAPE))
    report = run_orientations([subject], FirstSlicesOnly())
    assert not report.passed
    assert "+I +J -K" in report.markdown


def test_the_phantom_is_always_the_same_and_each_organ_is_where_it_says() -> None:
    first, second = ellipsoid_ct(SHAPE, (4, 3, 3)), ellipsoid_ct(SHAPE, (4, 3, 3))
    assert (first.array == second.array).all()
    assert first.array.dtype == np.int16
    box = KIDNEY.box(SHAPE)
    assert first.array[box.slices][KIDNEY.inside(SHAPE, box)].mean() == pytest.approx(KIDNEY.hu, abs=5)


def test_the_chest_ct_under_a_turned_header_is_a_subject(scans: Path) -> None:
    subject = orientation_subjects(scans)[1]
    straight, oblique = subject.headers.values()
    assert (straight.array == oblique.array).all()
    assert not np.allclose(straight.ijk_to_ras, oblique.ijk_to_ras)
