"""Measurements, statements that point at their voxels, drafts by template, and their export (no torch, no Slicer)."""
