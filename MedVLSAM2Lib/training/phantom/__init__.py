"""A procedural CT phantom of the trunk: tests, demo and benchmarks need no patient."""

from MedVLSAM2Lib.training.phantom.phantom import Phantom, make_phantom
from MedVLSAM2Lib.training.phantom.structures import Finding

__all__ = ["Finding", "Phantom", "make_phantom"]
