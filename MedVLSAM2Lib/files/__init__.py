"""Scans and segmentations on disk (numpy and SimpleITK only)."""
