"""What may be said to have been looked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.training.joint.reliability import Reliability, reliabilities
from tests.session.tone_model import ToneModel

NEVER = [False] * 6


class SilentReader:
    """Every phrase means a tone that no scan holds."""

    def tokens(self, volume: object, volume_id: str, phrases: list[str], cache: object) -> np.ndarray:
        return np.full((len(phrases), 1), 9000, np.float32)


@pytest.mark.parametrize(
    ("patients", "phantoms", "invented", "is_reliable"),
    [
        ([0.6, 0.5, 0.7, 0.4], [], NEVER, True),
        ([0.6, 0.5, 0.0, 0.1], [0.9] * 8, NEVER, False),
        ([0.6, 0.5, 0.7, 0.4], [], [True, False, False], False),
        ([0.6, 0.5, 0.7, 0.4], [], [True, True, *NEVER], False),
        ([0.6], [0.9] * 8, NEVER, True),
        ([], [0.5] * 8, NEVER, False),
        ([], [0.9] * 3, NEVER, False),
        ([0.6, 0.5, 0.7, 0.4], [], [], False),
    ],
)
def test_patients_count_more_than_phantoms_and_inventions_most_of_all(
    patients: list[float], phantoms: list[float], invented: list[bool], is_reliable: bool
) -> None:
    assert Reliability("liver", patients, phantoms, invented).is_reliable is is_reliable


def test_every_organ_of_a_phantom_and_what_cannot_be_in_it_is_looked_for(people_folder: Path) -> None:
    found = {
        one.name: one for one in reliabilities(Grounding(SilentReader(), ToneModel(), 0.5), [], people_folder, 2, 2)
    }
    shown = [one for one in found.values() if one.phantoms]
    assert shown
    assert all(score == 0 for one in shown for score in one.phantoms)
    assert any(one.invented for one in found.values())
    assert not any(any(one.invented) for one in found.values())
    assert "0 of" in shown[0].summary()
