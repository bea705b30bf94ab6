"""MedVLSAM2: one 3D vision-language model that segments, answers and reports inside 3D Slicer."""

__version__ = "0.1.0"
