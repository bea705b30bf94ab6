"""A phantom as ordered: findings, phases, organs taken out, heads."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.training.phantom import FindingRequest, Part, Patient, Phantom, Phase, make_phantom
from MedVLSAM2Lib.training.phantom.patient import RECIPES

FINE = {"shape_kji": (150, 100, 130), "spacing_mm": (2.5, 2.5, 2.5), "middle_ras": (0.0, 0.0, 0.0)}
COARSE = {"shape_kji": (96, 72, 96), "spacing_mm": (6.0, 4.0, 4.0)}
HEAD = {"shape_kji": (110, 90, 90), "spacing_mm": (3.0, 2.8, 2.8)}
BALLS = (
    FindingRequest("lung nodule", "left lung", 9.0),
    FindingRequest("lung nodule", "right lung", 7.0, dense=True),
    FindingRequest("liver cyst", "liver", 14.0),
    FindingRequest("renal cyst", "left kidney", 12.0),
    FindingRequest("splenic lesion", "spleen", 11.0),
    FindingRequest("enlarged lymph node", "mediastinal fat", 9.0),
)


@pytest.fixture(scope="module")
def ordered() -> Phantom:
    return make_phantom(5, **FINE, patient=Patient(requests=BALLS))


def test_what_was_asked_for_is_there_and_nothing_else(ordered: Phantom) -> None:
    assert [(f.kind, f.organ) for f in ordered.findings] == [(r.kind, r.organ) for r in BALLS]
    assert len({finding.name for finding in ordered.findings}) == len(BALLS)


@pytest.mark.parametrize("number", range(len(BALLS)))
def test_a_finding_is_as_large_and_as_dense_as_it_says_and_lies_in_its_organ(ordered: Phantom, number: int) -> None:
    finding, request = ordered.findings[number], BALLS[number]
    mask = ordered.mask(finding.name)
    assert np.prod(finding.size_mm) ** (1 / 3) == pytest.approx(2 * request.radius_mm, rel=0.16)
    expected = np.pi / 6 * np.prod(finding.size_mm)
    assert mask.sum() * ordered.volume.voxel_volume_mm3 == pytest.approx(expected, rel=0.15)
    middle = tuple(round(v) for v in ordered.volume.ras_to_ijk(finding.centre)[::-1])
    assert mask[middle]
    assert ordered.volume.array[middle] == pytest.approx(finding.hu, abs=90)
    if request.organ.startswith(("left", "right")):
        assert (finding.centre[0] > 0) == request.organ.startswith("right")


def test_a_calcified_nodule_is_denser_than_a_solid_one(ordered: Phantom) -> None:
    solid, calcified = (ordered.volume.array[ordered.mask(name)].mean() for name in ("lung nodule", "lung nodule 2"))
    assert calcified > solid + 150


def _ml(phantom: Phantom, name: str) -> float:
    return float(phantom.mask(name).sum() * phantom.volume.voxel_volume_mm3 / 1000)


def test_effusions_are_small_and_large_on_either_side() -> None:
    requests = (
        FindingRequest("pleural effusion", "left lung", 70.0),
        FindingRequest("pleural effusion", "right lung", 20.0),
    )
    phantom = make_phantom(1, **COARSE, patient=Patient(requests=requests))
    assert _ml(phantom, "pleural effusion") > 400
    assert 1 < _ml(phantom, "pleural effusion 2") < 100
    assert phantom.innermost("pleural effusion")[0] < 0 < phantom.innermost("pleural effusion 2")[0]


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase.NATIVE, {"aorta": 42, "liver": 58, "spleen": 50}),
        (Phase.ARTERIAL, {"aorta": 320, "liver": 72, "spleen": 118}),
        (Phase.PORTAL_VENOUS, {"aorta": 165, "liver": 108, "spleen": 122}),
    ],
)
def test_the_contrast_medium_shows_as_its_phase_says(phase: Phase, expected: dict[str, float]) -> None:
    phantom = make_phantom(2, **COARSE, patient=Patient(phase=phase))
    assert phantom.phase is phase
    for organ, hu in expected.items():
        assert np.median(phantom.volume.array[phantom.mask(organ)]) == pytest.approx(hu, abs=14)


@pytest.mark.parametrize("organ", ["right kidney", "spleen", "gallbladder"])
def test_an_organ_taken_out_is_absent_and_its_place_is_known(organ: str) -> None:
    whole = make_phantom(4, **COARSE, patient=Patient())
    without = make_phantom(4, **COARSE, patient=Patient(removed=frozenset({organ})))
    assert organ not in without.names.values()
    (absence,) = without.absent
    assert absence.name == organ
    low, high = np.array(absence.bounds)
    assert ((low < whole.innermost(organ)) & (whole.innermost(organ) < high)).all()
    assert _ml(without, "liver") == pytest.approx(_ml(whole, "liver"), rel=0.05)


def test_a_head_has_what_a_head_has() -> None:
    head = make_phantom(0, **HEAD, patient=Patient(Part.HEAD))
    assert 1100 < _ml(head, "brain") < 1800
    assert 5 < _ml(head, "right eye") < 10
    assert 10 < _ml(head, "left parotid gland") < 30
    assert 30 < _ml(head, "mandible") < 110
    assert 15 < _ml(head, "brainstem") < 45
    assert head.innermost("right eye")[0] > 20 > -20 > head.innermost("left eye")[0]
    assert head.innermost("right eye")[1] > head.innermost("cerebellum")[1] + 80
    assert head.innermost("brain")[2] > head.innermost("brainstem")[2] > head.innermost("larynx")[2]
    assert {"spinal cord", "teeth", "airways", "skull", "right lateral ventricle"} <= set(head.names.values())


def test_a_head_holds_its_findings_in_the_brain() -> None:
    requests = tuple(FindingRequest(kind, "brain", 9.0) for kind in RECIPES[Part.HEAD])
    head = make_phantom(3, **HEAD, patient=Patient(Part.HEAD, requests))
    hemorrhage, calcification, mass = (
        float(np.median(head.volume.array[head.mask(finding.name)])) for finding in head.findings
    )
    assert calcification > 200
    assert 55 < mass < 110
    assert hemorrhage == pytest.approx(72, abs=10)


@pytest.mark.parametrize("part", list(Part))
def test_patients_are_drawn_with_findings_that_fit(part: Part) -> None:
    asked = made = 0
    for seed in range(5):
        patient = Patient.drawn(np.random.default_rng(seed), part)
        assert patient == Patient.drawn(np.random.default_rng(seed), part)
        phantom = make_phantom(seed, (8, 8, 8), (40.0, 40.0, 40.0), patient)
        asked += len(patient.requests)
        made += len(phantom.findings)
        assert {finding.organ for finding in phantom.findings}.isdisjoint(patient.removed)
    assert asked > 4
    assert made >= 0.8 * asked
