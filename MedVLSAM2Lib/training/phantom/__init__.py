"""A procedural CT phantom of the trunk or the head: tests, demo, training and benchmarks need no patient."""

from MedVLSAM2Lib.training.phantom.patient import FindingRequest, Part, Patient
from MedVLSAM2Lib.training.phantom.phantom import Phantom, make_phantom
from MedVLSAM2Lib.training.phantom.structures import Absence, Finding, Phase

__all__ = ["Absence", "Finding", "FindingRequest", "Part", "Patient", "Phantom", "Phase", "make_phantom"]
