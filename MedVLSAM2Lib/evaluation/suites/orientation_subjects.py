"""The scans of the orientations suite."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.evaluation.cases import find_cases
from MedVLSAM2Lib.evaluation.phantom import LIVER, centre_click, ellipsoid_ct
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser
from MedVLSAM2Lib.evaluation.suites.orientations import Subject, rotated

_PHANTOM_SHAPE = (60, 84, 100)
_PHANTOM_SPACING_MM = (4.0, 3.0, 3.0)
_OBLIQUE_DEGREES = 20


def orientation_subjects(scans: Path | None) -> tuple[Subject, ...]:
    """A phantom, and from ``scans`` the chest CT that is there twice: as it is, and turned by 20° in its header."""
    subjects = [_phantom()]
    if scans is not None:
        straight, oblique = (files.load() for files in find_cases(scans, ["cip_chest64", "cip_chest64_oblique"]))
        click = SimulatedUser(straight.volume, straight.objects[0].truth).first_click()
        headers = {"straight": straight.volume, "oblique": oblique.volume}
        subjects.append(Subject(f"{straight.name}, {straight.objects[0].name}", headers, click))
    return tuple(subjects)


def _phantom() -> Subject:
    volume = ellipsoid_ct(_PHANTOM_SHAPE, _PHANTOM_SPACING_MM)
    headers = {"straight": volume, "oblique": rotated(volume, _OBLIQUE_DEGREES)}
    return Subject("phantom, liver", headers, centre_click(LIVER, volume.shape))
