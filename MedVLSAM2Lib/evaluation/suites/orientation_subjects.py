"""The scans of the orientations suite."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.evaluation.cases import find_cases
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser
from MedVLSAM2Lib.evaluation.suites.orientations import Subject, rotated
from MedVLSAM2Lib.training.phantom import make_phantom

_ORGAN = "liver"
_PHANTOM_SHAPE = (90, 70, 96)
_PHANTOM_SPACING_MM = (6.0, 5.0, 4.5)
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
    phantom = make_phantom(shape_kji=_PHANTOM_SHAPE, spacing_mm=_PHANTOM_SPACING_MM)
    headers = {"straight": phantom.volume, "oblique": rotated(phantom.volume, _OBLIQUE_DEGREES)}
    click = SimulatedUser(phantom.volume, phantom.mask(_ORGAN)).first_click()
    return Subject(f"phantom, {_ORGAN}", headers, click)
