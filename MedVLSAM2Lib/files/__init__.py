"""Scans and segmentations on disk (numpy and SimpleITK only)."""

from MedVLSAM2Lib.files.segmentation_file import SegmentationFileError, write_segmentation
from MedVLSAM2Lib.files.volume_file import read_volume

__all__ = ["SegmentationFileError", "read_volume", "write_segmentation"]
