"""Phantoms as labelled scans."""

from __future__ import annotations

import pytest

from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan
from MedVLSAM2Lib.training.facts.observing import Observer
from MedVLSAM2Lib.training.facts.sources import scan_of_phantom
from MedVLSAM2Lib.training.phantom import FindingRequest, Patient, Phantom, Phase, make_phantom
from MedVLSAM2Lib.vocabulary import Vocabulary

REQUESTS = (
    FindingRequest("pleural effusion", "right lung", 60.0),
    FindingRequest("renal cyst", "left kidney", 16.0),
    FindingRequest("renal cyst", "left kidney", 9.0),
    FindingRequest("liver mass", "liver", 18.0),
    FindingRequest("lung nodule", "right lung", 9.0, dense=True),
    FindingRequest("bone lesion", "vertebra L3", 9.0),
)


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary.read()


@pytest.fixture(scope="session")
def observer(vocabulary: Vocabulary) -> Observer:
    return Observer(vocabulary)


@pytest.fixture(scope="session")
def phantom() -> Phantom:
    patient = Patient(requests=REQUESTS, phase=Phase.ARTERIAL, removed=frozenset({"spleen"}))
    return make_phantom(4, (200, 88, 128), (3.0, 3.0, 3.0), patient)


@pytest.fixture(scope="session")
def scan(phantom: Phantom, vocabulary: Vocabulary) -> LabelledScan:
    return scan_of_phantom(phantom, vocabulary)
