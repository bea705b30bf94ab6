"""The same anatomy in another body."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.training.facts.deformation import deformed
from MedVLSAM2Lib.training.facts.facts import Visibility
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan
from MedVLSAM2Lib.training.facts.observing import Observer
from MedVLSAM2Lib.training.facts.view import seen_through

BODY = ((-190.0, -140.0, -350.0), (190.0, 120.0, 255.0))
GRID = (50, 44, 64)
SEEDS = range(5)


@pytest.fixture(scope="module")
def as_drawn(scan: LabelledScan) -> LabelledScan:
    return seen_through(scan, BODY, GRID)


def _of(scan: LabelledScan, seed: int) -> LabelledScan:
    return deformed(scan, np.random.default_rng(seed))


def test_every_body_is_another_and_decided_by_its_generator(as_drawn: LabelledScan) -> None:
    bodies = [_of(as_drawn, seed).labels for seed in SEEDS]
    assert np.array_equal(bodies[0], _of(as_drawn, 0).labels)
    assert not any(np.array_equal(bodies[0], other) for other in (*bodies[1:], as_drawn.labels))


def test_organs_keep_their_sides_and_about_their_size(as_drawn: LabelledScan, observer: Observer) -> None:
    before = observer.facts(as_drawn).structures
    for seed in SEEDS:
        after = observer.facts(_of(as_drawn, seed)).structures
        for name in ("liver", "right kidney", "left kidney", "right lung"):
            one, other = before[name].measures, after[name].measures
            assert one is not None
            assert other is not None
            assert 0.5 < other.volume_ml / one.volume_ml < 2.0
            assert np.linalg.norm(np.subtract(one.centre, other.centre)) < 45.0
        right, left = after["right kidney"].measures, after["left kidney"].measures
        assert right is not None
        assert left is not None
        assert right.centre[0] > left.centre[0]


def test_what_is_whole_in_a_body_is_whole_in_another(as_drawn: LabelledScan, observer: Observer) -> None:
    for seed in SEEDS:
        facts = observer.facts(_of(as_drawn, seed))
        assert facts.visibility("liver") is Visibility.WHOLE
        assert facts.visibility("left kidney") is Visibility.WHOLE


def test_what_was_pushed_to_the_border_is_whole_no_more(scan: LabelledScan, observer: Observer) -> None:
    low, high = scan.wholes["liver"].bounds
    tight = seen_through(scan, (low, high), GRID)
    assert observer.facts(tight).visibility("liver") is Visibility.WHOLE
    for seed in SEEDS:
        assert observer.facts(_of(tight, seed)).visibility("liver") is Visibility.PARTLY
